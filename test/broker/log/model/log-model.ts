/**
 * The log as a plain array of batches, and what must follow from it: what a read gives, which record has
 * a time, which producers and transactions there are.
 *
 * Batches that retention dropped stay in the array, as a crash may bring their segments back; what is
 * visible begins at the log start, and what is in the files at `firstSegment`.
 */

import type { ModelBatch } from './model-batch.ts';

export type CleanupPolicy = 'delete' | 'compact' | 'compact,delete';

export const PRODUCER_IDS = [10, 11, 12, 20, 21];

export interface ModelProducer {
  readonly epoch: number;
  /** Of the current epoch, oldest first. */
  readonly batches: readonly ModelBatch[];
  readonly lastSequence: number;
  /** Null: none is open. */
  readonly transactionFirstOffset: number | null;
  /** Its last batch or marker. */
  readonly lastOffset: number;
}

export interface ModelAborted {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

export class LogModel {
  batches: readonly ModelBatch[] = [];
  logStart = 0;
  end = 0;
  /** Base offset of the first segment: what lies before it may be forgotten. */
  firstSegment = 0;
  /** The log start that the epochs have followed: a crash may bring it back, but not their past. */
  epochsFrom = 0;
  /** False: of what lies before the log start nobody knows how much is in the files. */
  isSizeKnown = true;

  add(batch: ModelBatch): void {
    this.batches = [...this.batches, batch];
    this.end = batch.lastOffset + 1;
  }

  get visible(): readonly ModelBatch[] {
    return this.batches.filter(({ lastOffset }) => lastOffset >= this.logStart);
  }

  /** Those whose bytes are in the files. */
  get stored(): readonly ModelBatch[] {
    return this.batches.filter(({ lastOffset }) => lastOffset >= this.firstSegment);
  }

  /** Where the log ends if it is truncated to the offset: batches are never divided. */
  endOfTruncation(offset: number): number {
    const divided = this.batches.find(({ lastOffset }) => lastOffset >= offset);
    return Math.min(this.end, offset, divided?.baseOffset ?? offset);
  }

  /** A start finds the end of the last batch, not that of a hole behind it. */
  endOfBatches(offset: number): number {
    const last = this.stored.findLast(({ lastOffset }) => lastOffset < offset);
    return last === undefined ? Math.min(offset, this.firstSegment) : last.lastOffset + 1;
  }

  cutTo(end: number): void {
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset < end);
    this.end = end;
  }

  restartAt(offset: number): void {
    this.batches = [];
    this.end = offset;
    this.logStart = offset;
    this.firstSegment = offset;
    this.epochsFrom = 0;
  }

  /** All that a read may give: the log gives a beginning of it, up to the end of a segment. */
  readable(options: {
    readonly offset: number;
    readonly upperBound: number;
  }): readonly ModelBatch[] {
    return this.visible.filter(
      ({ lastOffset }) => lastOffset >= options.offset && lastOffset < options.upperBound,
    );
  }

  /** The first record of that time or later, by offsets. */
  recordOfTime(timestampMs: number): { offset: number; timestampMs: number } | null {
    for (const batch of this.visible) {
      for (let index = 0; index < batch.count; index += 1) {
        const offset = batch.baseOffset + index;
        const time = batch.timestampMs + index;
        if (offset >= this.logStart && time >= timestampMs) return { offset, timestampMs: time };
      }
    }
    return null;
  }

  producer(producerId: number): ModelProducer | null {
    let state: ModelProducer | null = null;
    for (const batch of this.batches) {
      if (batch.producer?.id === producerId) state = after(state, batch);
    }
    return state;
  }

  /** Aborted transactions by their markers. */
  aborted(): readonly ModelAborted[] {
    const found: ModelAborted[] = [];
    const open = new Map<number, number>();
    for (const { producer, isTransactional, marker, baseOffset, lastOffset } of this.batches) {
      if (producer === null || !isTransactional) continue;
      const firstOffset = open.get(producer.id);
      if (marker === null) open.set(producer.id, firstOffset ?? baseOffset);
      else open.delete(producer.id);
      if (marker !== 'abort' || firstOffset === undefined) continue;
      found.push({ producerId: producer.id, firstOffset, lastOffset });
    }
    return found;
  }
}

function after(state: ModelProducer | null, batch: ModelBatch): ModelProducer {
  const { producer, marker, lastOffset, isTransactional, count } = batch;
  const epoch = producer?.epoch ?? -1;
  const known = state?.epoch === epoch ? state.batches : [];
  if (marker !== null) {
    const lastSequence = state?.epoch === epoch ? state.lastSequence : -1;
    return { epoch, batches: known, lastSequence, transactionFirstOffset: null, lastOffset };
  }
  const first = state?.transactionFirstOffset ?? null;
  return {
    epoch,
    batches: [...known, batch].slice(-5),
    lastSequence: (producer?.baseSequence ?? 0) + count - 1,
    transactionFirstOffset: first ?? (isTransactional ? batch.baseOffset : null),
    lastOffset,
  };
}
