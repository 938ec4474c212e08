/**
 * Appends to one log: checks producers, assigns offsets, stamps the headers and hands the bytes to
 * the writer, all in one synchronous call, so that the order of calls is the order of offsets.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { BatchHeader } from '../records/batch-header.ts';
import { patchBatch } from '../records/batch-header.ts';
import type { GroupWriter } from './group-writer.ts';
import type { LogState } from './log-state.ts';
import type { Segment } from './segment/segment.ts';
import type { SegmentRoller } from './segment-roller.ts';
import type { DuplicateBatch } from './state/producer-state.ts';
import { readTransactionMarker } from './state/transaction-marker.ts';
import type { AbortedTransaction } from './transactions/aborted-transaction.ts';

/** Memory that a log may take for entries of a transaction index that are not in the file. */
const UNSAVED_BYTES_MAX = 1 << 18;

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

export class LogAppender {
  readonly #state: LogState;
  readonly #writer: GroupWriter;
  readonly #roller: SegmentRoller;
  #isSavingTransactions = false;

  constructor(state: LogState, writer: GroupWriter, roller: SegmentRoller) {
    this.#state = state;
    this.#writer = writer;
    this.#roller = roller;
  }

  /** As the leader of that epoch: offsets are assigned, headers are stamped. */
  append(batches: AppendBatches, leaderEpoch: number): AppendResult {
    const { headers, buffer } = batches;
    const first = firstOf(headers);
    this.#check(buffer);
    const duplicate = this.#checkProducers(batches);
    if (duplicate !== null) return this.#duplicateResult(first, duplicate);
    const baseOffset = this.#state.logEndOffset;
    let offset = baseOffset;
    let at = 0;
    for (const header of headers) {
      patchBatch(buffer, at, { baseOffset: offset, partitionLeaderEpoch: leaderEpoch });
      at += header.sizeInBytes;
      offset += header.lastOffsetDelta + 1;
    }
    this.#roll(batches, baseOffset, offset - 1);
    this.#state.epochs.assign(leaderEpoch, baseOffset);
    return {
      baseOffset,
      lastOffset: offset - 1,
      logAppendTimeMs: first.timestampType === 'append' ? first.maxTimestampMs : -1,
      logStartOffset: this.#state.logStartOffset,
      written: this.#write(batches, baseOffset),
      isDuplicate: false,
    };
  }

  /**
   * As a follower: offsets and epochs stay as the leader wrote them, and a batch that does not fit into
   * a segment has one of its own, as it may be from when segment.bytes was larger.
   */
  appendAsFollower(batches: AppendBatches): AppendResult {
    const { headers } = batches;
    const { baseOffset } = firstOf(headers);
    this.#state.checkWritable();
    const lastOffset = checkOrder(headers, this.#state.logEndOffset);
    this.#roll(batches, baseOffset, lastOffset);
    for (const header of headers) {
      this.#state.epochs.assign(header.partitionLeaderEpoch, header.baseOffset);
    }
    return {
      baseOffset,
      lastOffset,
      logAppendTimeMs: -1,
      logStartOffset: this.#state.logStartOffset,
      written: this.#write(batches, null),
      isDuplicate: false,
    };
  }

  #check(buffer: Buffer): void {
    this.#state.checkWritable();
    const { segmentBytes } = this.#state.config;
    if (buffer.length <= segmentBytes) return;
    throw new KafkaError(
      ErrorCodes.RECORD_LIST_TOO_LARGE,
      `${String(buffer.length)} bytes do not fit into a segment ` +
        `of ${String(segmentBytes)} (segment.bytes)`,
    );
  }

  /** The earlier batch if this is a retry. */
  #checkProducers({ headers, buffer }: AppendBatches): DuplicateBatch | null {
    for (const header of headers) {
      if (header.producerId < 0) continue;
      if (headers.length > 1) {
        throw new KafkaError(
          ErrorCodes.INVALID_RECORD,
          'batches of idempotent producers come one at a time',
        );
      }
      const duplicate = this.#state.producers.findDuplicate(header);
      if (duplicate !== null) return duplicate;
      const marker = header.isControl ? readTransactionMarker(buffer, 0) : null;
      this.#state.producers.check(header, marker);
    }
    return null;
  }

  #duplicateResult(header: BatchHeader, duplicate: DuplicateBatch): AppendResult {
    const { baseOffset, lastOffset, timestampMs } = duplicate;
    const isWritten = lastOffset < this.#state.writtenEndOffset;
    return {
      baseOffset,
      lastOffset,
      logAppendTimeMs: header.timestampType === 'append' ? timestampMs : -1,
      logStartOffset: this.#state.logStartOffset,
      written: isWritten ? Promise.resolve() : this.#writer.written,
      isDuplicate: true,
    };
  }

  #roll({ buffer, headers }: AppendBatches, baseOffset: number, lastOffset: number): void {
    let maxTimestampMs = -1;
    for (const header of headers) maxTimestampMs = Math.max(maxTimestampMs, header.maxTimestampMs);
    this.#roller.rollIfNeeded(baseOffset, { size: buffer.length, maxTimestampMs, lastOffset });
  }

  /** `assignedOffset` is where the first batch lies now; null: where its header says. */
  #write({ buffer, headers }: AppendBatches, assignedOffset: number | null): Promise<void> {
    const state = this.#state;
    const segment = state.segments.active;
    const position = segment.size;
    let endOffset = assignedOffset ?? 0;
    let at = 0;
    for (const header of headers) {
      const baseOffset = assignedOffset === null ? header.baseOffset : endOffset;
      const marker = header.isControl ? readTransactionMarker(buffer, at) : null;
      const aborted = state.producers.add(header, baseOffset, marker);
      if (aborted !== null) this.#index(aborted, segment);
      segment.add(header, baseOffset);
      at += header.sizeInBytes;
      endOffset = baseOffset + header.lastOffsetDelta + 1;
    }
    assert(at === buffer.length, 'the headers are those of the buffer');
    state.noteAppended(endOffset);
    if (!state.isPrepared) {
      state.isPrepared = true;
      state.inBackground(() => segment.prepareFiles());
    }
    return this.#writer.add({ segment, position, buffer, endOffset });
  }

  /** What is not saved by the flushes is bounded. */
  #index(aborted: AbortedTransaction, { transactions }: Segment): void {
    transactions.add(aborted);
    if (transactions.unsavedBytes <= UNSAVED_BYTES_MAX || this.#isSavingTransactions) return;
    this.#isSavingTransactions = true;
    this.#state.inBackground(async () => {
      this.#isSavingTransactions = false;
      await transactions.save();
    });
  }
}

function firstOf(headers: readonly BatchHeader[]): BatchHeader {
  const first = headers[0];
  assert(first !== undefined, 'an append has at least one batch');
  return first;
}

/** Returns the last offset of the set. */
function checkOrder(headers: readonly BatchHeader[], logEndOffset: number): number {
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
  return expected - 1;
}
