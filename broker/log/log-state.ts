/**
 * What the parts of one partition's log share: its segments, its offsets, and whether it may be
 * written. Owner: PartitionLog; changed by its appender, its truncation, retention and flushes.
 *
 * Invariant: logStartOffset <= writtenEndOffset <= logEndOffset, recoveryPoint <= logEndOffset.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import { SerialQueue } from '../platform/serial-queue.ts';
import type { Disk } from './disk/disk.ts';
import type { LogConfig } from './log-config.ts';
import type { LogEnvironment } from './log-environment.ts';
import type { LoadedLog } from './recovery/log-loader.ts';
import type { SegmentOptions } from './segment/segment.ts';
import type { SegmentList } from './segment/segment-list.ts';
import type { LeaderEpochs } from './state/leader-epochs.ts';
import type { ProducerState } from './state/producer-state.ts';
import type { SnapshotFiles } from './state/snapshot-files.ts';

export class LogState {
  readonly folder: string;
  readonly environment: LogEnvironment;
  /** Null outside of log.dirs, as in tests. */
  readonly disk: Disk | null;
  readonly segments: SegmentList;
  readonly producers: ProducerState;
  readonly snapshots: SnapshotFiles;
  readonly epochs: LeaderEpochs;
  /** Everything that takes time and must not overlap: flushes, retention, truncation, closing. */
  readonly maintenance = new SerialQueue();
  config: LogConfig;
  /** Whether the index files of the active segment have their full size. */
  isPrepared = false;
  isClosed = false;
  /** Closed, and not worth any more work: the folder is about to go. */
  isAbandoned = false;
  /** A sync failed: nobody knows what is on the disk. */
  isBroken = false;
  /** A write failed, and the log has not been cut back to what was written. */
  mustRepair = false;
  /** Tasks that change the end of the log, waiting or running. */
  exclusiveCount = 0;
  lastFlushMs: number;
  /** Bytes that were synced since the log was opened. */
  syncedBytes = 0;
  /** Everything before it is compacted; null: nothing ever was. */
  cleanedOffset: number | null = null;
  /** Null: something was changed since. */
  #foundChangeCount: number | null;
  #logStartOffset: number;
  #logEndOffset: number;
  #writtenEndOffset: number;
  #recoveryPoint: number;

  constructor(loaded: LoadedLog, config: LogConfig) {
    this.folder = loaded.folder;
    this.environment = loaded.environment;
    this.disk = loaded.environment.diskOf(loaded.folder);
    this.segments = loaded.segments;
    this.producers = loaded.producers;
    this.snapshots = loaded.snapshots;
    this.epochs = loaded.epochs;
    this.config = config;
    this.lastFlushMs = loaded.environment.clock.nowMs();
    this.#logStartOffset = loaded.logStartOffset;
    this.#logEndOffset = loaded.endOffset;
    this.#writtenEndOffset = loaded.endOffset;
    this.#recoveryPoint = loaded.recoveryPoint;
    this.#foundChangeCount = loaded.isSettled ? loaded.segments.changeCount : null;
  }

  /**
   * The files are as a clean stop left them, so another one has nothing to do. Leader epochs without
   * records may be missing in theirs.
   */
  get isAsFound(): boolean {
    return this.#foundChangeCount === this.segments.changeCount && !this.isPrepared;
  }

  noteChange(): void {
    this.#foundChangeCount = null;
  }

  get logStartOffset(): number {
    return this.#logStartOffset;
  }

  get logEndOffset(): number {
    return this.#logEndOffset;
  }

  get writtenEndOffset(): number {
    return this.#writtenEndOffset;
  }

  get recoveryPoint(): number {
    return this.#recoveryPoint;
  }

  noteAppended(endOffset: number): void {
    assert(endOffset > this.#logEndOffset);
    this.noteChange();
    this.#logEndOffset = endOffset;
  }

  noteWritten(endOffset: number): void {
    assert(endOffset >= this.#writtenEndOffset && endOffset <= this.#logEndOffset);
    this.#writtenEndOffset = endOffset;
  }

  noteFlushed(offset: number): void {
    assert(offset <= this.#logEndOffset);
    this.#recoveryPoint = Math.max(this.#recoveryPoint, offset);
    this.lastFlushMs = this.environment.clock.nowMs();
  }

  /** By request. Throws KafkaError OFFSET_OUT_OF_RANGE above `highWatermark`. */
  deleteBefore(offset: number, highWatermark: number): void {
    if (offset > highWatermark) {
      throw new KafkaError(
        ErrorCodes.OFFSET_OUT_OF_RANGE,
        `offset ${String(offset)} is above the high watermark ${String(highWatermark)}`,
      );
    }
    this.advanceStart(offset);
  }

  /** Never goes back. */
  advanceStart(offset: number): void {
    if (offset <= this.#logStartOffset) return;
    assert(offset <= this.#logEndOffset);
    this.noteChange();
    this.#logStartOffset = offset;
    this.epochs.truncateFromStart(offset);
  }

  /** The log ends at `offset` now. */
  cutTo(offset: number): void {
    this.#logEndOffset = offset;
    this.#writtenEndOffset = offset;
    this.#recoveryPoint = Math.min(this.#recoveryPoint, offset);
    this.#logStartOffset = Math.min(this.#logStartOffset, offset);
    this.epochs.truncateFromEnd(offset);
    this.#noteCut(offset);
  }

  /** The log is empty now, and goes on at `offset`. */
  restartAt(offset: number): void {
    this.#logEndOffset = offset;
    this.#writtenEndOffset = offset;
    this.#recoveryPoint = offset;
    this.#logStartOffset = offset;
    this.epochs.clear();
    this.#noteCut(offset);
  }

  segmentOptions(baseOffset: number): SegmentOptions {
    const { folder, environment } = this;
    return { folder, baseOffset, environment, config: () => this.config };
  }

  /** Throws KafkaError KAFKA_STORAGE_ERROR or NOT_LEADER_OR_FOLLOWER. */
  checkWritable(): void {
    this.disk?.checkWritable();
    if (this.isClosed || this.isBroken) {
      throw new KafkaError(
        ErrorCodes.KAFKA_STORAGE_ERROR,
        `the log ${this.folder} is ${this.isClosed ? 'closed' : 'damaged'}`,
      );
    }
    if (this.mustRepair) {
      throw new KafkaError(
        ErrorCodes.KAFKA_STORAGE_ERROR,
        `a write to ${this.folder} failed: it is cut back to what was written`,
      );
    }
    if (this.exclusiveCount > 0) {
      throw new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER, 'the log is being truncated');
    }
  }

  /** Failures are logged: what was not saved is saved by the next flush, or found by recovery. */
  inBackground(task: () => Promise<void>): void {
    const { folder } = this;
    const { logger } = this.environment;
    this.maintenance
      .run(() => (this.isAbandoned ? undefined : task()))
      .catch((error: unknown) => logger.warn({ folder, err: error }, 'upkeep of a log failed'));
  }

  /** What comes behind it from now on is not compacted. */
  #noteCut(offset: number): void {
    if (this.cleanedOffset !== null) this.cleanedOffset = Math.min(this.cleanedOffset, offset);
  }
}
