import { setTimeout as sleep } from 'node:timers/promises';
import { describeFault } from '../support/describe-fault.ts';
import { replicaLagMaxMs } from '../support/engine.ts';
import { hostOf } from '../support/fault-cluster.ts';

describeFault({
  name: 'controller-unheard',
  inject: async ({ cluster, load, note }) => {
    const victim = await cluster.controllerId();
    const cutAt = Date.now();
    // It hears the others; nothing it sends to them arrives.
    for (const other of cluster.others(victim))
      await cluster.network.cut(hostOf(victim), hostOf(other));
    await sleep(replicaLagMaxMs * 3);
    await cluster.network.heal();
    await load.flows();
    note(`nothing acknowledged for at most ${String(load.longestPauseMs(cutAt))} ms`);
  },
});
