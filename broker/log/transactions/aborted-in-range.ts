/**
 * The aborted transactions that have records in a range of offsets, as a reader of committed records
 * needs them; gathered by walking over transaction indexes from the segment of `from` on.
 *
 * Kafka's rule: those that end at `from` or later and begin before `upperBound`. They are indexed by
 * their markers, which come later than the records, so the walk goes on, into later segments too,
 * until it meets a last stable offset at or behind `upperBound`: all transactions that began before
 * it had ended by then.
 */

import type { AbortedTransaction } from './aborted-transaction.ts';

export interface OffsetRange {
  readonly from: number;
  /** Exclusive. */
  readonly upperBound: number;
}

export class AbortedInRange {
  readonly range: OffsetRange;
  readonly transactions: AbortedTransaction[] = [];
  /** Nothing more can come. */
  isComplete = false;
  #lastOffset = -1;

  constructor(range: OffsetRange) {
    this.range = range;
  }

  /**
   * Takes the next entry, in the order of markers; true when it was the last one needed. Entries that
   * come again, as an index had to be read again, do nothing.
   */
  add(entry: AbortedTransaction): boolean {
    if (entry.lastOffset <= this.#lastOffset) return this.isComplete;
    const { from, upperBound } = this.range;
    this.#lastOffset = entry.lastOffset;
    if (entry.lastOffset >= from && entry.firstOffset < upperBound) this.transactions.push(entry);
    this.isComplete ||= entry.lastStableOffset >= upperBound;
    return this.isComplete;
  }
}
