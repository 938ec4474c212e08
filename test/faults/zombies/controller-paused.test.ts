import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { describeFault } from '../support/describe-fault.ts';
import { sessionTimeoutMs } from '../support/engine.ts';
import { writeTopics } from '../support/topic-writer.ts';

describeFault({
  name: 'controller-paused',
  inject: async ({ cluster, load, note }) => {
    const controller = await cluster.controllerId();
    const pausedAt = Date.now();
    // In the middle of its work: topics are being made.
    const topics = writeTopics(cluster.bootstrap, 8);
    await topics.first;
    cluster.broker(controller).pause();
    try {
      await load.flows();
      expect(await cluster.controllerId()).not.toBe(controller);
      note(`produced again after ${String(load.longestPauseMs(pausedAt))} ms`);
      await sleep(Math.max(0, pausedAt + sessionTimeoutMs * 1.5 - Date.now()));
    } finally {
      cluster.broker(controller).resume();
    }
    note(`${String(await topics.made)} topics made meanwhile`);
    const after = await cluster.controllerId();
    await load.flows();
    expect(await cluster.controllerId()).toBe(after);
  },
});
