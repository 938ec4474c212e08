/**
 * Bytes per second over the last windows of time: the present window and those before it, as many as
 * there are to be; older ones fall out as a whole. Time that has not passed yet since the first byte
 * counts as one window, so that a burst at the beginning is a high rate.
 */

import assert from 'node:assert/strict';
import type { Clock } from '../../platform/clock.ts';

export interface ByteRateOptions {
  readonly clock: Clock;
  readonly windowCount: number;
  readonly windowMs: number;
}

export class ByteRate {
  readonly #clock: Clock;
  readonly #windowMs: number;
  /** A ring; that of window n stands at n modulo their number. */
  readonly #bytes: number[];
  /** The last window that was looked at, counted from the start of the clock. */
  #window: number;
  /** The first window with a byte in it that may still count. */
  #oldest: number;
  #total = 0;

  constructor({ clock, windowCount, windowMs }: ByteRateOptions) {
    assert(windowCount > 0 && windowMs > 0);
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#bytes = Array.from({ length: windowCount }, () => 0);
    this.#window = this.#windowNow();
    this.#oldest = this.#window;
  }

  record(bytes: number): void {
    this.#moveOn();
    if (this.#total === 0) this.#oldest = this.#window;
    const index = this.#window % this.#bytes.length;
    this.#bytes[index] = (this.#bytes[index] ?? 0) + bytes;
    this.#total += bytes;
  }

  get bytesPerSecond(): number {
    this.#moveOn();
    if (this.#total === 0) return 0;
    const elapsedMs = this.#clock.monotonicMs() - this.#oldest * this.#windowMs;
    return (this.#total * 1000) / Math.max(elapsedMs, this.#windowMs);
  }

  /** Empties the windows that have begun since, and those that are too old with it. */
  #moveOn(): void {
    const now = this.#windowNow();
    const count = this.#bytes.length;
    for (let passed = Math.min(now - this.#window, count); passed > 0; passed -= 1) {
      const index = (now - passed + 1) % count;
      this.#total -= this.#bytes[index] ?? 0;
      this.#bytes[index] = 0;
    }
    this.#window = now;
    this.#oldest = Math.max(this.#oldest, now - count + 1);
  }

  #windowNow(): number {
    return Math.floor(this.#clock.monotonicMs() / this.#windowMs);
  }
}
