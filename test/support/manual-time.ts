/** A clock and timers that stand still until a test moves them. Timers fire in order of their time. */

import type { Clock } from '../../broker/platform/clock.ts';
import type { Timer, Timers } from '../../broker/platform/timers.ts';

interface Entry {
  readonly sequence: number;
  atMs: number;
  readonly periodMs: number | null;
  readonly callback: () => void;
}

export class ManualTime implements Clock, Timers {
  #nowMs: number;
  #sequence = 0;
  readonly #entries = new Set<Entry>();

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  /** Timers that are set. */
  get count(): number {
    return this.#entries.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#add({ delayMs, periodMs: null, callback });
  }

  every(periodMs: number, callback: () => void): Timer {
    return this.#add({ delayMs: periodMs, periodMs, callback });
  }

  soon(callback: () => void): void {
    this.#add({ delayMs: 0, periodMs: null, callback });
  }

  /** Moves time on; after each timer that fires, whatever it started runs as far as it can. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settled();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.periodMs === null) this.#entries.delete(next);
      else next.atMs += next.periodMs;
      next.callback();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #add(timer: { delayMs: number; periodMs: number | null; callback: () => void }): Timer {
    const { delayMs, periodMs, callback } = timer;
    this.#sequence += 1;
    const entry = { sequence: this.#sequence, atMs: this.#nowMs + delayMs, periodMs, callback };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  #next(untilMs: number): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.atMs > untilMs) continue;
      if (next === undefined || entry.atMs < next.atMs) next = entry;
      else if (entry.atMs === next.atMs && entry.sequence < next.sequence) next = entry;
    }
    return next;
  }
}

/** Resolves when every promise that can go on without time or IO has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
