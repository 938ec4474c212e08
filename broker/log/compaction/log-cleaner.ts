/**
 * Chooses which log is compacted next, one at a time: of those whose dirty share is above
 * min.cleanable.dirty.ratio, or that have records past max.compaction.lag.ms, the one with the largest
 * share; when there is none, it waits. Owner: the log manager.
 *
 * A log that cannot be compacted is left alone until the next start, or for some minutes where its
 * disk was at fault; the others go on.
 */

import type { Clock } from '../../platform/clock.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timer, Timers } from '../../platform/timers.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { CleanerLimits, CleaningOutput } from './cleaning-input.ts';
import { CompactionAborted } from './log-compaction.ts';
import type { LogDirt } from './measure-dirt.ts';

export interface CompactionSettings extends CleanerLimits {
  readonly isEnabled: boolean;
  /** Wait when all is clean. */
  readonly backoffMs: number;
}

interface LogCleanerOptions {
  /** Now; they may change. */
  readonly settings: () => CompactionSettings;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly logs: () => Iterable<PartitionLog>;
  readonly highWatermarkOf: (log: PartitionLog) => number;
  /** To save how far the log is compacted. */
  readonly onCleaned: (log: PartitionLog) => Promise<void>;
  /** Told of what a disk has failed with. */
  readonly onFailed: (log: PartitionLog, error: unknown) => void;
}

interface Candidate {
  readonly log: PartitionLog;
  readonly dirt: LogDirt;
}

/** A disk that was full may have room again. */
const DISK_RETRY_MS = 5 * 60_000;
const BACKOFF_MS_MAX = 0x7fffffff;

export class LogCleaner {
  readonly #options: LogCleanerOptions;
  /** Until when each is left alone. */
  readonly #uncleanable = new WeakMap<PartitionLog, number>();
  #timer: Timer | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #current: PartitionLog | null = null;
  #isStopped = false;
  #dirtiestRatio = 0;
  #lastDurationMs = 0;

  constructor(options: LogCleanerOptions) {
    this.#options = options;
  }

  /** Logs that are left alone, as they could not be compacted. */
  get uncleanableCount(): number {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#options.logs()].filter((log) => this.#isLeftAlone(log, nowMs)).length;
  }

  /** Of all logs, when they were looked at last; 0 to 1. */
  get dirtiestRatio(): number {
    return this.#dirtiestRatio;
  }

  /** What the last compaction took. */
  get lastDurationMs(): number {
    return this.#lastDurationMs;
  }

  start(): void {
    this.#schedule(this.#options.settings().backoffMs);
  }

  /** What runs is aborted. Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#current?.compaction.abort();
    await this.#turn;
  }

  /** Compacts the log that needs it most. False: none does. */
  async cleanNext(): Promise<boolean> {
    const { clock, settings } = this.#options;
    const nowMs = clock.nowMs();
    const candidate = settings().isEnabled ? await this.#choose(nowMs) : null;
    if (candidate === null || this.#isStopped) return false;
    this.#current = candidate.log;
    try {
      await this.#clean(candidate, nowMs);
      return true;
    } catch (error) {
      if (error instanceof CompactionAborted) return false;
      this.#noteFailure(candidate.log, error);
      return true;
    } finally {
      this.#current = null;
    }
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.timers.after(Math.min(delayMs, BACKOFF_MS_MAX), () => {
      this.#turn = this.#takeTurn();
    });
  }

  async #takeTurn(): Promise<void> {
    const { settings, logger } = this.#options;
    let isDone = false;
    try {
      isDone = !(await this.cleanNext());
    } catch (error) {
      isDone = true;
      logger.error({ err: error }, 'no log can be chosen for compaction');
    }
    this.#schedule(isDone ? settings().backoffMs : 0);
  }

  async #choose(nowMs: number): Promise<Candidate | null> {
    let chosen: Candidate | null = null;
    let dirtiestRatio = 0;
    for (const log of [...this.#options.logs()]) {
      if (!log.config.compacts || this.#isLeftAlone(log, nowMs)) continue;
      const dirt = await this.#measure(log, nowMs);
      if (dirt === null) continue;
      dirtiestRatio = Math.max(dirtiestRatio, dirt.ratio);
      const isWanted = dirt.overdueMs > 0 || dirt.ratio > log.config.minCleanableDirtyRatio;
      if (isWanted && dirt.ratio > (chosen?.dirt.ratio ?? 0)) chosen = { log, dirt };
    }
    this.#dirtiestRatio = dirtiestRatio;
    return chosen;
  }

  async #measure(log: PartitionLog, nowMs: number): Promise<LogDirt | null> {
    try {
      const highWatermark = this.#options.highWatermarkOf(log);
      return await log.compaction.measure({ nowMs, highWatermark });
    } catch (error) {
      this.#noteFailure(log, error);
      return null;
    }
  }

  async #clean({ log, dirt }: Candidate, nowMs: number): Promise<void> {
    const { clock, settings, onCleaned } = this.#options;
    const startedMs = clock.monotonicMs();
    const sizeBefore = log.size;
    const output = await log.compaction.clean(dirt, { nowMs, limits: settings() });
    this.#lastDurationMs = clock.monotonicMs() - startedMs;
    await onCleaned(log);
    this.#report(log, output, { dirt, sizeBefore });
  }

  #report(
    { folder, size }: PartitionLog,
    output: CleaningOutput,
    { dirt, sizeBefore }: { readonly dirt: LogDirt; readonly sizeBefore: number },
  ): void {
    const { firstDirtyOffset, ratio } = dirt;
    const durationMs = Math.round(this.#lastDurationMs);
    const fields = { folder, sizeBefore, size, firstDirtyOffset, ratio, durationMs, ...output };
    this.#options.logger.info(fields, 'a log was compacted');
    if (output.invalidRecordCount === 0) return;
    const { invalidRecordCount } = output;
    this.#options.logger.warn(
      { folder, invalidRecordCount },
      'records without a key were dropped from a compacted log',
    );
  }

  #noteFailure(log: PartitionLog, error: unknown): void {
    const isOfDisk = fileErrorCode(error) !== undefined;
    const retryMs = isOfDisk ? this.#options.clock.nowMs() + DISK_RETRY_MS : Infinity;
    this.#uncleanable.set(log, retryMs);
    const { folder } = log;
    const what = isOfDisk ? 'for some minutes' : 'until the next start';
    this.#options.logger.error(
      { folder, err: error },
      `a log cannot be compacted and is left alone ${what}`,
    );
    this.#options.onFailed(log, error);
  }

  #isLeftAlone(log: PartitionLog, nowMs: number): boolean {
    return (this.#uncleanable.get(log) ?? -Infinity) > nowMs;
  }
}
