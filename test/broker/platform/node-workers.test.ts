/** Threads of their own, which run what is in dist/. */

import { afterEach, describe, expect, it } from '@jest/globals';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import { NodeWorkers } from '../../../broker/platform/node-workers.ts';
import type { Job } from '../../../broker/platform/workers.ts';
import { CollectingLogger } from '../../support/collecting-logger.ts';
import { ManualTime } from '../../support/manual-time.ts';

const entry = new URL('./jobs-of-test.mjs', import.meta.url);

interface Echo {
  readonly input: unknown;
  readonly threadId: number;
}

/** Known here by its name only. */
function job<Output = unknown>(name: string): Job<unknown, Output> {
  return { name, run: () => Promise.reject(new Error('it runs in a thread')) };
}

const echo = job<Echo>('echo');

describe('worker threads', () => {
  const timers = new ManualTime();
  const logger = new CollectingLogger();
  let workers = new NodeWorkers({ entry, timers, logger });

  afterEach(async () => {
    await workers.close();
    logger.lines.length = 0;
    workers = new NodeWorkers({ entry, timers, logger });
  });

  it('run a job on a copy of its input, with progress and log lines, and return its output', async () => {
    const progress: number[] = [];
    const input = { text: 'a', bytes: Buffer.from('xyz'), limit: Infinity };
    const output = await workers.run(echo, input, { onProgress: (now) => progress.push(now) });
    expect(output.input).toEqual({
      text: 'a',
      bytes: new Uint8Array([120, 121, 122]),
      limit: Infinity,
    });
    expect(progress).toEqual([1, 2]);
    expect(logger.lines).toMatchObject([
      {
        level: 'info',
        message: 'echo',
        fields: { component: 'job', size: 3, err: { message: 'cause' } },
      },
      { level: 'info', message: 'odd', fields: {} },
    ]);
  });

  it('reject with what the job rejected with', async () => {
    const kafkaError = await workers.run(job('kafkaError'), null).catch((error: unknown) => error);
    expect(kafkaError).toBeInstanceOf(KafkaError);
    expect(kafkaError).toMatchObject({ code: 56, message: 'no disk', cause: { message: 'inner' } });
    await expect(workers.run(job('fileError'), '/nowhere')).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('/nowhere'),
    });
    await expect(workers.run(job('noError'), null)).rejects.toThrow('not an error: a text');
    await expect(workers.run(job('unknown'), null)).rejects.toThrow('no job is called unknown');
    await expect(workers.run(echo, () => undefined)).rejects.toThrow('could not be cloned');
    expect((await workers.run(echo, 1)).input).toBe(1);
  });

  it('are two at most, one job each, and jobs wait their turn', async () => {
    const stop = new AbortController();
    const waiting = [1, 2].map(() =>
      workers.run(job('untilAborted'), null, { signal: stop.signal }),
    );
    const turns: number[] = [];
    const later = [1, 2, 3].map(async (turn) => {
      await workers.run(echo, turn);
      turns.push(turn);
    });
    expect(workers.threadCount).toBe(2);
    stop.abort(new Error('enough'));
    await Promise.all(waiting.map((result) => expect(result).rejects.toThrow('enough')));
    await Promise.all(later);
    expect(turns.toSorted((one, other) => one - other)).toEqual([1, 2, 3]);
    expect(workers.threadCount).toBe(2);
  });

  it('end when they had nothing to do for some seconds, and start again', async () => {
    const first = await workers.run(echo, null);
    expect((await workers.run(echo, null)).threadId).toBe(first.threadId);
    await timers.advance(5000);
    expect((await workers.run(echo, null)).threadId).not.toBe(first.threadId);
  });

  it('that die take their job with them, and no other', async () => {
    await expect(workers.run(job('exit'), null)).rejects.toThrow(
      'the worker thread died with code 3 in the job exit',
    );
    await expect(workers.run(job('crash'), null)).rejects.toMatchObject({
      message: 'the worker thread died with code 1 in the job crash',
      cause: { message: 'outside of the job' },
    });
    await expect(workers.run(job('memory'), null)).rejects.toMatchObject({
      cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
    });
    expect((await workers.run(echo, 'alive')).input).toBe('alive');
  }, 60_000);

  it('are ended where a job does not listen to its abort', async () => {
    const stop = new AbortController();
    const progress = workers.run(job('deaf'), null, { signal: stop.signal });
    stop.abort(new Error('too slow'));
    await timers.advance(500);
    await expect(progress).rejects.toThrow('too slow');
    expect((await workers.run(echo, 1)).input).toBe(1);
  });

  it('take no job that is aborted before its turn, and none after the close', async () => {
    const aborted = AbortSignal.abort(new Error('before'));
    await expect(workers.run(echo, 1, { signal: aborted })).rejects.toThrow('before');
    const running = workers.run(job('untilAborted'), null);
    const closing = workers.close();
    await expect(running).rejects.toThrow('the worker threads are closed');
    await closing;
    await expect(workers.run(echo, 1)).rejects.toThrow('the worker threads are closed');
    expect(workers.threadCount).toBe(0);
  });
});
