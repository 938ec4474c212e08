/**
 * The second pass of a compaction: writes one segment in place of some. A record stays if no later
 * one has its key, and a tombstone until its time is over; a batch stays, if only as a header, where
 * it says a producer's last sequence; the records of aborted transactions go, and the markers of
 * transactions of which nothing is left, when their time is over.
 */

import type { BatchHeader } from '../../../records/batch-header.ts';
import { BATCH_MAGIC, readBatchHeader } from '../../../records/batch-header.ts';
import { readOldMessages } from '../../../records/old-message.ts';
import { readTransactionMarker } from '../../state/transaction-marker.ts';
import type { CleaningInput, ProducerEnd, SourceSegment } from '../cleaning-input.ts';
import type { BatchRules } from './batch-rewriter.ts';
import { rewriteBatch } from './batch-rewriter.ts';
import type { StreamedBatch } from './batch-stream.ts';
import { CleanedSegment } from './cleaned-segment.ts';
import type { CleaningRun } from './cleaning-run.ts';
import type { OffsetMap } from './offset-map.ts';
import type { RecordCursor } from './record-cursor.ts';
import { TransactionFates } from './transaction-fates.ts';

export class GroupCleaner {
  readonly #run: CleaningRun;
  readonly #map: OffsetMap;
  /** Behind what the map knows: nothing is dropped there. */
  readonly #endOffset: number;
  readonly #fates: TransactionFates;
  readonly #producerEnds: ReadonlyMap<number, ProducerEnd>;
  /**
   * A wrapper of an old format stays as a whole, with messages whose key a later record has. What
   * deletes such a key must stay too.
   */
  #mustKeepTombstones = false;

  constructor(run: CleaningRun, map: OffsetMap, endOffset: number) {
    this.#run = run;
    this.#map = map;
    this.#endOffset = endOffset;
    this.#fates = new TransactionFates(run.input.abortedTransactions);
    this.#producerEnds = new Map(run.input.producers.map((end) => [end.producerId, end]));
  }

  /** The groups in order; on failure nothing of this one is left. */
  async clean(group: readonly SourceSegment[]): Promise<void> {
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined) return;
    const twinPath = group.length === 1 ? first.path : null;
    const cleaned = new CleanedSegment(this.#run, first.baseOffset, twinPath);
    try {
      for (const segment of group) {
        for await (const batch of this.#run.batchesOf(segment)) {
          await this.#addBatch(cleaned, batch, segment);
        }
      }
      await cleaned.finish(last.modifiedMs);
    } catch (error) {
      await cleaned.remove();
      throw error;
    }
  }

  async #addBatch(
    cleaned: CleanedSegment,
    batch: StreamedBatch,
    segment: SourceSegment,
  ): Promise<void> {
    const { header, bytes } = batch;
    const result =
      header.magic === BATCH_MAGIC
        ? await rewriteBatch(bytes, header, this.#rulesFor(batch, cleaned))
        : await this.#rewriteOld(batch, segment);
    this.#run.readRecordCount += header.recordCount;
    if (result === bytes) {
      this.#run.keptRecordCount += header.recordCount;
      await cleaned.addUnchanged(header, bytes);
    } else if (result === null) {
      await cleaned.diverge();
    } else {
      const newHeader = readBatchHeader(result, 0);
      this.#run.keptRecordCount += newHeader.recordCount;
      await cleaned.addChanged(newHeader, result);
    }
  }

  #rulesFor({ header, bytes }: StreamedBatch, cleaned: CleanedSegment): BatchRules {
    const { nowMs, deleteRetentionMs, firstUncleanableOffset } = this.#run.input;
    const isOver = header.hasDeleteHorizon && header.baseTimestampMs <= nowMs;
    let dropsAll = false;
    let isEmptyMarker = false;
    if (header.isControl) {
      const marker = header.recordCount === 0 ? null : readTransactionMarker(bytes, 0);
      const ended = this.#fates.end(header, marker);
      if (ended.aborted !== null) cleaned.addAborted(ended.aborted);
      isEmptyMarker = ended.isGone;
      dropsAll = ended.isGone && isOver;
    } else {
      dropsAll = this.#fates.isAborted(header);
    }
    return {
      dropsAll,
      isEmptyMarker,
      keepsEmpty:
        this.#isLastOfProducer(header) || header.lastOffset + 1 === firstUncleanableOffset,
      deleteHorizonMs: nowMs + deleteRetentionMs,
      knownBefore: this.#endOffset,
      keeps: (record) => header.isControl || this.#keeps(record, isOver),
    };
  }

  #keeps(record: RecordCursor, isOver: boolean): boolean {
    if (record.offset >= this.#endOffset) return true;
    if (!record.hasKey) {
      this.#run.invalidRecordCount += 1;
      return false;
    }
    const latest = this.#map.get(record.bytes, record.keyStart, record.keyEnd);
    if (record.offset < latest) return false;
    return record.hasValue || !isOver || this.#mustKeepTombstones;
  }

  /** Else a producer that goes on would be taken for one that begins, or a fenced one would not. */
  #isLastOfProducer({ producerId, producerEpoch, lastOffset, isControl }: BatchHeader): boolean {
    const end = producerId < 0 ? undefined : this.#producerEnds.get(producerId);
    if (end === undefined) return false;
    if (end.lastDataOffset >= 0) return lastOffset === end.lastDataOffset;
    return isControl && producerEpoch === end.epoch;
  }

  /** Old messages have no delete horizon: the time of their file has to do. */
  async #rewriteOld(
    { header, bytes }: StreamedBatch,
    segment: SourceSegment,
  ): Promise<Buffer | null> {
    const isOver = segment.modifiedMs <= oldHorizonMs(this.#run.input);
    let keptCount = 0;
    for (const { key, value, offset } of await readOldMessages(bytes, 0)) {
      const isPast = offset >= this.#endOffset;
      if (key === null && !isPast) this.#run.invalidRecordCount += 1;
      if (isPast) keptCount += 1;
      else if (key === null) continue;
      else if (offset < this.#map.get(key, 0, key.length)) continue;
      else if (value !== null || !isOver || this.#mustKeepTombstones) keptCount += 1;
    }
    if (keptCount === 0) return null;
    if (header.compression !== 'none') this.#mustKeepTombstones = true;
    return bytes;
  }
}

/** What was changed last before it is older than delete.retention.ms, seen from what is compacted. */
function oldHorizonMs({ segments, firstDirtyOffset, deleteRetentionMs }: CleaningInput): number {
  const clean = segments.filter(
    (_, index) => (segments[index + 1]?.baseOffset ?? Infinity) <= firstDirtyOffset,
  );
  return (clean.at(-1)?.modifiedMs ?? 0) - deleteRetentionMs;
}
