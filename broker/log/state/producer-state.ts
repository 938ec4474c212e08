/**
 * The producers of one partition: recognises retries, refuses gaps in a producer's sequence and
 * producers that were fenced by a newer epoch. Owner: the partition's log; all calls are synchronous.
 *
 * Invariant: the state is the one after the batch at `endOffset - 1`; it can be had again from any
 * snapshot and the batch headers behind it.
 *
 * As in Apache Kafka 2.8 to 3.9 a producer of which nothing is known (any more) may start with any
 * sequence: its entry may have gone by retention or expiry (KIP-360).
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { BatchHeader } from '../../records/batch-header.ts';
import type { AbortedTransaction } from '../transactions/aborted-transaction.ts';
import { OpenTransactions } from '../transactions/open-transactions.ts';
import type { ProducerFacts } from './producer-entry.ts';
import { NO_EPOCH, NO_OFFSET, ProducerEntry } from './producer-entry.ts';
import { encodeSnapshot } from './producer-snapshot.ts';
import { addToSequence, isNextSequence } from './sequence.ts';

/** What a control batch of a transaction says; its epoch is the batch's. */
export interface TransactionMarker {
  readonly coordinatorEpoch: number;
  /** Else it commits. */
  readonly isAbort: boolean;
}

/** Where a batch that came a second time lies. */
export interface DuplicateBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestampMs: number;
}

export class ProducerState {
  #entries = new Map<number, ProducerEntry>();
  readonly #transactions = new OpenTransactions();
  #endOffset: number;
  readonly #expirationMs: number;

  constructor(options: { readonly endOffset: number; readonly expirationMs: number }) {
    this.#endOffset = options.endOffset;
    this.#expirationMs = options.expirationMs;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  get count(): number {
    return this.#entries.size;
  }

  /**
   * First offset of the oldest transaction that is open, or whose marker the high watermark has not
   * passed; null if there is none.
   */
  get firstUnstableOffset(): number | null {
    return this.#transactions.firstUnstableOffset;
  }

  /** Of the open transactions: producer to first offset. */
  openTransactions(): ReadonlyMap<number, number> {
    return this.#transactions.openByProducer();
  }

