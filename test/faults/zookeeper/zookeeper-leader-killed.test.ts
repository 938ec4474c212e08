import { describeFault } from '../support/describe-fault.ts';

describeFault({
  name: 'zookeeper-leader-killed',
  inject: async ({ cluster, load, note }) => {
    const leader = await cluster.zookeeper.leader();
    const killedAt = Date.now();
    await leader.kill();
    await load.flows();
    await cluster.zookeeper.leader();
    note(`nothing acknowledged for at most ${String(load.longestPauseMs(killedAt))} ms`);
    await leader.start();
    await load.flows();
  },
});
