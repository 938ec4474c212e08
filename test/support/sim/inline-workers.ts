/**
 * The twin of worker threads: jobs run in the caller's thread, on the file system they are given.
 * Input and output are copied as on their way to a thread and back (a Buffer arrives as Uint8Array),
 * and no more jobs run at a time than there would be threads.
 */

import type { Clock } from '../../../broker/platform/clock.ts';
import type { FileSystem } from '../../../broker/platform/file-system.ts';
import type { Logger } from '../../../broker/platform/logger.ts';
import type { Timers } from '../../../broker/platform/timers.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import type { Job, JobOptions, Workers } from '../../../broker/platform/workers.ts';

const JOBS_MAX = 2;

interface InlineWorkersOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: real ones. */
  readonly timers?: Timers;
}

export class InlineWorkers implements Workers {
  readonly #options: InlineWorkersOptions;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #waiting: (() => void)[] = [];
  /** Names of the jobs that were run, for tests. */
  readonly ran: string[] = [];

  constructor(options: InlineWorkersOptions) {
    this.#options = options;
  }

  async run<Input, Output>(
    job: Job<Input, Output>,
    input: Input,
    options: JobOptions = {},
  ): Promise<Output> {
    const signals = [this.#closing.signal, ...(options.signal ? [options.signal] : [])];
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    const copy = structuredClone(input);
    while (this.#running.size >= JOBS_MAX) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      signal.throwIfAborted();
    }
    this.ran.push(job.name);
    const { onProgress } = options;
    const report = (progress: number): void => onProgress?.(progress);
    const running = job.run(copy, { timers: systemTimers, ...this.#options, signal, report });
    this.#running.add(running);
    try {
      return structuredClone(await running);
    } finally {
      this.#running.delete(running);
      this.#waiting.shift()?.();
      signal.throwIfAborted();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the worker threads are closed'));
    for (const wake of this.#waiting.splice(0)) wake();
    await Promise.allSettled(this.#running);
  }
}
