import { setTimeout as sleep } from 'node:timers/promises';
import { describeFault } from '../support/describe-fault.ts';
import { sessionTimeoutMs } from '../support/engine.ts';

describeFault({
  name: 'zookeeper-quorum-lost',
  inject: async ({ cluster, topic, load, note }) => {
    const leader = await cluster.zookeeper.leader();
    const follower = cluster.zookeeper.servers.find((server) => server !== leader);
    const killed = follower === undefined ? [leader] : [leader, follower];
    const killedAt = Date.now();
    await Promise.all(killed.map((server) => server.kill()));
    await sleep(sessionTimeoutMs * 1.5);
    // Nobody can be elected in the place of a leader that dies now.
    await Promise.all(killed.map((server) => server.start()));
    await cluster.zookeeper.leader();
    note(`no ZooKeeper for ${String(Date.now() - killedAt)} ms`);
    await load.flows();
    note(`nothing acknowledged for at most ${String(load.longestPauseMs(killedAt))} ms`);
    // Whatever has become of the sessions, the cluster works: a leader can die.
    const victim = await cluster.leaderOf(topic, 0);
    await cluster.isWhole();
    await cluster.broker(victim).kill();
    await load.flows();
    await cluster.revive(victim);
  },
});
