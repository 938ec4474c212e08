import { setTimeout as sleep } from 'node:timers/promises';
import { describeFault } from '../support/describe-fault.ts';
import { replicaLagMaxMs } from '../support/engine.ts';
import { hostOf } from '../support/fault-cluster.ts';
import { leaderThatIsNotController } from '../support/victims.ts';

describeFault({
  name: 'brokers-cut-off',
  inject: async (context) => {
    const { cluster, load, note } = context;
    const victim = await leaderThatIsNotController(context);
    const cutAt = Date.now();
    for (const other of cluster.others(victim))
      await cluster.network.cutBothWays(hostOf(victim), hostOf(other));
    // Long enough that it leaves every in-sync set but its own.
    await sleep(replicaLagMaxMs * 3);
    await cluster.network.heal();
    await load.flows();
    note(`nothing acknowledged for at most ${String(load.longestPauseMs(cutAt))} ms`);
  },
});
