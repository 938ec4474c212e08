/**
 * The log of one partition: an append-only sequence of batches in segments. Owner: the log manager;
 * the partition (replication) appends and reads.
 *
 * Readers see nothing behind writtenEndOffset; offsets are assigned in the order of the calls of
 * append, which is synchronous.
 *
 * What runs concurrently: appends and reads never wait for anything but the file. Everything that
 * takes time (flushes, retention, truncation, closing) runs one after the other in a serial queue;
 * what changes the end of the log (truncation, repair after a failed write) refuses appends meanwhile.
 *
 * Failures: a write that fails fails every append that waits, and the log is cut back to what was
 * written; it goes on as soon as that is done (disk/log-repair.ts). After a failed sync nobody knows
 * what is on the disk: the log refuses appends until the next start, which recovers it.
 */

import { LogTopicId } from './checkpoint/log-topic-id.ts';
import { LogRepair } from './disk/log-repair.ts';
import { LogCompaction } from './compaction/log-compaction.ts';
import { GroupWriter } from './group-writer.ts';
import type { AppendBatches, AppendResult } from './log-appender.ts';
import { LogAppender } from './log-appender.ts';
import type { LogConfig } from './log-config.ts';
import { flushLog } from './log-durability.ts';
import { LogMaintenance } from './log-maintenance.ts';
import type { LoadedLog, PartitionLogOptions } from './recovery/log-loader.ts';
import { loadLog } from './recovery/log-loader.ts';
import type { LogRead, ReadOptions, TimestampAndOffset } from './log-reader.ts';
import { LogReader } from './log-reader.ts';
import { LogState } from './log-state.ts';
import { restartLog, truncateLog } from './log-truncation.ts';
import type { RetentionMoment } from './retention/drop-old-segments.ts';
import { LogRetention } from './retention/log-retention.ts';
import { SegmentRoller } from './segment-roller.ts';
import { LogTransactions } from './transactions/log-transactions.ts';
import type { EpochEnd } from './state/leader-epochs.ts';

export type { AppendBatches, AppendResult } from './log-appender.ts';
export type { LogRead, ReadOptions, TimestampAndOffset } from './log-reader.ts';
export type { AbortedTransaction } from './transactions/aborted-transaction.ts';
export type { PartitionLogOptions } from './recovery/log-loader.ts';

