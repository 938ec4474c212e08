/** Runs tasks side by side, but no more than so many; the others wait in the order of their arrival. */

interface Waiting {
  readonly enter: () => void;
  next: Waiting | null;
}

export class TaskLimit {
  readonly #countMax: number;
  #running = 0;
  #first: Waiting | null = null;
  #last: Waiting | null = null;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** For what may be over at once: a place without waiting. After true, `leave` has to follow. */
  tryEnter(): boolean {
    if (this.#running >= this.#countMax) return false;
    this.#running += 1;
    return true;
  }

  /** The place is handed on: nobody who comes now gets in before whoever waits longest. */
  leave(): void {
    const first = this.#first;
    if (first === null) {
      this.#running -= 1;
      return;
    }
    this.#first = first.next;
    if (this.#first === null) this.#last = null;
    first.enter();
  }

  async run<T>(task: () => Promise<T> | T): Promise<T> {
    if (!this.tryEnter()) await this.#turn();
    try {
      return await task();
    } finally {
      this.leave();
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      const waiting: Waiting = { enter: resolve, next: null };
      if (this.#last === null) this.#first = waiting;
      else this.#last.next = waiting;
      this.#last = waiting;
    });
  }
}
