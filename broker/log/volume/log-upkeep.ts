/**
 * What has to be done to logs from time to time: retention, flushes by flush.ms, checkpoints, expiry
 * of producers. Owner: the log manager. A job that is still running when its time comes is not
 * started again; a failure is logged, and the next time tries anew.
 */

import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timer, Timers } from '../../platform/timers.ts';
import type { PartitionLog } from '../partition-log.ts';
import { FlushBound } from './flush-bound.ts';

/** What timers can count to. */
const PERIOD_MS_MAX = 0x7fffffff;
const FLUSH_BOUND_INTERVAL_MS = 1000;

interface LogUpkeepOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly retentionCheckIntervalMs: number;
  readonly flushCheckIntervalMs: number;
  readonly recoveryPointCheckpointIntervalMs: number;
  readonly highWatermarkCheckpointIntervalMs: number;
  readonly producerIdExpirationCheckIntervalMs: number;
  readonly logs: () => Iterable<PartitionLog>;
  readonly highWatermarkOf: (log: PartitionLog) => number;
  readonly onSegmentsDeleted: (count: number) => void;
  readonly saveOffsets: () => Promise<void>;
  readonly saveHighWatermarks: () => Promise<void>;
}

export class LogUpkeep {
  readonly #options: LogUpkeepOptions;
  readonly #flushBound: FlushBound;
  #timers: readonly Timer[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(options: LogUpkeepOptions) {
    this.#options = options;
    this.#flushBound = new FlushBound(options);
  }

  start(): void {
    const options = this.#options;
    this.#timers = [
      this.#every(options.retentionCheckIntervalMs, () => this.#retain()),
      this.#every(options.flushCheckIntervalMs, () => this.#flush()),
      this.#every(FLUSH_BOUND_INTERVAL_MS, () => this.#flushBound.check()),
      this.#every(options.recoveryPointCheckpointIntervalMs, options.saveOffsets),
      this.#every(options.highWatermarkCheckpointIntervalMs, options.saveHighWatermarks),
      this.#every(options.producerIdExpirationCheckIntervalMs, () => this.#expireProducers()),
    ].filter((timer) => timer !== null);
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    await Promise.all(this.#running);
  }

  /** Null for an interval that never comes. */
  #every(periodMs: number, job: () => Promise<void>): Timer | null {
    if (periodMs === Infinity) return null;
    let current: Promise<void> | null = null;
    return this.#options.timers.every(Math.min(periodMs, PERIOD_MS_MAX), () => {
      if (current !== null) return;
      const run = job().catch((error: unknown) => {
        this.#options.logger.error({ err: error }, 'upkeep of the logs failed');
      });
      const done = run.then(() => {
        current = null;
        this.#running.delete(done);
      });
      current = done;
      this.#running.add(done);
    });
  }

  async #retain(): Promise<void> {
    for (const log of [...this.#options.logs()]) {
      await this.#guarded(log, async () => {
        const nowMs = this.#options.clock.nowMs();
        const highWatermark = this.#options.highWatermarkOf(log);
        this.#options.onSegmentsDeleted(await log.deleteOldSegments({ nowMs, highWatermark }));
      });
    }
  }

  async #flush(): Promise<void> {
    for (const log of [...this.#options.logs()]) {
      if (log.recoveryPoint === log.writtenEndOffset) continue;
      const ageMs = this.#options.clock.nowMs() - log.lastFlushMs;
      if (ageMs >= log.config.flushMs) await this.#guarded(log, () => log.flush());
    }
  }

  #expireProducers(): Promise<void> {
    for (const log of this.#options.logs()) log.expireProducers(this.#options.clock.nowMs());
    return Promise.resolve();
  }

  /** One log that fails keeps no other from its turn. */
  async #guarded(log: PartitionLog, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#options.logger.error({ folder: log.folder, err: error }, 'upkeep of a log failed');
    }
  }
}
