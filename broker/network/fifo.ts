/** A queue whose first items are taken in constant time, however many wait behind them. */

/** Fewer taken items than this are not worth moving the others. */
const TAKEN_MAX = 256;

export class Fifo<T> {
  #items: T[] = [];
  /** Items before it are taken. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.first;
    if (item === undefined) return undefined;
    this.#head += 1;
    if (this.length === 0) this.#clear();
    else if (this.#head > TAKEN_MAX && this.#head > this.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Everything that waits, in order; the queue is empty afterwards. */
  takeAll(): readonly T[] {
    const rest = this.#items.slice(this.#head);
    this.#clear();
    return rest;
  }

  #clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
