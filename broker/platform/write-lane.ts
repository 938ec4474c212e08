/**
 * Decides where the buffered writes of one device run: at once on the event loop, or in the thread
 * pool. A write into the page cache takes 0.1 ms, until the kernel makes writers wait for the disk:
 * then it can take half a second, in which the whole broker would stand still.
 *
 * - Inline until one inline write took longer than `slowMs`; from then on in the pool.
 * - Back inline when the device looks recovered: `calmCount` pool writes in a row were done within
 *   `calmMs` (seen from the event loop, so more than `slowMs`), and the pause since the last slow
 *   inline write is over. The next write is then the probe.
 * - A slow probe doubles the pause, up to `pauseMsMax`; a quick one that is followed by `calmCount`
 *   quick inline writes sets it back.
 *
 * One lane per device, shared by all files on it; used from the event loop only.
 */

import type { Clock } from './clock.ts';

interface WriteLaneOptions {
  readonly slowMs: number;
  readonly calmMs: number;
  readonly calmCount: number;
  readonly pauseMs: number;
  readonly pauseMsMax: number;
}

export const WRITE_LANE_DEFAULTS: WriteLaneOptions = {
  slowMs: 2,
  calmMs: 10,
  calmCount: 16,
  pauseMs: 100,
  pauseMsMax: 10_000,
};

export class WriteLane {
  readonly #clock: Clock;
  readonly #options: WriteLaneOptions;
  #isInline = true;
  /** Quick writes in a row, in the present place. */
  #calm = 0;
  #pauseMs: number;
  #slowAtMs = 0;

  constructor(clock: Clock, options = WRITE_LANE_DEFAULTS) {
    this.#clock = clock;
    this.#options = options;
    this.#pauseMs = options.pauseMs;
  }

  /** Where the next write has to run. */
  place(): 'inline' | 'pool' {
    if (!this.#isInline && this.#hasRecovered()) {
      this.#isInline = true;
      this.#calm = 0;
    }
    return this.#isInline ? 'inline' : 'pool';
  }

  /** Reports an inline write that started at `startMs` (monotonic) and has just ended. */
  inlineDone(startMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - startMs <= this.#options.slowMs) {
      this.#calm += 1;
      if (this.#calm === this.#options.calmCount) this.#pauseMs = this.#options.pauseMs;
      return;
    }
    const hadRelapsed = this.#slowAtMs > 0 && this.#calm < this.#options.calmCount;
    if (hadRelapsed) this.#pauseMs = Math.min(this.#pauseMs * 2, this.#options.pauseMsMax);
    this.#isInline = false;
    this.#calm = 0;
    this.#slowAtMs = nowMs;
  }

  /** Reports a pool write that was handed over at `startMs` (monotonic) and has just ended. */
  poolDone(startMs: number): void {
    const isQuick = this.#clock.monotonicMs() - startMs <= this.#options.calmMs;
    if (!this.#isInline) this.#calm = isQuick ? this.#calm + 1 : 0;
  }

  #hasRecovered(): boolean {
    if (this.#calm < this.#options.calmCount) return false;
    return this.#clock.monotonicMs() - this.#slowAtMs >= this.#pauseMs;
  }
}
