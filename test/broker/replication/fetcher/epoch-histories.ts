/**
 * Two logs as two brokers may have them that have led a partition in turn: each epoch has one leader,
 * which has first cut the other's log to where it agrees with its own, if it got so far, and given it
 * some of its batches; then it has appended some of its own.
 */

import fc from 'fast-check';

export interface HistoryBatch {
  readonly offset: number;
  readonly count: number;
  readonly epoch: number;
}

export interface History {
  readonly batches: readonly HistoryBatch[];
  /** With epochs in which it has led and appended nothing. */
  readonly epochs: readonly { readonly epoch: number; readonly startOffset: number }[];
}

export interface Tenure {
  /** Which of the two leads. */
  readonly leader: 0 | 1;
  /** Sizes in records of what it appends. */
  readonly appends: readonly number[];
  /** How many batches the other gets of it; null: it is not even reached. */
  readonly replicated: number | null;
}

export const tenures: fc.Arbitrary<readonly Tenure[]> = fc.array(
  fc.record({
    leader: fc.constantFrom(0 as const, 1 as const),
    appends: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }),
    // Often: logs that part several times are what this is about.
    replicated: fc.option(fc.nat({ max: 6 }), { nil: null, freq: 3 }),
  }),
  { minLength: 1, maxLength: 9 },
);

/** The two logs, that of the last leader first. */
export function historiesOf(all: readonly Tenure[]): readonly [History, History] {
  const logs: [Mutable, Mutable] = [new Mutable(), new Mutable()];
  all.forEach(({ leader, appends, replicated }, epoch) => {
    const ours = logs[leader];
    const other = logs[1 - leader === 0 ? 0 : 1];
    ours.lead(epoch);
    for (const count of appends) ours.append(count, epoch);
    if (replicated !== null) other.follow(ours, replicated);
  });
  const last = all.at(-1)?.leader ?? 0;
  return last === 0 ? [logs[0], logs[1]] : [logs[1], logs[0]];
}

/** The end of what both have: the same batches. */
export function commonEnd(one: History, other: History): number {
  let end = 0;
  for (const [index, batch] of one.batches.entries()) {
    const twin = other.batches[index];
    if (twin?.epoch !== batch.epoch || twin.offset !== batch.offset) break;
    end = batch.offset + batch.count;
  }
  return end;
}

export function endOf({ batches }: History): number {
  const last = batches.at(-1);
  return last === undefined ? 0 : last.offset + last.count;
}

/** What a leader answers for an epoch: the largest that it knows up to that one, and its end. */
export function epochEnd(
  history: History,
  epoch: number,
): { readonly epoch: number; readonly endOffset: number } {
  const { epochs } = history;
  const latest = epochs.at(-1)?.epoch ?? -1;
  if (epoch > latest) return { epoch: -1, endOffset: -1 };
  if (epoch === latest) return { epoch, endOffset: endOf(history) };
  const next = epochs.find((entry) => entry.epoch > epoch);
  const floor = epochs.findLast((entry) => entry.epoch <= epoch);
  return { epoch: floor?.epoch ?? epoch, endOffset: next?.startOffset ?? 0 };
}

class Mutable implements History {
  batches: HistoryBatch[] = [];
  epochs: { readonly epoch: number; readonly startOffset: number }[] = [];

  lead(epoch: number): void {
    this.#begin(epoch, endOf(this));
  }

  append(count: number, epoch: number): void {
    this.#begin(epoch, endOf(this));
    this.batches.push({ offset: endOf(this), count, epoch });
  }

  /** Agrees with the leader by looking at both logs whole, which is what the dialogue has to match. */
  follow(leader: History, count: number): void {
    const end = commonEnd(this, leader);
    this.batches = this.batches.filter(({ offset }) => offset < end);
    this.epochs = this.epochs.filter(({ startOffset }) => startOffset < end);
    const missing = leader.batches.filter(({ offset }) => offset >= end).slice(0, count);
    for (const batch of missing) {
      this.#begin(batch.epoch, batch.offset);
      this.batches.push(batch);
    }
  }

  #begin(epoch: number, startOffset: number): void {
    if ((this.epochs.at(-1)?.epoch ?? -1) >= epoch) return;
    this.epochs = this.epochs.filter((entry) => entry.startOffset < startOffset);
    this.epochs.push({ epoch, startOffset });
  }
}
