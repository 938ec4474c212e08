/** SIGNATURES FIRST: the body follows. */

import type { Payload } from '../model/payload.ts';
import type { BatchHeader } from '../records/batch-header.ts';
import type { LogConfig } from './log-config.ts';
import type { PartitionLogOptions } from './log-loader.ts';

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

export interface ReadOptions {
  readonly offset: number;
  readonly maxBytes: number;
  /** Whether the first batch is given whole even if it is larger than maxBytes. */
  readonly minOneBatch: boolean;
  /** Exclusive: batches from this offset on are not given (the high watermark, for consumers). */
  readonly upperBound: number;
}

export interface LogRead {
  /** Empty, or one span; a part of a batch may stand at its end. The reader releases it. */
  readonly payload: Payload;
  readonly size: number;
  /** Base offset of the first batch given; the offset asked for where nothing is given. */
  readonly firstBatchBaseOffset: number;
  readonly segmentBaseOffset: number;
  readonly startPosition: number;
}

/** Answer of ListOffsets and of OffsetForLeaderEpoch lookups. */
export interface TimestampAndOffset {
  readonly timestampMs: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

export declare class PartitionLog {
  static openPartitionLog(options: PartitionLogOptions): Promise<PartitionLog>;
  readonly topic: string;
  readonly partition: number;
  /** <log.dir>/<topic>-<partition> */
  readonly folder: string;
  readonly config: LogConfig;
  /** Base64url of partition.metadata; null where there is none. */
  readonly topicId: string | null;
  readonly logStartOffset: number;
  /** Next offset to be assigned. Appends up to here may still be on their way to the file. */
  readonly logEndOffset: number;
  /** Everything below is in the file and can be read. */
  readonly writtenEndOffset: number;
  readonly recoveryPoint: number;
  /** Bytes of all segments. */
  readonly size: number;
  /** -1 if no epoch is known. */
  readonly latestEpoch: number;
  /** Called after each group of appends was written, with the new writtenEndOffset. One listener. */
  onWritten: ((writtenEndOffset: number) => void) | null;
  /**
   * Assigns offsets, checks producer sequences and queues the batches, all in this call.
   * Throws KafkaError: OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE,
   * RECORD_LIST_TOO_LARGE, KAFKA_STORAGE_ERROR. The buffer must not change until `written` settles.
   */
  append(batches: AppendBatches, options: { readonly leaderEpoch: number }): AppendResult;
  /** A follower's append: offsets and epochs stand as the leader wrote them; must start at logEndOffset or later. */
  appendAsFollower(batches: AppendBatches): AppendResult;
  /** Throws (or rejects with) OFFSET_OUT_OF_RANGE outside [logStartOffset, writtenEndOffset], KAFKA_STORAGE_ERROR. */
  read(options: ReadOptions): LogRead | Promise<LogRead>;
  /** First record at or after the time; null if there is none. */
  offsetForTimestamp(timestampMs: number): Promise<TimestampAndOffset | null>;
  /** The record with the largest timestamp; null in an empty log. */
  offsetOfMaxTimestamp(): Promise<TimestampAndOffset | null>;
  /** Of a leader when elected, even if the log is empty. */
  assignEpochStartOffset(epoch: number, startOffset: number): void;
  /** KIP-101/320: the largest epoch <= `epoch` and where it ended; null if all known are larger. */
  endOffsetForEpoch(epoch: number): { readonly epoch: number; readonly endOffset: number } | null;
  /** -1 if unknown. */
  epochOf(offset: number): number;
  /** Drops everything from `offset` on. Appends are refused meanwhile. */
  truncateTo(offset: number): Promise<void>;
  /** Drops everything and starts anew at `offset` (a follower whose leader starts behind it). */
  truncateFullyAndStartAt(offset: number): Promise<void>;
  /** DeleteRecords; never goes back. Throws OFFSET_OUT_OF_RANGE above the high watermark given. */
  advanceLogStartOffset(offset: number, highWatermark: number): void;
  /** Retention; returns the count of segments it dropped. */
  deleteOldSegments(options: {
    readonly nowMs: number;
    readonly highWatermark: number;
  }): Promise<number>;
  updateConfig(config: LogConfig): void;
  /** Writes topic id into partition.metadata; throws INCONSISTENT_TOPIC_ID if it has another. */
  assignTopicId(topicId: string): Promise<void>;
  /** fsync of everything written so far; moves the recovery point. */
  flush(): Promise<void>;
  /** Waits for writes, trims indexes, writes the producer snapshot, flushes. */
  close(): Promise<void>;
}
