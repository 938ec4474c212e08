/** What a partition knows of one producer: its epoch and its last batches. */

import { subtractFromSequence } from './sequence.ts';

/** Retries of a producer with five requests in flight are recognised. */
const KEPT_BATCHES_MAX = 5;

export const NO_EPOCH = -1;
const NO_SEQUENCE = -1;
export const NO_OFFSET = -1;

interface ProducerBatch {
  readonly lastSequence: number;
  readonly lastOffset: number;
  readonly offsetDelta: number;
  readonly timestampMs: number;
}

/**
 * As a snapshot has it, with one batch. Apache Kafka writes the last one of each producer and, where one
 * stands there more than once, believes the last; so the batches before it go in front of it.
 */
export interface ProducerFacts {
  readonly producerId: number;
  readonly epoch: number;
  readonly lastSequence: number;
  readonly lastOffset: number;
  readonly offsetDelta: number;
  readonly timestampMs: number;
  readonly coordinatorEpoch: number;
  readonly currentTransactionFirstOffset: number;
}

/** Mutable; owned by one ProducerState. */
export class ProducerEntry {
  readonly producerId: number;
  epoch = NO_EPOCH;
  coordinatorEpoch = -1;
  /** Of the last batch or marker. */
  timestampMs = -1;
  /** -1: no transaction is open. */
  currentTransactionFirstOffset = NO_OFFSET;
  /** Oldest first; those of the current epoch only. */
  #batches: ProducerBatch[] = [];

  constructor(producerId: number) {
    this.producerId = producerId;
  }

  /** What stands behind the facts known so far. */
  addFacts(facts: ProducerFacts): void {
    this.enterEpoch(facts.epoch);
    this.coordinatorEpoch = facts.coordinatorEpoch;
    this.currentTransactionFirstOffset = facts.currentTransactionFirstOffset;
    if (facts.lastSequence !== NO_SEQUENCE || facts.lastOffset !== NO_OFFSET) {
      const { lastSequence, lastOffset, offsetDelta, timestampMs } = facts;
      this.addBatch({ lastSequence, lastOffset, offsetDelta, timestampMs });
    }
    this.timestampMs = facts.timestampMs;
  }

  get lastSequence(): number {
    return this.#batches.at(-1)?.lastSequence ?? NO_SEQUENCE;
  }

  /** The batch with exactly these sequences, if it is one of the last five. */
  find(epoch: number, firstSequence: number, lastSequence: number): ProducerBatch | undefined {
    if (epoch !== this.epoch) return undefined;
    return this.#batches.find(
      (batch) =>
        batch.lastSequence === lastSequence &&
        subtractFromSequence(batch.lastSequence, batch.offsetDelta) === firstSequence,
    );
  }

  /** A new epoch starts its sequences anew. */
  enterEpoch(epoch: number): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.#batches = [];
  }

  addBatch(batch: ProducerBatch): void {
    if (this.#batches.length === KEPT_BATCHES_MAX) this.#batches.shift();
    this.#batches.push(batch);
    this.timestampMs = batch.timestampMs;
  }

  /** Of each batch, the last one last: a retry of any of them is known after a restart, too. */
  toAllFacts(): readonly ProducerFacts[] {
    const last = this.toFacts();
    const earlier = this.#batches.slice(0, -1).map((batch) => ({
      ...last,
      ...batch,
      currentTransactionFirstOffset: NO_OFFSET,
    }));
    return [...earlier, last];
  }

  toFacts(): ProducerFacts {
    const last = this.#batches.at(-1);
    return {
      producerId: this.producerId,
      epoch: this.epoch,
      lastSequence: last?.lastSequence ?? NO_SEQUENCE,
      lastOffset: last?.lastOffset ?? NO_OFFSET,
      offsetDelta: last?.offsetDelta ?? 0,
      timestampMs: this.timestampMs,
      coordinatorEpoch: this.coordinatorEpoch,
      currentTransactionFirstOffset: this.currentTransactionFirstOffset,
    };
  }
}
