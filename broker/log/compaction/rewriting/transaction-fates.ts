/**
 * What became of the transactions of a log, in one walk over its batches from the start: whether the
 * records of a batch were aborted, and whether anything of a transaction is left when its marker
 * comes. Everything in the walk lies before the last stable offset: no transaction is undecided.
 */

import type { BatchHeader } from '../../../records/batch-header.ts';
import type { AbortedTransaction } from '../../transactions/aborted-transaction.ts';
import type { TransactionMarker } from '../../state/producer-state.ts';

/** What a marker ends. */
export interface EndedTransaction {
  /** No batch of it has come before: nobody needs the marker. */
  readonly isGone: boolean;
  /** To be kept in the transaction index, as batches of it are. */
  readonly aborted: AbortedTransaction | null;
}

interface OngoingAborted {
  readonly transaction: AbortedTransaction;
  hasBatches: boolean;
}

export class TransactionFates {
  /** Still to come, by rising first offset. */
  readonly #aborted: readonly AbortedTransaction[];
  #next = 0;
  readonly #ongoingAborted = new Map<number, OngoingAborted>();
  readonly #ongoingCommitted = new Set<number>();

  /** Those that were aborted, in any order. */
  constructor(aborted: readonly AbortedTransaction[]) {
    this.#aborted = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset);
  }

  /** Of a batch of records. */
  isAborted(header: BatchHeader): boolean {
    this.#advance(header.lastOffset);
    if (!header.isTransactional) return false;
    const ongoing = this.#ongoingAborted.get(header.producerId);
    if (ongoing === undefined) this.#ongoingCommitted.add(header.producerId);
    else ongoing.hasBatches = true;
    return ongoing !== undefined;
  }

  /** Null: a control batch that is no marker (any more). */
  end(header: BatchHeader, marker: TransactionMarker | null): EndedTransaction {
    this.#advance(header.lastOffset);
    // One that compaction has emptied says nothing; of other control records nothing is known.
    if (marker === null) return { isGone: header.recordCount === 0, aborted: null };
    if (!marker.isAbort) {
      return { isGone: !this.#ongoingCommitted.delete(header.producerId), aborted: null };
    }
    const ongoing = this.#ongoingAborted.get(header.producerId);
    this.#ongoingAborted.delete(header.producerId);
    // Not in the index, and yet there are batches: readers still need the marker.
    const isUnknown = this.#ongoingCommitted.delete(header.producerId);
    if (ongoing?.hasBatches === true) return { isGone: false, aborted: ongoing.transaction };
    return { isGone: !isUnknown, aborted: null };
  }

  #advance(offset: number): void {
    for (;;) {
      const transaction = this.#aborted[this.#next];
      if (transaction === undefined || transaction.firstOffset > offset) return;
      this.#next += 1;
      const { producerId } = transaction;
      if (!this.#ongoingAborted.has(producerId)) {
        this.#ongoingAborted.set(producerId, { transaction, hasBatches: false });
      }
    }
  }
}
