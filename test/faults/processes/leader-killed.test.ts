import { expect } from '@jest/globals';
import { describeFault } from '../support/describe-fault.ts';
import { sessionTimeoutMs } from '../support/engine.ts';

describeFault({
  name: 'leader-killed',
  inject: async ({ cluster, topic, load, note }) => {
    const leader = await cluster.leaderOf(topic, 0);
    const killedAt = Date.now();
    await cluster.broker(leader).kill();
    await load.flows();
    const pauseMs = load.longestPauseMs(killedAt);
    note(`produced again after ${String(pauseMs)} ms`);
    await cluster.revive(leader);
    expect(pauseMs).toBeLessThan(sessionTimeoutMs + 1000);
  },
});
