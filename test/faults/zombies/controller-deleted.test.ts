import { expect } from '@jest/globals';
import { describeFault } from '../support/describe-fault.ts';
import { writeTopics } from '../support/topic-writer.ts';

const times = 5;

describeFault({
  name: 'controller-deleted',
  inject: async ({ cluster, load, note }) => {
    const topics = writeTopics(cluster.bootstrap, 3 * times);
    let longestMs = 0;
    for (let time = 0; time < times; time++) {
      await load.flows();
      await cluster.controllerId();
      const deletedAt = Date.now();
      expect(await cluster.state.deleteController()).toBe(true);
      await cluster.controllerId();
      longestMs = Math.max(longestMs, Date.now() - deletedAt);
    }
    note(`${String(await topics.made)} topics made meanwhile`);
    note(`the next controller after at most ${String(longestMs)} ms`);
  },
});
