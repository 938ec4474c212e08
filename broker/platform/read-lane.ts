/**
 * Decides where small reads of one place run that come in thousands: at once on the event loop, or in
 * the thread pool, where each costs several changes of thread. Inline until one is slow, then in the
 * pool for a while, longer each time that the next inline read is slow again: a disk that has to look
 * for its data stops the loop seldom.
 *
 * Inline reads leave the loop its turn every few milliseconds; used from the event loop only.
 */

import type { Clock } from './clock.ts';

const SLOW_MS = 10;
const PAUSE_MS_MIN = 50;
const PAUSE_MS_MAX = 5000;
const STRETCH_MS = 8;

export class ReadLane {
  readonly #clock: Clock;
  #pauseMs = PAUSE_MS_MIN;
  /** Until then in the pool. */
  #inlineFromMs = -Infinity;
  #isProbe = false;
  #stretchBeganMs = -Infinity;
  #turn: Promise<void> | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(inline: () => T, inPool: () => Promise<T>): Promise<T> {
    await this.#waitForTurn();
    const startMs = this.#clock.monotonicMs();
    if (startMs < this.#inlineFromMs) return inPool();
    try {
      return inline();
    } finally {
      this.#noteInline(startMs);
    }
  }

  #noteInline(startMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const isSlow = nowMs - startMs > SLOW_MS;
    if (isSlow) {
      this.#pauseMs = this.#isProbe ? Math.min(this.#pauseMs * 2, PAUSE_MS_MAX) : PAUSE_MS_MIN;
      this.#inlineFromMs = nowMs + this.#pauseMs;
    }
    this.#isProbe = isSlow;
  }

  /** All who come too late in a stretch wait for the same moment. */
  async #waitForTurn(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#stretchBeganMs < STRETCH_MS) return;
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = null;
        this.#stretchBeganMs = this.#clock.monotonicMs();
        resolve();
      });
    });
    await this.#turn;
  }
}
