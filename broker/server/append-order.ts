/**
 * Appends of a partition in the order in which they came, although some need work first: a batch that
 * has to be looked into, or to get another codec, is worked on elsewhere, and what comes after it must
 * wait.
 *
 * Invariants: an append begins when all earlier ones of its partition have begun or failed; where
 * none waits, it begins at once, in the caller's turn. What is prepared is prepared side by side.
 */

import type { Partition } from '../replication/partition.ts';

export class AppendOrder {
  /** Of the partitions where something waits: settles, never fails, when the last one has begun. */
  readonly #tails = new Map<Partition, Promise<unknown>>();

  /** `preparation` makes what is to be appended; null: it is ready. If it fails, there is no append. */
  run<P, T>(
    partition: Partition,
    { ready, preparation, append }: OrderedAppend<P, T>,
  ): T | Promise<T> {
    const tail = this.#tails.get(partition);
    if (tail === undefined && preparation === null) return append(ready);
    const turn = inTurn(tail, { ready, preparation, append });
    const settled = Promise.allSettled([turn]).then(() => {
      if (this.#tails.get(partition) === settled) this.#tails.delete(partition);
    });
    this.#tails.set(partition, settled);
    return turn;
  }
}

interface OrderedAppend<P, T> {
  readonly ready: P;
  readonly preparation: Promise<P> | null;
  readonly append: (prepared: P) => T;
}

async function inTurn<P, T>(
  tail: Promise<unknown> | undefined,
  { ready, preparation, append }: OrderedAppend<P, T>,
): Promise<T> {
  // Together: a preparation that fails while earlier ones are waited for is not unhandled.
  await Promise.allSettled([tail, preparation]);
  return append(preparation === null ? ready : await preparation);
}
