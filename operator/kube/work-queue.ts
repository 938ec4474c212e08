/**
 * A queue of keys to work on. A key waits once however often it is added; it is never worked on
 * twice at once: one that is added while it is being worked on is worked on again afterwards. A key
 * whose work fails comes back later and later, until it succeeds. Keys also come back when their
 * work asks for it, unless something adds them sooner.
 *
 * Lifecycle: works from the first `add` until `stop`, which resolves when running work has ended.
 * Bounds: as many entries as there are keys, as many at once as `concurrency`.
 */

import assert from 'node:assert/strict';

import type { Random } from '../../broker/platform/random.ts';
import type { Timer, Timers } from '../../broker/platform/timers.ts';

export interface WorkQueueOptions {
  readonly timers: Timers;
  readonly random: Random;
  readonly concurrency: number;
  /** Works on one key; resolves with when to look again, null for not by itself. */
  readonly work: (key: string) => Promise<number | null>;
  readonly onError: (key: string, error: unknown, failures: number) => void;
  readonly firstBackOffMs?: number;
  readonly backOffMaxMs?: number;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  /** Keys being worked on; true if one was added meanwhile. */
  readonly #running = new Map<string, boolean>();
  readonly #later = new Map<string, Timer>();
  readonly #failures = new Map<string, number>();
  #stopped: Promise<void> | null = null;
  #onIdle: (() => void) | null = null;

  constructor(options: WorkQueueOptions) {
    assert(options.concurrency > 0);
    this.#options = options;
  }

  /** Keys that wait to be worked on now. */
  get depth(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#stopped !== null) return;
    this.#cancelLater(key);
    if (this.#running.has(key)) this.#running.set(key, true);
    else this.#waiting.add(key);
    this.#startWork();
  }

  /** Takes no more work; resolves when what was running has ended. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#waiting.clear();
      for (const timer of this.#later.values()) timer.cancel();
      this.#later.clear();
      if (this.#running.size === 0) resolve();
      else this.#onIdle = resolve;
    });
    return this.#stopped;
  }

  #startWork(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#running.set(key, false);
      void this.#workOn(key);
    }
  }

  /** Never rejects: it is where failures end. */
  async #workOn(key: string): Promise<void> {
    let againAfterMs: number | null;
    try {
      againAfterMs = await this.#options.work(key);
      this.#failures.delete(key);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#options.onError(key, error, failures);
      againAfterMs = this.#backOffMs(failures);
    }
    this.#done(key, againAfterMs);
  }

  #done(key: string, againAfterMs: number | null): void {
    const addedMeanwhile = this.#running.get(key) === true;
    this.#running.delete(key);
    if (this.#stopped !== null) {
      if (this.#running.size === 0) this.#onIdle?.();
      return;
    }
    // A failing key waits for its turn even if events keep adding it; they would defeat the back-off.
    const failing = this.#failures.has(key);
    if (addedMeanwhile && !failing) this.#waiting.add(key);
    else if (againAfterMs !== null) this.#addLater(key, againAfterMs);
    this.#startWork();
  }

  #addLater(key: string, delayMs: number): void {
    const timer = this.#options.timers.after(delayMs, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, timer);
  }

  #cancelLater(key: string): void {
    this.#later.get(key)?.cancel();
    this.#later.delete(key);
  }

  /** Doubles with each failure up to the maximum, of which a random half is taken off. */
  #backOffMs(failures: number): number {
    const { firstBackOffMs = 200, backOffMaxMs = 60_000, random } = this.#options;
    const full = Math.min(firstBackOffMs * 2 ** Math.min(failures - 1, 20), backOffMaxMs);
    return Math.ceil(full / 2) + random.integer(Math.floor(full / 2) + 1);
  }
}