export class PartitionLog {
  readonly topic: string;
  readonly partition: number;
  /** Called after each group of appends was written, with the new writtenEndOffset. */
  onWritten: ((writtenEndOffset: number) => void) | null = null;
  /** What keeps its segments, and when they go. */
  readonly retention: LogRetention;
  readonly transactions: LogTransactions;
  readonly compaction: LogCompaction;
  readonly #state: LogState;
  readonly #reader: LogReader;
  readonly #writer: GroupWriter;
  readonly #appender: LogAppender;
  readonly #roller: SegmentRoller;
  readonly #repair: LogRepair;
  readonly #maintenance: LogMaintenance;
  readonly #topicId: LogTopicId;

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
    this.#topicId = new LogTopicId(loaded);
    this.#state = new LogState(loaded, options.config);
    this.#reader = new LogReader(this.#state.segments, this.#state, options.environment.timers);
    this.#writer = new GroupWriter({
      onGroupWritten: (endOffset) => this.#onGroupWritten(endOffset),
      onWriteFailed: (error) => this.#repair.begin(error),
    });
    this.#repair = new LogRepair(this.#state, (task) => this.#maintenance.exclusively(task));
    this.#roller = new SegmentRoller(this.#state, this.#writer);
    this.#appender = new LogAppender(this.#state, this.#writer, this.#roller);
    this.compaction = new LogCompaction(this.#state);
    this.#maintenance = new LogMaintenance(this.#state, this.#writer, this.compaction);
    this.retention = new LogRetention(this.#state, this.#roller);
    this.transactions = new LogTransactions(this.#state);
  }

  /** `<log.dir>/<topic>-<partition>`. */
  get folder(): string {
    return this.#state.folder;
  }

  /** Nothing has changed since a clean stop. */
  get isAsFound(): boolean {
    return this.#state.isAsFound;
  }

  /** A sync, or a repair, failed: it takes no appends until the next start has verified it. */
  get isBroken(): boolean {
    return this.#state.isBroken;
  }

  get config(): LogConfig {
    return this.#state.config;
  }

  /** Base64url, of partition.metadata; null where there is none. */
  get topicId(): string | null {
    return this.#topicId.value;
  }

  get logStartOffset(): number {
    return this.#state.logStartOffset;
  }

  /** The next offset to be assigned: appends before it may still be on their way to the file. */
  get logEndOffset(): number {
    return this.#state.logEndOffset;
  }

  /** Everything before it is in the file and can be read. */
  get writtenEndOffset(): number {
    return this.#state.writtenEndOffset;
  }

  /** Everything before it survives a loss of power. */
  get recoveryPoint(): number {
    return this.#state.recoveryPoint;
  }

  get lastFlushMs(): number {
    return this.#state.lastFlushMs;
  }

  /** Bytes of all segments. */
  get size(): number {
    return this.#state.segments.size;
  }

  /** Written, and not known to be on the disk. */
  get unsyncedBytes(): number {
    const { segments, recoveryPoint, writtenEndOffset } = this.#state;
    if (recoveryPoint >= writtenEndOffset) return 0;
    return segments.from(recoveryPoint).reduce((sum, { unsyncedSize }) => sum + unsyncedSize, 0);
  }

  get syncedBytes(): number {
    return this.#state.syncedBytes;
  }

  get segmentBaseOffsets(): readonly number[] {
    return this.#state.segments.all.map((segment) => segment.baseOffset);
  }

  get activeProducerCount(): number {
    return this.#state.producers.count;
  }

  /** -1 if no epoch is known. */
  get latestEpoch(): number {
    return this.#state.epochs.latestEpoch;
  }

  /**
   * Assigns offsets, checks producer sequences and queues the batches, all in this call. Throws
   * KafkaError: OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE,
   * RECORD_LIST_TOO_LARGE, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER (while it is truncated). The
   * headers in the buffer are patched; the buffer must not change until `written` settles.
   */
  append(batches: AppendBatches, options: { readonly leaderEpoch: number }): AppendResult {
    return this.#appender.append(batches, options.leaderEpoch);
  }

  /**
   * A follower's append: offsets and leader epochs stay as the leader wrote them. Throws KafkaError:
   * INVALID_RECORD where a batch does not lie behind the end of the log, and as `append` does.
   */
  appendAsFollower(batches: AppendBatches): AppendResult {
    return this.#appender.appendAsFollower(batches);
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
    this.#state.epochs.announce(epoch, startOffset);
  }

  /** The largest known epoch up to `epoch` and where it ends; null if none is known. */
  endOffsetForEpoch(epoch: number): EpochEnd | null {
    return this.#state.epochs.endOffsetFor(epoch, this.#state.logEndOffset);
  }

  /** -1 if unknown. */
  epochOf(offset: number): number {
    return this.#state.epochs.epochOf(offset);
  }

  /** DeleteRecords. Never goes back. Throws KafkaError OFFSET_OUT_OF_RANGE above `highWatermark`. */
  advanceLogStartOffset(offset: number, highWatermark: number): void {
    this.#state.deleteBefore(offset, highWatermark);
  }

  /** Forgets producers that were silent for producer.id.expiration.ms. */
  expireProducers(nowMs: number): void {
    this.#state.producers.expire(nowMs);
  }

  updateConfig(config: LogConfig): void {
    this.#state.config = config;
  }

  /** Writes the topic id beside the data. Throws KafkaError INCONSISTENT_TOPIC_ID if it has another. */
  assignTopicId(topicId: string): Promise<void> {
    return this.#topicId.assign(topicId);
  }

  /** Drops everything from `offset` on, and the whole batch if it lies within one. */
  async truncateTo(offset: number): Promise<void> {
    if (offset >= this.logEndOffset) {
      // A leader's own epoch, in which it had nothing to append, is not one of the next leader's.
      this.#state.epochs.truncateFromEnd(this.logEndOffset);
      return;
    }
    await this.#maintenance.exclusively(() => truncateLog(this.#state, offset));
  }

  /** Drops everything; the log goes on at `offset`. */
  truncateFullyAndStartAt(offset: number): Promise<void> {
    return this.#maintenance.exclusively(() => restartLog(this.#state, offset));
  }

  /** Retention at the granularity of segments. Returns how many it dropped. */
  deleteOldSegments(moment: RetentionMoment): Promise<number> {
    return this.#maintenance.unlessClosed(() => this.retention.run(moment), 0);
  }

  /** Syncs everything written so far and moves the recovery point there. */
  flush(): Promise<void> {
    return this.#maintenance.flush();
  }

  /** The same for everything appended, with a snapshot of the producers: recovery begins there. */
  flushForRecovery(): Promise<void> {
    return this.#maintenance.flushForRecovery();
  }

  /**
   * Waits for what is being written, then leaves everything as a clean stop needs it. Idempotent.
   * Rejects with KafkaError KAFKA_STORAGE_ERROR: the next start has to verify the log.
   */
  async close(): Promise<void> {
    if (this.#state.isClosed) return;
    this.#state.isClosed = true;
    await this.compaction.stop();
    await this.#maintenance.saveForStop(this.#repair);
  }

  /** Stops without saving anything: the folder is about to go. Appends that wait are still written. */
  async abandon(): Promise<void> {
    this.#state.isClosed = true;
    this.#state.isAbandoned = true;
    await this.compaction.stop();
    await this.#maintenance.end();
  }

  /** A promise holds the acknowledgements back: with flush.messages they mean that it is on disk. */
  #onGroupWritten(endOffset: number): Promise<void> | undefined {
    const { config, recoveryPoint } = this.#state;
    if (endOffset - recoveryPoint < config.flushMessages) {
      this.#noteWritten(endOffset);
      return undefined;
    }
    return flushLog(this.#state, endOffset).then(() => this.#noteWritten(endOffset));
  }

  #noteWritten(endOffset: number): void {
    this.#state.noteWritten(endOffset);
    this.onWritten?.(endOffset);
  }
}
