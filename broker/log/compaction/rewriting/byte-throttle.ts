/** Holds a job back to so many bytes in a second, read and written together. */

import type { Clock } from '../../../platform/clock.ts';
import type { Timers } from '../../../platform/timers.ts';
import { delay } from '../../../platform/timers.ts';

/** Shorter waits are gathered. */
const WAIT_MS_MIN = 50;

export class ByteThrottle {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #signal: AbortSignal;
  /** When what was taken so far may have been taken, on the monotonic clock. */
  #paidUntilMs: number;

  constructor(
    bytesPerSecond: number,
    context: { readonly clock: Clock; readonly timers: Timers; readonly signal: AbortSignal },
  ) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = context.clock;
    this.#timers = context.timers;
    this.#signal = context.signal;
    this.#paidUntilMs = context.clock.monotonicMs();
  }

  /** To be called for what was read or written. Rejects with the signal's reason. */
  async take(bytes: number): Promise<void> {
    this.#signal.throwIfAborted();
    const nowMs = this.#clock.monotonicMs();
    const durationMs = (bytes * 1000) / this.#bytesPerSecond;
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs) + durationMs;
    const waitMs = this.#paidUntilMs - nowMs;
    if (waitMs >= WAIT_MS_MIN) await delay(this.#timers, waitMs, this.#signal);
  }
}
