import { expect } from '@jest/globals';
import { describeFault } from '../support/describe-fault.ts';
import { GroupWatch } from '../support/group-watch.ts';

const offsetsTopic = '__consumer_offsets';

describeFault({
  name: 'coordinator-killed',
  inject: async ({ cluster, topic, load, note }) => {
    const group = new GroupWatch(cluster.bootstrap, topic);
    try {
      await group.commits(3);
      const { length } = await cluster.state.partitions(offsetsTopic);
      const partition = group.partitionOf(length);
      const coordinator = await cluster.leaderOf(offsetsTopic, partition);
      await cluster.broker(coordinator).kill();
      await load.flows();
      await group.commits(3);
      expect(await cluster.leaderOf(offsetsTopic, partition)).not.toBe(coordinator);
      await cluster.revive(coordinator);
      await group.commits(3);
    } finally {
      group.stop();
    }
    note(`${String(group.commitCount)} commits of a group, none taken back`);
    expect(await group.regressed()).toEqual([]);
  },
});
