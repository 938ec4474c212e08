/** Events by time, then by the seed's priority, then by age: a binary heap. */

import type { ScheduledEvent } from './scheduled-event.ts';

export class EventHeap {
  readonly #heap: ScheduledEvent[] = [];

  push(event: ScheduledEvent): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(event);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = event;
  }

  /** The next that was not cancelled; null: there is none. */
  pop(): ScheduledEvent | null {
    for (;;) {
      const first = this.#take();
      if (first === null || !first.isCancelled) return first;
    }
  }

  #take(): ScheduledEvent | null {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return null;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  /** Puts the event in the place of the first, and from there down to where it belongs. */
  #sink(event: ScheduledEvent): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      const left = heap[place * 2 + 1];
      const right = heap[place * 2 + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, event)) break;
      heap[place] = child;
      place = place * 2 + (isRight ? 2 : 1);
    }
    heap[place] = event;
  }
}

function isBefore(left: ScheduledEvent, right: ScheduledEvent): boolean {
  if (left.atMs !== right.atMs) return left.atMs < right.atMs;
  if (left.priority !== right.priority) return left.priority < right.priority;
  return left.sequence < right.sequence;
}
