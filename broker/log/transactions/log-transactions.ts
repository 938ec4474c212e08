/**
 * The transactions of one log as its partition and its readers see them. Owner: PartitionLog.
 *
 * The last stable offset of a partition is the smaller of `firstUnstableOffset` and its high watermark.
 */

import type { LogRead } from '../log-reader.ts';
import type { LogState } from '../log-state.ts';
import type { OffsetRange } from './aborted-in-range.ts';
import type { AbortedTransaction } from './aborted-transaction.ts';
import { findAborted } from './aborted-transactions.ts';

type Aborted = readonly AbortedTransaction[];

export class LogTransactions {
  readonly #state: LogState;

  constructor(state: LogState) {
    this.#state = state;
  }

  /**
   * First offset of the oldest transaction that is open, or whose marker the high watermark has not
   * passed; null if there is none. Of markers from before the log was opened it knows those behind
   * the snapshot that its producers were loaded from.
   */
  get firstUnstableOffset(): number | null {
    const first = this.#state.producers.firstUnstableOffset;
    return first === null ? null : Math.max(first, this.#state.logStartOffset);
  }

  /** Of the transactions that are open: producer to first offset. */
  open(): ReadonlyMap<number, number> {
    return this.#state.producers.openTransactions();
  }

  /** Whether that producer, in that epoch, has a transaction open here. */
  hasOpen(producerId: number, producerEpoch: number): boolean {
    return this.#state.producers.hasOpenTransaction(producerId, producerEpoch);
  }

  /** What lies before it is on every replica that counts. May go back. */
  noteHighWatermark(highWatermark: number): void {
    this.#state.producers.noteHighWatermark(highWatermark);
  }

  /**
   * The aborted transactions that have records in the range, in the order of their markers; at once
   * where there are none. What is open at `upperBound` is not known. Rejects with KafkaError
   * KAFKA_STORAGE_ERROR.
   */
  aborted(range: OffsetRange): Aborted | Promise<Aborted> {
    return findAborted(this.#state, range);
  }

  /**
   * The same for what a read of the offset `from` gave. As in Apache Kafka the read's end is only
   * known as near as the offset index has it, so some may be named that lie behind it.
   */
  abortedIn(read: LogRead, range: OffsetRange): Aborted | Promise<Aborted> {
    const { segments } = this.#state;
    const index = segments.indexOf(read.segmentBaseOffset);
    const segment = segments.at(index);
    if (read.size === 0 || segment === undefined) return [];
    const segmentEnd = segments.at(index + 1)?.baseOffset ?? Infinity;
    const find = (end: number): Aborted | Promise<Aborted> =>
      this.aborted({ ...range, upperBound: Math.min(range.upperBound, segmentEnd, end) });
    // Compaction has joined the segment to an earlier one: its positions are others.
    if (segment.baseOffset !== read.segmentBaseOffset) return find(segmentEnd);
    const end = segment.reader.offsetBehind(read.startPosition + read.size);
    return end instanceof Promise ? end.then(find) : find(end);
  }
}
