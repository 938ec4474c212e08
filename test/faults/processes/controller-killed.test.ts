import { expect } from '@jest/globals';
import { describeFault } from '../support/describe-fault.ts';
import { sessionTimeoutMs } from '../support/engine.ts';

describeFault({
  name: 'controller-killed',
  inject: async ({ cluster, load, note }) => {
    const controller = await cluster.controllerId();
    const killedAt = Date.now();
    await cluster.broker(controller).kill();
    await load.flows();
    const pauseMs = load.longestPauseMs(killedAt);
    note(`produced again after ${String(pauseMs)} ms`);
    expect(await cluster.controllerId()).not.toBe(controller);
    await cluster.revive(controller);
    expect(pauseMs).toBeLessThan(sessionTimeoutMs + 1000);
  },
});
