/**
 * Work that would hold up the event loop, in threads of its own: verifying segments, compaction,
 * recompression. A job sees nothing of the caller but its input, which is copied: plain data, and
 * buffers. What it does to files it does through the file system it is given.
 */

import type { Clock } from './clock.ts';
import type { FileSystem } from './file-system.ts';
import type { Logger } from './logger.ts';
import type { Timers } from './timers.ts';

/** What a job may use. */
export interface JobContext {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** For jobs that hold back on purpose. */
  readonly timers: Timers;
  /** Its lines appear in the broker's log. */
  readonly logger: Logger;
  /** Aborted when nobody wants the result any more; a long job looks now and then. */
  readonly signal: AbortSignal;
  /** Reaches `onProgress` of the caller, in order and before the result. */
  readonly report: (progress: number) => void;
}

/** Known by its name on both sides: every job is listed in broker/worker-jobs.ts. */
export interface Job<Input, Output> {
  readonly name: string;
  run(input: Input, context: JobContext): Promise<Output>;
}

export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: number) => void;
}

export interface Workers {
  /**
   * Rejects with what the job rejected with (a KafkaError stays one, a file error keeps its `code`),
   * with the signal's reason once it is aborted, or where the thread died, with that. Jobs wait for a
   * free thread in the order of the calls.
   */
  run<Input, Output>(job: Job<Input, Output>, input: Input, options?: JobOptions): Promise<Output>;
  /** Jobs that run are aborted; resolves when the threads are gone. */
  close(): Promise<void>;
}
