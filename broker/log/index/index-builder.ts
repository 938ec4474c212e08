/**
 * The rule by which the indexes of a segment get their entries, the same while appending and when
 * rebuilding: before a batch is counted, once more than index.interval.bytes were added since the
 * last entry, an entry for it; and with it one for the largest timestamp so far, if that is new.
 */

import type { BatchHeader } from '../../records/batch-header.ts';
import type { SegmentIndexes } from './segment-indexes.ts';
import type { TimeEntry } from './time-index.ts';

export class IndexBuilder {
  readonly indexes: SegmentIndexes;
  /** Bytes of the segment so far: where the next batch starts. */
  size: number;
  /** Of the first batch; null in an empty segment. */
  firstTimestampMs: number | null = null;
  largest: TimeEntry;
  #bytesSinceEntry: number;

  /** Goes on where the indexes end; what lies behind their last entry is added by `resume`. */
  constructor(indexes: SegmentIndexes, size: number) {
    this.indexes = indexes;
    this.size = size;
    this.largest = indexes.times.last;
    this.#bytesSinceEntry = size - indexes.offsets.lastPosition;
  }

  add(header: BatchHeader, baseOffset: number, indexIntervalBytes: number): void {
    const lastOffset = baseOffset + header.lastOffsetDelta;
    this.noteTimestamp(header.maxTimestampMs, lastOffset);
    if (this.#bytesSinceEntry > indexIntervalBytes) {
      this.indexes.offsets.append(lastOffset, this.size);
      this.indexLargest();
      this.#bytesSinceEntry = 0;
    }
    if (this.size === 0) this.firstTimestampMs = header.maxTimestampMs;
    this.size += header.sizeInBytes;
    this.#bytesSinceEntry += header.sizeInBytes;
  }

  noteTimestamp(timestampMs: number, offset: number): void {
    if (timestampMs > this.largest.timestampMs) this.largest = { timestampMs, offset };
  }

  /** The entry that the end of a segment forces; none if the index has it already. */
  indexLargest(): void {
    this.indexes.times.maybeAppend(this.largest.timestampMs, this.largest.offset);
  }
}
