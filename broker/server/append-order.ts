/**
 * Appends of a partition in the order in which they came, although some need work first: a compressed
 * batch that has to be looked into is decompressed elsewhere, and what comes after it must wait.
 *
 * Invariants: an append begins when all earlier ones of its partition have begun or failed; where
 * none waits, it begins at once, in the caller's turn. What is prepared is prepared side by side.
 */

import type { Partition } from '../replication/partition.ts';

export class AppendOrder {
  /** Of the partitions where something waits: settles, never fails, when the last one has begun. */
  readonly #tails = new Map<Partition, Promise<unknown>>();

  /** `preparation` is what this append has to wait for; if it fails, there is no append. */
  run<T>(
    partition: Partition,
    { append, preparation }: { append: () => T; preparation: Promise<void> | null },
  ): T | Promise<T> {
    const tail = this.#tails.get(partition);
    if (tail === undefined && preparation === null) return append();
    const turn = inTurn(tail, { append, preparation });
    const settled = Promise.allSettled([turn]).then(() => {
      if (this.#tails.get(partition) === settled) this.#tails.delete(partition);
    });
    this.#tails.set(partition, settled);
    return turn;
  }
}

async function inTurn<T>(
  tail: Promise<unknown> | undefined,
  { append, preparation }: { append: () => T; preparation: Promise<void> | null },
): Promise<T> {
  // Together: a preparation that fails while earlier ones are waited for is not unhandled.
  await Promise.allSettled([tail, preparation]);
  await preparation;
  return append();
}
