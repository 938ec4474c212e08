/** What the thread that compacts a log is told, and what it tells: plain data. */

import type { AbortedTransaction } from '../transactions/aborted-transaction.ts';

/** A segment that will not change while the log is compacted. */
export interface SourceSegment {
  readonly baseOffset: number;
  readonly path: string;
  readonly offsetIndexPath: string;
  readonly timeIndexPath: string;
  readonly size: number;
  readonly modifiedMs: number;
}

/** The last batch of a producer: compaction keeps it, at least as an empty one. */
export interface ProducerEnd {
  readonly producerId: number;
  readonly epoch: number;
  /** -1: it has sent nothing but markers, of which the last is kept. */
  readonly lastDataOffset: number;
}

export interface CleanerLimits {
  /** Memory of the table of keys, and how full it may get. */
  readonly dedupeBufferBytes: number;
  readonly dedupeLoadFactor: number;
  readonly ioBufferBytes: number;
  /** Infinity: no limit. */
  readonly bytesPerSecondMax: number;
}

export interface CleaningInput {
  readonly folder: string;
  /** From the first of the log on, up to the one that starts at `firstUncleanableOffset`. */
  readonly segments: readonly SourceSegment[];
  /** Everything before it is compacted. */
  readonly firstDirtyOffset: number;
  /** Base offset of the first segment that stays as it is. */
  readonly firstUncleanableOffset: number;
  readonly abortedTransactions: readonly AbortedTransaction[];
  readonly producers: readonly ProducerEnd[];
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly hashSecret: Uint8Array;
  readonly limits: CleanerLimits;
}

export interface CleaningOutput {
  /** Everything before it is compacted now. */
  readonly endOffset: number;
  readonly keyCount: number;
  /** Of the table of keys: a full one leaves a part for the next time. */
  readonly utilization: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly readRecordCount: number;
  readonly keptRecordCount: number;
  /** Without a key: they are dropped. */
  readonly invalidRecordCount: number;
}
