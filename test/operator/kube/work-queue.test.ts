import { describe, expect, it } from '@jest/globals';

import type { Random } from '../../../broker/platform/random.ts';
import { WorkQueue } from '../../../operator/kube/work-queue.ts';
import { ManualTime } from '../../support/manual-time.ts';

/** Takes nothing off, so that times are exact. */
const most: Random = {
  integer: (below) => below - 1,
  uuid: () => Buffer.alloc(16),
  bytes: (size) => Buffer.alloc(size),
};

/** A queue whose work ends when the test says so. */
function queueUnderTest(concurrency = 2): {
  readonly time: ManualTime;
  readonly queue: WorkQueue;
  readonly started: string[];
  readonly finish: (key: string, result?: number | null) => Promise<void>;
  readonly fail: (key: string) => Promise<void>;
} {
  const time = new ManualTime();
  const started: string[] = [];
  const running = new Map<
    string,
    { resolve: (result: number | null) => void; reject: (error: Error) => void }
  >();
  const queue = new WorkQueue({
    timers: time,
    random: most,
    concurrency,
    onError: () => undefined,
    work: (key) => {
      started.push(key);
      expect(running.has(key)).toBe(false);
      return new Promise((resolve, reject) => running.set(key, { resolve, reject }));
    },
  });
  const take = (
    key: string,
  ): { resolve: (result: number | null) => void; reject: (error: Error) => void } => {
    const work = running.get(key);
    if (work === undefined) throw new Error(`${key} is not worked on`);
    running.delete(key);
    return work;
  };
  return {
    time,
    queue,
    started,
    async finish(key, result = null) {
      take(key).resolve(result);
      await time.advance(0);
    },
    async fail(key) {
      take(key).reject(new Error('on purpose'));
      await time.advance(0);
    },
  };
}

describe('A work queue', () => {
  it('works on a key once however often it was added', async () => {
    const { queue, started, finish } = queueUnderTest(1);
    queue.add('x');
    queue.add('a');
    queue.add('a');
    await finish('x');
    await finish('a');
    expect(started).toEqual(['x', 'a']);
  });

  it('works again on a key that was added meanwhile, never twice at once', async () => {
    const { queue, started, finish } = queueUnderTest();
    queue.add('a');
    queue.add('a');
    expect(started).toEqual(['a']);
    await finish('a');
    expect(started).toEqual(['a', 'a']);
  });

  it('backs a failing key off further each time, and forgets it after a success', async () => {
    const { queue, time, started, fail, finish } = queueUnderTest();
    queue.add('a');
    for (const delayMs of [200, 400, 800]) {
      await fail('a');
      const count = started.length;
      await time.advance(delayMs - 1);
      expect(started).toHaveLength(count);
      await time.advance(1);
      expect(started).toHaveLength(count + 1);
    }
    await finish('a');
    queue.add('a');
    await fail('a');
    await time.advance(200);
    expect(started).toHaveLength(6);
  });

  it('comes back to a key when its work asks for it, or sooner when it is added', async () => {
    const { queue, time, started, finish } = queueUnderTest();
    queue.add('a');
    await finish('a', 1000);
    await time.advance(999);
    expect(started).toHaveLength(1);
    await time.advance(1);
    expect(started).toHaveLength(2);
    await finish('a', 1000);
    queue.add('a');
    await finish('a');
    await time.advance(5000);
    expect(started).toHaveLength(3);
  });

  it('works on as many keys at once as it may', () => {
    const { queue, started } = queueUnderTest(2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(started).toEqual(['a', 'b']);
    expect(queue.depth).toBe(1);
  });

  it('stops when what was running has ended', async () => {
    const { queue, time, started, finish } = queueUnderTest(1);
    queue.add('a');
    queue.add('b');
    let stopped = false;
    const stop = queue.stop().then(() => (stopped = true));
    await time.advance(1000);
    expect(stopped).toBe(false);
    await finish('a', 5);
    await stop;
    queue.add('c');
    expect(started).toEqual(['a']);
    expect(time.count).toBe(0);
  });
});
