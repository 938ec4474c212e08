/**
 * How far the start has come with the logs: partitions, and bytes that recovery has to verify. Told
 * to whoever asks (the health endpoint), and while it takes long in the log every few seconds.
 */

import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timer, Timers } from '../../platform/timers.ts';

const REPORT_INTERVAL_MS = 5000;

export interface LoadProgress {
  readonly loadedCount: number;
  readonly totalCount: number;
  /** Or found not to need it: what was flushed before. */
  readonly verifiedBytes: number;
  readonly bytesToVerify: number;
}

export interface ProgressOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onProgress?: (progress: LoadProgress) => void;
}

export class LoadReport {
  readonly #options: ProgressOptions;
  readonly #startedMs: number;
  readonly #timer: Timer;
  readonly #totalCount: number;
  #loadedCount = 0;
  #verifiedBytes = 0;
  #skippedBytes = 0;
  #bytesToVerify = 0;
  /** Partitions that have something to verify. */
  #recoveryCount = 0;

  constructor(options: ProgressOptions, totalCount: number) {
    this.#options = options;
    this.#totalCount = totalCount;
    this.#startedMs = options.clock.monotonicMs();
    this.#timer = options.timers.every(REPORT_INTERVAL_MS, () => {
      options.logger.info(this.#progress, 'loading the logs');
    });
    this.#tell();
  }

  planned(bytes: number): void {
    if (bytes === 0) return;
    this.#recoveryCount += 1;
    this.#bytesToVerify += bytes;
    this.#tell();
  }

  verified(bytes: number): void {
    this.#verifiedBytes += bytes;
    this.#tell();
  }

  /** There was no need to read so much. */
  skipped(bytes: number): void {
    if (bytes === 0) return;
    this.#skippedBytes += bytes;
    this.#tell();
  }

  loaded(): void {
    this.#loadedCount += 1;
    this.#tell();
  }

  /** Whether it came to an end or not. */
  stop(): void {
    this.#timer.cancel();
    const { clock, logger } = this.#options;
    if (this.#recoveryCount === 0 || this.#loadedCount < this.#totalCount) return;
    const durationMs = Math.round(clock.monotonicMs() - this.#startedMs);
    const facts = { partitions: this.#recoveryCount, bytes: this.#verifiedBytes, durationMs };
    logger.info(facts, 'recovery is done');
  }

  get #progress(): LoadProgress {
    return {
      loadedCount: this.#loadedCount,
      totalCount: this.#totalCount,
      verifiedBytes: this.#verifiedBytes + this.#skippedBytes,
      bytesToVerify: this.#bytesToVerify,
    };
  }

  #tell(): void {
    this.#options.onProgress?.(this.#progress);
  }
}
