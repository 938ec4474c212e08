/**
 * How many bytes of requests a broker holds at once, over the connections of all listeners
 * (`queued.max.request.bytes`). A request is charged when its size is known, before its bytes are read,
 * and given back when it is answered.
 *
 * Invariants: who waits is served in the order of asking, so that small requests do not overtake a
 * large one for ever. What is held stays below the limit, but for a request that is larger than the
 * whole limit: it goes alone, when nothing else is held.
 */

import assert from 'node:assert/strict';
import { Fifo } from './fifo.ts';

interface Waiter {
  readonly size: number;
  /** Null: has given up. */
  onGranted: (() => void) | null;
}

/** A claim that waits for room. */
export interface MemoryWait {
  /** Only before it was granted. */
  cancel(): void;
}

export class RequestMemory {
  readonly #sizeMax: number;
  readonly #waiters = new Fifo<Waiter>();
  #used = 0;

  /** Infinity: no limit. */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Bytes that are held. */
  get used(): number {
    return this.#used;
  }

  /** Null: `size` bytes are held from now on. Otherwise they are when `onGranted` is called. */
  take(size: number, onGranted: () => void): MemoryWait | null {
    if (this.#waiters.length === 0 && this.#hasRoom(size)) {
      this.#used += size;
      return null;
    }
    const waiter: Waiter = { size, onGranted };
    this.#waiters.push(waiter);
    return {
      cancel: () => {
        waiter.onGranted = null;
        this.#grant();
      },
    };
  }

  giveBack(size: number): void {
    this.#used -= size;
    assert(this.#used >= 0);
    if (this.#waiters.length > 0) this.#grant();
  }

  #grant(): void {
    for (;;) {
      const { first } = this.#waiters;
      if (first === undefined) return;
      if (first.onGranted !== null && !this.#hasRoom(first.size)) return;
      this.#waiters.shift();
      if (first.onGranted === null) continue;
      this.#used += first.size;
      first.onGranted();
    }
  }

  #hasRoom(size: number): boolean {
    return this.#used === 0 || this.#used + size <= this.#sizeMax;
  }
}
