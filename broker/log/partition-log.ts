/**
 * The log of one partition: an append-only sequence of batches in segments. Owner: the log manager;
 * the partition (replication) appends and reads.
 *
 * Invariants: logStartOffset <= writtenEndOffset <= logEndOffset; readers see nothing behind
 * writtenEndOffset; offsets are assigned in the order of the calls of append, which is synchronous.
 *
 * What runs concurrently: appends and reads never wait for anything but the file. Everything that
 * takes time (flushes, retention, truncation, closing) runs one after the other in a serial queue;
 * what changes the end of the log (truncation, repair after a failed write) refuses appends meanwhile.
 *
 * Failures: a write that fails fails every append that waits, and the log is cut back to what was
 * written; it goes on as soon as the disk does. After a failed sync nobody knows what is on the disk:
 * the log refuses appends until the next start, which recovers it.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import { SerialQueue } from '../platform/serial-queue.ts';
import type { BatchHeader } from '../records/batch-header.ts';
import { patchBatch } from '../records/batch-header.ts';
import { writeTopicId } from './checkpoint/partition-metadata.ts';
import type { GroupWriterOwner } from './group-writer.ts';
import { GroupWriter } from './group-writer.ts';
import type { LogConfig } from './log-config.ts';
import type { LogEnvironment } from './log-environment.ts';
import type { LoadedLog, PartitionLogOptions } from './log-loader.ts';
import { dropSegments, loadLog, newSegment } from './log-loader.ts';
import type { LogRead, ReadOptions, TimestampAndOffset } from './log-reader.ts';
import { LogReader } from './log-reader.ts';
import { loadProducers } from './recovery.ts';
import { expiredSegmentCount } from './retention.ts';
import type { RollFacts } from './roll.ts';
import { mustRoll } from './roll.ts';
import type { SegmentList } from './segment/segment-list.ts';
import { Segment } from './segment/segment.ts';
import type { EpochEnd, LeaderEpochs } from './state/leader-epochs.ts';
import type { DuplicateBatch, ProducerState } from './state/producer-state.ts';
import type { SnapshotFiles } from './state/snapshot-files.ts';
import { readTransactionMarker } from './state/transaction-marker.ts';

export type { LogRead, ReadOptions, TimestampAndOffset } from './log-reader.ts';
export type { PartitionLogOptions } from './log-loader.ts';

/** Whole batches, one after the other from the start of `buffer`; `headers` as read from it, in order. */
export interface AppendBatches {
  readonly buffer: Buffer;
  readonly headers: readonly BatchHeader[];
}

export interface AppendResult {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** -1 where the batches carry the producer's time (CreateTime). */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
  /**
   * Settles when the bytes are in the file; shared by all appends that are written together. Rejects
   * with KAFKA_STORAGE_ERROR. May be left alone: a rejection nobody waits for is harmless.
   */
  readonly written: Promise<void>;
  /** These batches were in the log already (a producer's retry): the offsets are those of then. */
  readonly isDuplicate: boolean;
}

export class PartitionLog implements GroupWriterOwner {
  readonly topic: string;
  readonly partition: number;
  /** `<log.dir>/<topic>-<partition>`. */
  readonly folder: string;
  /** Called after each group of appends was written, with the new writtenEndOffset. */
  onWritten: ((writtenEndOffset: number) => void) | null = null;
  readonly #environment: LogEnvironment;
  readonly #segments: SegmentList;
  readonly #producers: ProducerState;
  readonly #snapshots: SnapshotFiles;
  readonly #epochs: LeaderEpochs;
  readonly #reader: LogReader;
  readonly #writer: GroupWriter;
  readonly #maintenance = new SerialQueue();
  #config: LogConfig;
  #topicId: string | null;
  #logStartOffset: number;
  #logEndOffset: number;
  #writtenEndOffset: number;
  #recoveryPoint: number;
  #lastFlushMs: number;
  #rollJitterMs = 0;
  /** Whether the index files of the active segment have their full size. */
  #isPrepared = false;
  /** Tasks that are changing the end of the log. */
  #exclusiveCount = 0;
  #isClosed = false;
  /** Closed, and not worth any more work. */
  #isAbandoned = false;
  /** A sync failed. */
  #isBroken = false;

