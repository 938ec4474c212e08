/**
 * Many deadlines with one timer: most waits end long before theirs, and a timer for each would cost
 * more than the wait.
 *
 * Invariant: an entry expires once, not before its time, unless it is removed first. The timer may
 * fire for an entry that has gone; then it is set for the next one, or not at all.
 */

import type { Clock } from '../../platform/clock.ts';
import type { Timer, Timers } from '../../platform/timers.ts';

export interface Expiring {
  /** Of the monotonic clock. */
  readonly deadlineMs: number;
  readonly expire: () => void;
}

export class Deadlines {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #timers: Pick<Timers, 'after'>;
  readonly #entries = new Set<Expiring>();
  #timer: Timer | null = null;
  #timerMs = Infinity;

  constructor(clock: Pick<Clock, 'monotonicMs'>, timers: Pick<Timers, 'after'>) {
    this.#clock = clock;
    this.#timers = timers;
  }

  get count(): number {
    return this.#entries.size;
  }

  add(entry: Expiring): void {
    this.#entries.add(entry);
    if (entry.deadlineMs < this.#timerMs) this.#set(entry.deadlineMs);
  }

  remove(entry: Expiring): void {
    this.#entries.delete(entry);
  }

  #set(deadlineMs: number): void {
    this.#timer?.cancel();
    this.#timerMs = deadlineMs;
    const delayMs = Math.max(0, Math.ceil(deadlineMs - this.#clock.monotonicMs()));
    this.#timer = this.#timers.after(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#timer = null;
    this.#timerMs = Infinity;
    const nowMs = this.#clock.monotonicMs();
    let nextMs = Infinity;
    for (const entry of [...this.#entries]) {
      if (entry.deadlineMs > nowMs) {
        nextMs = Math.min(nextMs, entry.deadlineMs);
      } else if (this.#entries.delete(entry)) {
        entry.expire();
      }
    }
    if (nextMs < this.#timerMs) this.#set(nextMs);
  }
}
