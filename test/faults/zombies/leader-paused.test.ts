import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { describeFault } from '../support/describe-fault.ts';
import { sessionTimeoutMs } from '../support/engine.ts';

describeFault({
  name: 'leader-paused',
  inject: async ({ cluster, topic, load, note }) => {
    const leader = await cluster.leaderOf(topic, 0);
    const pausedAt = Date.now();
    cluster.broker(leader).pause();
    try {
      // It goes on later with requests in its sockets that it believes it may still answer.
      await load.flows();
      expect(await cluster.leaderOf(topic, 0)).not.toBe(leader);
      note(`produced again after ${String(load.longestPauseMs(pausedAt))} ms`);
      await sleep(Math.max(0, pausedAt + sessionTimeoutMs * 1.5 - Date.now()));
    } finally {
      cluster.broker(leader).resume();
    }
  },
});
