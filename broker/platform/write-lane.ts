/**
 * Decides where the buffered writes of one device run: at once on the event loop, or in the thread
 * pool. A write into the page cache takes 0.1 ms, until the kernel makes writers wait for the disk:
 * then it can take half a second, in which the whole broker would stand still.
 *
 * - Inline until one inline write took longer than `slowMs`; from then on in the pool.
 * - Back inline when the device looks recovered: `calmCount` pool writes in a row were done within
 *   `stallMs` (seen from the event loop, so more than `slowMs`), and the pause since the last slow
 *   write, in either place, is over. The next write is then the probe.
 * - A probe, or any inline write within `reliefMs` of it, that takes `stallMs` or longer doubles the
 *   pause, up to `pauseMsMax`: a disk that is written faster than it can take stops the loop seldom
 *   enough to stay out of the 99th percentile. What is slow but no stall, as when the process had to
 *   wait for a processor, leaves the pause as it is.
 *
 * One lane per device, shared by all files on it; used from the event loop only.
 */

import type { Clock } from './clock.ts';

interface WriteLaneOptions {
  readonly slowMs: number;
  readonly stallMs: number;
  readonly calmCount: number;
  readonly pauseMs: number;
  readonly pauseMsMax: number;
  readonly reliefMs: number;
}

export const WRITE_LANE_DEFAULTS: WriteLaneOptions = {
  slowMs: 2,
  stallMs: 10,
  calmCount: 16,
  pauseMs: 100,
  pauseMsMax: 30_000,
  reliefMs: 60_000,
};

export class WriteLane {
  readonly #clock: Clock;
  readonly #options: WriteLaneOptions;
  #isInline = true;
  /** Quick writes in the pool, in a row. */
  #calm = 0;
  #pauseMs: number;
  #slowAtMs = -Infinity;
  /** When it came back from the pool. */
  #probedAtMs = -Infinity;

  constructor(clock: Clock, options = WRITE_LANE_DEFAULTS) {
    this.#clock = clock;
    this.#options = options;
    this.#pauseMs = options.pauseMs;
  }

  /** Where the next write has to run. */
  place(): 'inline' | 'pool' {
    if (!this.#isInline && this.#hasRecovered()) {
      this.#isInline = true;
      this.#probedAtMs = this.#clock.monotonicMs();
    }
    return this.#isInline ? 'inline' : 'pool';
  }

  /** Reports an inline write that started at `startMs` (monotonic) and has just ended. */
  inlineDone(startMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const { slowMs, stallMs, reliefMs, pauseMs, pauseMsMax } = this.#options;
    if (nowMs - startMs <= slowMs) return;
    if (startMs - this.#probedAtMs >= reliefMs) this.#pauseMs = pauseMs;
    else if (nowMs - startMs >= stallMs) this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax);
    this.#isInline = false;
    this.#calm = 0;
    this.#slowAtMs = nowMs;
  }

  /** Reports a pool write that was handed over at `startMs` (monotonic) and has just ended. */
  poolDone(startMs: number): void {
    if (this.#isInline) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - startMs < this.#options.stallMs) {
      this.#calm += 1;
      return;
    }
    this.#calm = 0;
    this.#slowAtMs = nowMs;
  }

  #hasRecovered(): boolean {
    if (this.#calm < this.#options.calmCount) return false;
    return this.#clock.monotonicMs() - this.#slowAtMs >= this.#pauseMs;
  }
}
