/**
 * How late the event loop is: a tick is due every half second, and what it comes later is time in
 * which nothing else could run either. Reported is the worst of the last ten seconds.
 */

import type { Clock } from '../platform/clock.ts';
import type { Timer, Timers } from '../platform/timers.ts';

const periodMs = 500;
const ticksKept = 20;

export class EventLoopLag {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #latenessMs: number[] = [];
  #timer: Timer | null = null;
  #tickedAtMs = 0;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer !== null) return;
    this.#tickedAtMs = this.#clock.monotonicMs();
    this.#timer = this.#timers.every(periodMs, () => this.#tick());
  }

  /** Idempotent. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  worstMs(): number {
    return Math.max(0, ...this.#latenessMs);
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#latenessMs.push(Math.max(0, nowMs - this.#tickedAtMs - periodMs));
    if (this.#latenessMs.length > ticksKept) this.#latenessMs.shift();
    this.#tickedAtMs = nowMs;
  }
}
