import { setTimeout as sleep } from 'node:timers/promises';
import { describeFault } from '../support/describe-fault.ts';
import { sessionTimeoutMs } from '../support/engine.ts';
import { hostOf, zooKeeperHosts } from '../support/fault-cluster.ts';
import { leaderThatIsNotController } from '../support/victims.ts';

describeFault({
  name: 'leader-without-zookeeper',
  inject: async (context) => {
    const { cluster, topic, load, note } = context;
    const victim = await leaderThatIsNotController(context);
    const cutAt = Date.now();
    for (const server of zooKeeperHosts) await cluster.network.cutBothWays(hostOf(victim), server);
    // Clients and brokers reach it still, and it may believe that it leads.
    await cluster.leadsNothing(victim, topic);
    note(`others led after ${String(Date.now() - cutAt)} ms`);
    await load.flows();
    await sleep(sessionTimeoutMs / 2);
    await cluster.network.heal();
    await load.flows();
    note(`nothing acknowledged for at most ${String(load.longestPauseMs(cutAt))} ms`);
  },
});