  /** Opens the folder, recovering what needs it. Rejects with the file system's errors. */
  static async openPartitionLog(options: PartitionLogOptions): Promise<PartitionLog> {
    let current: () => LogConfig = () => options.config;
    const log = new PartitionLog(options, await loadLog(options, () => current()));
    current = () => log.config;
    return log;
  }

  private constructor(options: PartitionLogOptions, loaded: LoadedLog) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.folder = options.folder;
    this.#environment = options.environment;
    this.#config = options.config;
    this.#segments = loaded.segments;
    this.#producers = loaded.producers;
    this.#snapshots = loaded.snapshots;
    this.#epochs = loaded.epochs;
    this.#topicId = loaded.topicId;
    this.#logStartOffset = loaded.logStartOffset;
    this.#logEndOffset = loaded.endOffset;
    this.#writtenEndOffset = loaded.endOffset;
    this.#recoveryPoint = loaded.recoveryPoint;
    this.#lastFlushMs = options.environment.clock.nowMs();
    this.#reader = new LogReader(this.#segments, this);
    this.#writer = new GroupWriter(this);
    this.#drawJitter();
  }

  get config(): LogConfig {
    return this.#config;
  }

  /** Base64url, of partition.metadata; null where there is none. */
  get topicId(): string | null {
    return this.#topicId;
  }

  get logStartOffset(): number {
    return this.#logStartOffset;
  }

  /** The next offset to be assigned: appends before it may still be on their way to the file. */
  get logEndOffset(): number {
    return this.#logEndOffset;
  }

  /** Everything before it is in the file and can be read. */
  get writtenEndOffset(): number {
    return this.#writtenEndOffset;
  }

  /** Everything before it survives a loss of power. */
  get recoveryPoint(): number {
    return this.#recoveryPoint;
  }

  get lastFlushMs(): number {
    return this.#lastFlushMs;
  }

  /** Bytes of all segments. */
  get size(): number {
    return this.#segments.size;
  }

  get segmentBaseOffsets(): readonly number[] {
    return this.#segments.all.map((segment) => segment.baseOffset);
  }

  get activeProducerCount(): number {
    return this.#producers.count;
  }

  /** First offset of the oldest open transaction; null if none is open. */
  get firstUnstableOffset(): number | null {
    return this.#producers.firstUnstableOffset;
  }

  /** -1 if no epoch is known. */
  get latestEpoch(): number {
    return this.#epochs.latestEpoch;
  }

  /**
   * Assigns offsets, checks producer sequences and queues the batches, all in this call. Throws
   * KafkaError: OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE,
   * RECORD_LIST_TOO_LARGE, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER (while it is truncated). The
   * headers in the buffer are patched; the buffer must not change until `written` settles.
   */
  append(batches: AppendBatches, options: { readonly leaderEpoch: number }): AppendResult {
    const { headers } = batches;
    const first = headers[0];
    assert(first !== undefined, 'an append has at least one batch');
    this.#checkAppend(batches);
    const duplicate = this.#checkProducers(headers);
    if (duplicate !== null) return this.#duplicateResult(first, duplicate);
    const baseOffset = this.#logEndOffset;
    let lastOffset = baseOffset - 1;
    for (const header of headers) lastOffset += header.lastOffsetDelta + 1;
    this.#rollIfNeeded(batches, { baseOffset, lastOffset });
    this.#epochs.assign(options.leaderEpoch, baseOffset);
    const segment = this.#segments.active;
    const position = segment.size;
    let offset = baseOffset;
    let at = 0;
    for (const header of headers) {
      patchBatch(batches.buffer, at, {
        baseOffset: offset,
        partitionLeaderEpoch: options.leaderEpoch,
      });
      this.#addBatch(segment, header, { baseOffset: offset, buffer: batches.buffer, at });
      at += header.sizeInBytes;
      offset += header.lastOffsetDelta + 1;
    }
    assert(at === batches.buffer.length, 'the headers are those of the buffer');
    this.#logEndOffset = offset;
    return {
      baseOffset,
      lastOffset,
      logAppendTimeMs: first.timestampType === 'append' ? first.maxTimestampMs : -1,
      logStartOffset: this.#logStartOffset,
      written: this.#writer.add(segment, position, batches.buffer, offset),
      isDuplicate: false,
    };
  }

  /**
   * A follower's append: offsets and leader epochs stay as the leader wrote them. Throws KafkaError:
   * INVALID_RECORD where a batch does not lie behind the end of the log, and as `append` does.
   */
  appendAsFollower(batches: AppendBatches): AppendResult {
    const { headers, buffer } = batches;
    const first = headers[0];
    const last = headers.at(-1);
    assert(first !== undefined && last !== undefined, 'an append has at least one batch');
    this.#checkAppend(batches);
    checkOrder(headers, this.#logEndOffset);
    this.#rollIfNeeded(batches, { baseOffset: first.baseOffset, lastOffset: last.lastOffset });
    const segment = this.#segments.active;
    const position = segment.size;
    let at = 0;
    for (const header of headers) {
      this.#epochs.assign(header.partitionLeaderEpoch, header.baseOffset);
      this.#addBatch(segment, header, { baseOffset: header.baseOffset, buffer, at });
      at += header.sizeInBytes;
    }
    assert(at === buffer.length, 'the headers are those of the buffer');
    this.#logEndOffset = last.lastOffset + 1;
    return {
      baseOffset: first.baseOffset,
      lastOffset: last.lastOffset,
      logAppendTimeMs: -1,
      logStartOffset: this.#logStartOffset,
      written: this.#writer.add(segment, position, buffer, this.#logEndOffset),
      isDuplicate: false,
    };
  }

  /**
   * At once where the position is known, else after a look into the index. Throws, or rejects with,
   * KafkaError OFFSET_OUT_OF_RANGE outside of logStartOffset to writtenEndOffset, KAFKA_STORAGE_ERROR.
   */
  read(options: ReadOptions): LogRead | Promise<LogRead> {
    return this.#reader.read(options);
  }

  /** The first record of that time or later; null if there is none. */
  offsetForTimestamp(timestampMs: number): Promise<TimestampAndOffset | null> {
    return this.#reader.offsetForTimestamp(timestampMs);
  }

  /** The first record among those with the largest timestamp; null if no record has one. */
  offsetOfMaxTimestamp(): Promise<TimestampAndOffset | null> {
    return this.#reader.offsetOfMaxTimestamp();
  }

  /** A new leader says so even if it has nothing to append yet. */
  assignEpochStartOffset(epoch: number, startOffset: number): void {
    this.#epochs.assign(epoch, startOffset);
  }

  /** The largest known epoch up to `epoch` and where it ends; null if none is known. */
  endOffsetForEpoch(epoch: number): EpochEnd | null {
    return this.#epochs.endOffsetFor(epoch, this.#logEndOffset);
  }

  /** -1 if unknown. */
  epochOf(offset: number): number {
    return this.#epochs.epochOf(offset);
  }

  /** DeleteRecords. Never goes back. Throws KafkaError OFFSET_OUT_OF_RANGE above `highWatermark`. */
  advanceLogStartOffset(offset: number, highWatermark: number): void {
    if (offset > highWatermark) {
      throw new KafkaError(
        ErrorCodes.OFFSET_OUT_OF_RANGE,
        `offset ${String(offset)} is above the high watermark ${String(highWatermark)}`,
      );
    }
    if (offset <= this.#logStartOffset) return;
    this.#logStartOffset = offset;
    this.#epochs.truncateFromStart(offset);
  }

  /** Forgets producers that were silent for producer.id.expiration.ms. */
  expireProducers(nowMs: number): void {
    this.#producers.expire(nowMs);
  }

  updateConfig(config: LogConfig): void {
    this.#config = config;
  }

  /** Writes the topic id beside the data. Throws KafkaError INCONSISTENT_TOPIC_ID if it has another. */
  async assignTopicId(topicId: string): Promise<void> {
    if (this.#topicId === topicId) return;
    if (this.#topicId !== null) {
      throw new KafkaError(
        ErrorCodes.INCONSISTENT_TOPIC_ID,
        `${this.folder} holds data of topic id ${this.#topicId}, not of ${topicId}`,
      );
    }
    this.#topicId = topicId;
    await writeTopicId(this.#environment.fileSystem, this.folder, topicId);
  }

  /**
   * Drops everything from `offset` on, and the whole batch if it lies within one; nothing if the log
   * ends before.
   */
  async truncateTo(offset: number): Promise<void> {
    if (offset >= this.#logEndOffset) return;
    await this.#exclusively(() => this.#truncate(offset));
  }

  /** Drops everything; the log goes on at `offset`. */
  truncateFullyAndStartAt(offset: number): Promise<void> {
    return this.#exclusively(() => this.#startAnew(offset));
  }

  /** Retention at the granularity of segments. Returns how many it dropped. */
  deleteOldSegments(options: {
    readonly nowMs: number;
    readonly highWatermark: number;
  }): Promise<number> {
    return this.#maintenance.run(() => (this.#isClosed ? 0 : this.#deleteOldSegments(options)));
  }

  /** Syncs everything written so far and moves the recovery point there. */
  flush(): Promise<void> {
    return this.#maintenance.run(async () => {
      if (!this.#isClosed) await this.#flushTo(this.#writtenEndOffset);
    });
  }

  /** Waits for what is being written, then leaves everything as a clean stop needs it. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#maintenance.run(() => this.#close());
  }

  /** Stops without saving anything: the folder is about to go. What waits to be written is. */
  async abandon(): Promise<void> {
    this.#isClosed = true;
    this.#isAbandoned = true;
    await this.#maintenance.run(() => this.#writer.settled());
    this.#environment.descriptors.forgetFolder(this.folder);
  }

  onGroupWritten(endOffset: number): Promise<void> | undefined {
    const mustFlush = endOffset - this.#recoveryPoint >= this.#config.flushMessages;
    if (mustFlush) {
      return this.#flushTo(endOffset).then(() => this.#noteWritten(endOffset));
    }
    this.#noteWritten(endOffset);
    return undefined;
  }

  onWriteFailed(error: unknown): void {
    const { folder } = this;
    this.#environment.logger.error({ folder, err: error }, 'appends failed');
    this.#exclusively(() => this.#repair()).catch((failure: unknown) => {
      this.#isBroken = true;
      this.#environment.logger.error({ folder, err: failure }, 'the log cannot be cut back');
    });
  }

  #noteWritten(endOffset: number): void {
    assert(endOffset >= this.#writtenEndOffset && endOffset <= this.#logEndOffset);
    this.#writtenEndOffset = endOffset;
    this.onWritten?.(endOffset);
  }

  #checkAppend({ buffer }: AppendBatches): void {
    if (this.#isClosed || this.#isBroken) {
      throw new KafkaError(
        ErrorCodes.KAFKA_STORAGE_ERROR,
        `the log ${this.folder} is ${this.#isClosed ? 'closed' : 'damaged'}`,
      );
    }
    if (this.#exclusiveCount > 0) {
      throw new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER, 'the log is being truncated');
    }
    if (buffer.length > this.#config.segmentBytes) {
      throw new KafkaError(
        ErrorCodes.RECORD_LIST_TOO_LARGE,
        `${String(buffer.length)} bytes do not fit into a segment ` +
          `of ${String(this.#config.segmentBytes)} (segment.bytes)`,
      );
    }
  }

  /** The earlier batch if this is a retry. */
  #checkProducers(headers: readonly BatchHeader[]): DuplicateBatch | null {
    for (const header of headers) {
      if (header.producerId < 0) continue;
      if (headers.length > 1) {
        throw new KafkaError(
          ErrorCodes.INVALID_RECORD,
          'batches of idempotent producers come one at a time',
        );
      }
      const duplicate = this.#producers.findDuplicate(header);
      if (duplicate !== null) return duplicate;
      this.#producers.check(header);
    }
    return null;
  }

  #duplicateResult(header: BatchHeader, duplicate: DuplicateBatch): AppendResult {
    const { baseOffset, lastOffset, timestampMs } = duplicate;
    const isWritten = lastOffset < this.#writtenEndOffset;
    return {
      baseOffset,
      lastOffset,
      logAppendTimeMs: header.timestampType === 'append' ? timestampMs : -1,
      logStartOffset: this.#logStartOffset,
      written: isWritten ? Promise.resolve() : this.#writer.written,
      isDuplicate: true,
    };
  }

  #addBatch(
    segment: Segment,
    header: BatchHeader,
    place: { readonly baseOffset: number; readonly buffer: Buffer; readonly at: number },
  ): void {
    const marker = header.isControl ? readTransactionMarker(place.buffer, place.at) : null;
    this.#producers.add(header, place.baseOffset, marker);
    segment.add(header, place.baseOffset);
    if (!this.#isPrepared) this.#prepareLater(segment);
  }

  #prepareLater(segment: Segment): void {
    this.#isPrepared = true;
    this.#inBackground(() => segment.prepareFiles());
  }

  #rollIfNeeded(
    { buffer, headers }: AppendBatches,
    offsets: { readonly baseOffset: number; readonly lastOffset: number },
  ): void {
    const segment = this.#segments.active;
    const config = this.#config;
    let maxTimestampMs = -1;
    for (const header of headers) maxTimestampMs = Math.max(maxTimestampMs, header.maxTimestampMs);
    const facts: RollFacts = {
      segment,
      config,
      jitterMs: this.#rollJitterMs,
      nowMs: this.#environment.clock.nowMs(),
      size: buffer.length,
      maxTimestampMs,
      lastOffset: offsets.lastOffset,
    };
    if (mustRoll(facts)) this.#roll(offsets.baseOffset);
  }

  /** Seals the active segment; what it takes to make it durable follows in the background. */
  #roll(baseOffset: number): void {
    const sealed = this.#segments.active;
    sealed.seal();
    const { folder } = this;
    const config = (): LogConfig => this.#config;
    const environment = this.#environment;
    this.#segments.push(Segment.create({ folder, baseOffset, environment, config }));
    this.#isPrepared = false;
    this.#drawJitter();
    const snapshot = this.#producers.toSnapshot();
    const { written } = this.#writer;
    this.#inBackground(async () => {
      await written;
      if (this.#snapshots.latestOffset < baseOffset) {
        await this.#snapshots.write(baseOffset, snapshot);
      }
      await this.#sync(sealed);
      await sealed.saveIndexes();
      await this.#flushTo(baseOffset);
    });
  }

  /** The file of the new segment must be there before those go that tell where the log ends. */
  async #rollIdle(): Promise<void> {
    this.#roll(this.#logEndOffset);
    this.#isPrepared = true;
    await this.#segments.active.prepareFiles();
    await this.#environment.fileSystem.syncFolder(this.folder);
  }

  #drawJitter(): void {
    const limit = Math.min(this.#config.segmentJitterMs, this.#config.segmentMs);
    this.#rollJitterMs = limit > 0 && limit < 2 ** 47 ? this.#environment.random.integer(limit) : 0;
  }

  /** Failures are logged: what was not saved is saved by the next flush, or found by recovery. */
  #inBackground(task: () => Promise<void>): void {
    const { folder } = this;
    this.#maintenance
      .run(async () => {
        if (!this.#isAbandoned) await task();
      })
      .catch((error: unknown) => {
        this.#environment.logger.warn({ folder, err: error }, 'upkeep of a log failed');
      });
  }

  async #exclusively(task: () => Promise<void>): Promise<void> {
    this.#exclusiveCount += 1;
    try {
      await this.#maintenance.run(async () => {
        await this.#writer.settled();
        await task();
      });
    } finally {
      this.#exclusiveCount -= 1;
    }
  }

  /** After a failed write: what the file holds behind the last written offset is not in the log. */
  async #repair(): Promise<void> {
    if (!this.#isAbandoned && this.#writtenEndOffset < this.#logEndOffset) {
      await this.#truncate(this.#writtenEndOffset);
    }
  }

  async #truncate(offset: number): Promise<void> {
    if (offset < this.#segments.first.baseOffset) {
      await this.#startAnew(offset);
      return;
    }
    await dropSegments(this.#segments.removeBehind(offset));
    await this.#snapshots.removeBehind(offset);
    const endOffset = await this.#segments.active.truncateTo(offset);
    const opened = await this.#segments.active.activate();
    if ('problem' in opened) throw new Error(`${this.folder}: ${opened.problem}`);
    this.#isPrepared = false;
    this.#setEnd(endOffset);
    this.#logStartOffset = Math.min(this.#logStartOffset, endOffset);
    this.#epochs.truncateFromEnd(endOffset);
    await loadProducers(this.#parts, endOffset);
  }

  async #startAnew(offset: number): Promise<void> {
    const { folder } = this;
    const config = (): LogConfig => this.#config;
    const environment = this.#environment;
    await dropSegments(this.#segments.removeFirst(this.#segments.count));
    await this.#snapshots.removeBehind(-1);
    this.#segments.push(await newSegment({ folder, baseOffset: offset, environment, config }));
    this.#isPrepared = true;
    this.#setEnd(offset);
    this.#logStartOffset = offset;
    this.#recoveryPoint = offset;
    this.#epochs.clear();
    this.#producers.restore([], { endOffset: offset, nowMs: environment.clock.nowMs() });
  }

  #setEnd(offset: number): void {
    this.#logEndOffset = offset;
    this.#writtenEndOffset = offset;
    this.#recoveryPoint = Math.min(this.#recoveryPoint, offset);
  }

  get #parts() {
    return {
      folder: this.folder,
      environment: this.#environment,
      segments: this.#segments,
      producers: this.#producers,
      snapshots: this.#snapshots,
      epochs: this.#epochs,
    };
  }

  async #deleteOldSegments(options: {
    readonly nowMs: number;
    readonly highWatermark: number;
  }): Promise<number> {
    const segments = this.#segments.all;
    const active = this.#segments.active;
    const activeSize = active.size;
    let count = await expiredSegmentCount({
      segments,
      config: this.#config,
      logStartOffset: this.#logStartOffset,
      logEndOffset: this.#logEndOffset,
      ...options,
    });
    if (count === this.#segments.count) {
      // Appends went on while timestamps were read: then the active segment has not expired.
      const isIdle = active === this.#segments.active && active.size === activeSize;
      if (isIdle && this.#writtenEndOffset === this.#logEndOffset) await this.#rollIdle();
      else count -= 1;
    }
    if (count === 0) return 0;
    await this.#drop(this.#segments.removeFirst(count));
    return count;
  }

  /** The start moves first: no reader is sent to a segment that is going. */
  async #drop(segments: readonly Segment[]): Promise<void> {
    const start = this.#segments.first.baseOffset;
    this.#logStartOffset = Math.max(this.#logStartOffset, start);
    this.#epochs.truncateFromStart(this.#logStartOffset);
    this.#snapshots.forgetBefore(start);
    for (const segment of segments) await segment.markDeleted();
    const { folder } = this;
    const { timers, logger } = this.#environment;
    logger.info({ folder, logStartOffset: start, count: segments.length }, 'segments were dropped');
    timers.after(this.#config.fileDeleteDelayMs, () => {
      const removal = Promise.all(segments.map((segment) => segment.file.removeDeleted()));
      removal.catch((error: unknown) => logger.warn({ folder, err: error }, 'files stay behind'));
    });
  }

  /** Data, indexes, epochs, then the recovery point: it only speaks of what is on the disk. */
  async #flushTo(offset: number): Promise<void> {
    if (offset <= this.#recoveryPoint) return;
    await this.#save(this.#segments.from(this.#recoveryPoint), offset);
    this.#lastFlushMs = this.#environment.clock.nowMs();
    this.#recoveryPoint = Math.max(this.#recoveryPoint, offset);
  }

  async #save(segments: readonly Segment[], endOffset: number): Promise<void> {
    try {
      for (const segment of segments) {
        if (segment.baseOffset > endOffset) break;
        await this.#sync(segment);
        await segment.saveIndexes();
      }
      await this.#environment.fileSystem.syncFolder(this.folder);
      await this.#epochs.settle();
    } catch (error) {
      throw storageError(this.folder, error);
    }
  }

  async #sync(segment: Segment): Promise<void> {
    try {
      await segment.sync();
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  async #close(): Promise<void> {
    await this.#writer.settled();
    try {
      await this.#repair();
      const endOffset = this.#logEndOffset;
      this.#segments.active.seal();
      await this.#save(this.#segments.from(this.#recoveryPoint), endOffset);
      if (endOffset > 0 && this.#snapshots.latestOffset < endOffset) {
        await this.#snapshots.write(endOffset, this.#producers.toSnapshot());
      }
      this.#recoveryPoint = endOffset;
    } finally {
      this.#environment.descriptors.forgetFolder(this.folder);
    }
    if (this.#isBroken) throw storageError(this.folder, new Error('an earlier sync failed'));
  }
}

function checkOrder(headers: readonly BatchHeader[], logEndOffset: number): void {
  let expected = logEndOffset;
  for (const header of headers) {
    if (header.baseOffset < expected) {
      throw new KafkaError(
        ErrorCodes.INVALID_RECORD,
        `a batch of offset ${String(header.baseOffset)} cannot be appended at ${String(expected)}`,
      );
    }
    expected = header.lastOffset + 1;
  }
}

function storageError(folder: string, cause: unknown): KafkaError {
  return new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, `${folder} cannot be synced`, { cause });
}