  /** Of every producer the end: what compaction must not take away. */
  ends(): readonly {
    readonly producerId: number;
    readonly epoch: number;
    /** Of its last batch of records; -1: nothing but markers is known. */
    readonly lastDataOffset: number;
  }[] {
    return [...this.#entries.values()].map((entry) => {
      const { producerId, epoch, lastOffset } = entry.toFacts();
      return { producerId, epoch, lastDataOffset: lastOffset };
    });
  }

  /** Whether that producer, in that epoch, has a transaction open here. */
  hasOpenTransaction(producerId: number, producerEpoch: number): boolean {
    const entry = this.#entries.get(producerId);
    if (entry === undefined || entry.epoch !== producerEpoch) return false;
    return entry.currentTransactionFirstOffset !== NO_OFFSET;
  }

  /** Markers before it are where they will stay. */
  noteHighWatermark(highWatermark: number): void {
    this.#transactions.noteHighWatermark(highWatermark);
  }

  /** The log ends at `endOffset` now; `restore` follows. */
  noteTruncated(endOffset: number): void {
    this.#transactions.noteTruncated(endOffset);
  }

  /** Replaces everything by what a snapshot says, without the producers that expired since. */
  restore(producers: readonly ProducerFacts[], at: { endOffset: number; nowMs: number }): void {
    this.#entries = new Map();
    this.#endOffset = at.endOffset;
    for (const facts of producers) this.#entryOf(facts.producerId).addFacts(facts);
    this.expire(at.nowMs);
    const open = producers
      .filter(({ currentTransactionFirstOffset }) => currentTransactionFirstOffset !== NO_OFFSET)
      .map((facts) => ({ ...facts, firstOffset: facts.currentTransactionFirstOffset }));
    this.#transactions.restore(open);
  }

  /** The earlier batch with the same sequences, if this one is a retry. */
  findDuplicate(header: BatchHeader): DuplicateBatch | null {
    if (header.producerId < 0 || header.isControl) return null;
    const last = addToSequence(header.baseSequence, header.lastOffsetDelta);
    const batch = this.#entries
      .get(header.producerId)
      ?.find(header.producerEpoch, header.baseSequence, last);
    if (batch === undefined) return null;
    const { lastOffset, offsetDelta, timestampMs } = batch;
    return { baseOffset: lastOffset - offsetDelta, lastOffset, timestampMs };
  }

  /**
   * Whether the leader may append the batch now. Throws KafkaError: INVALID_PRODUCER_EPOCH,
   * OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED.
   */
  check(header: BatchHeader, marker: TransactionMarker | null): void {
    const entry = this.#entries.get(header.producerId);
    if (header.producerId < 0 || entry === undefined) return;
    if (header.producerEpoch < entry.epoch) throw staleEpoch(header, entry);
    if (marker !== null) checkCoordinator(marker, entry);
    if (header.isControl) return;
    checkSequence(header, entry);
    if (entry.currentTransactionFirstOffset !== NO_OFFSET && !header.isTransactional) {
      throw new KafkaError(
        ErrorCodes.INVALID_TXN_STATE,
        `producer ${String(header.producerId)} sent a batch outside the transaction it has open`,
      );
    }
  }

  /**
   * Takes notice of a batch that is appended at `baseOffset`, checked or not (replicas, recovery).
   * Returns the transaction that it aborts: it belongs into the segment's transaction index.
   */
  add(
    header: BatchHeader,
    baseOffset: number,
    marker: TransactionMarker | null,
  ): AbortedTransaction | null {
    const lastOffset = baseOffset + header.lastOffsetDelta;
    let aborted: AbortedTransaction | null = null;
    if (header.producerId >= 0) {
      const entry = this.#entryOf(header.producerId);
      entry.enterEpoch(Math.max(entry.epoch, header.producerEpoch));
      if (marker !== null) aborted = this.#endTransaction(entry, { header, marker, lastOffset });
      else if (!header.isControl) this.#addData(entry, header, { baseOffset, lastOffset });
    }
    this.#endOffset = lastOffset + 1;
    return aborted;
  }

  /** Forgets producers that were silent for producer.id.expiration.ms; never one in a transaction. */
  expire(nowMs: number): void {
    for (const [producerId, entry] of this.#entries) {
      if (this.#isExpired(entry, nowMs)) this.#entries.delete(producerId);
    }
  }

  /** The bytes of a snapshot file for the current end offset. */
  toSnapshot(): Buffer {
    return encodeSnapshot([...this.#entries.values()].flatMap((entry) => entry.toAllFacts()));
  }

  #addData(
    entry: ProducerEntry,
    header: BatchHeader,
    at: { readonly baseOffset: number; readonly lastOffset: number },
  ): void {
    entry.addBatch({
      lastSequence: addToSequence(header.baseSequence, header.lastOffsetDelta),
      lastOffset: at.lastOffset,
      offsetDelta: header.lastOffsetDelta,
      timestampMs: header.maxTimestampMs,
    });
    if (header.isTransactional && entry.currentTransactionFirstOffset === NO_OFFSET) {
      entry.currentTransactionFirstOffset = at.baseOffset;
      this.#transactions.begin(entry.producerId, at.baseOffset);
    }
  }

  /** A marker without records of a transaction before it has no effect on what is stable. */
  #endTransaction(
    entry: ProducerEntry,
    {
      header,
      marker,
      lastOffset,
    }: { header: BatchHeader; marker: TransactionMarker; lastOffset: number },
  ): AbortedTransaction | null {
    const firstOffset = entry.currentTransactionFirstOffset;
    entry.coordinatorEpoch = marker.coordinatorEpoch;
    entry.currentTransactionFirstOffset = NO_OFFSET;
    entry.timestampMs = header.maxTimestampMs;
    if (firstOffset === NO_OFFSET) return null;
    const lastStableOffset = this.#transactions.end({ firstOffset, lastOffset });
    if (!marker.isAbort) return null;
    return { producerId: header.producerId, firstOffset, lastOffset, lastStableOffset };
  }

  #entryOf(producerId: number): ProducerEntry {
    const known = this.#entries.get(producerId);
    if (known !== undefined) return known;
    const entry = new ProducerEntry(producerId);
    this.#entries.set(producerId, entry);
    return entry;
  }

  #isExpired(entry: ProducerEntry, nowMs: number): boolean {
    if (entry.currentTransactionFirstOffset !== NO_OFFSET) return false;
    return nowMs - entry.timestampMs >= this.#expirationMs;
  }
}

function checkSequence(header: BatchHeader, entry: ProducerEntry): void {
  if (entry.epoch === NO_EPOCH) return;
  if (header.producerEpoch !== entry.epoch) {
    if (header.baseSequence !== 0) throw outOfOrder(header, 'a new epoch starts at sequence 0');
    return;
  }
  if (isNextSequence(entry.lastSequence, header.baseSequence)) return;
  throw outOfOrder(header, `the last sequence was ${String(entry.lastSequence)}`);
}

/** A coordinator that was replaced must not end a transaction that its successor may have begun. */
function checkCoordinator(marker: TransactionMarker, entry: ProducerEntry): void {
  if (marker.coordinatorEpoch >= entry.coordinatorEpoch) return;
  throw new KafkaError(
    ErrorCodes.TRANSACTION_COORDINATOR_FENCED,
    `the marker is of coordinator epoch ${String(marker.coordinatorEpoch)}, ` +
      `the partition knows ${String(entry.coordinatorEpoch)}`,
  );
}

function outOfOrder(header: BatchHeader, why: string): KafkaError {
  const { producerId, producerEpoch, baseSequence } = header;
  return new KafkaError(
    ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
    `producer ${String(producerId)} of epoch ${String(producerEpoch)} ` +
      `sent sequence ${String(baseSequence)}: ${why}`,
  );
}

function staleEpoch(header: BatchHeader, entry: ProducerEntry): KafkaError {
  return new KafkaError(
    ErrorCodes.INVALID_PRODUCER_EPOCH,
    `producer ${String(header.producerId)} has epoch ${String(entry.epoch)}, ` +
      `the batch is of the older epoch ${String(header.producerEpoch)}`,
  );
}
