/**
 * What happens next in a simulated world of several processes: events in the order of their time, and
 * among those due together in the order that the seed says. After each event everything runs as far
 * as it can without time, so that an event is a step, and faults fall between steps.
 *
 * An event belongs to the life of a process: it is dropped once that is dead, and waits while it is
 * stopped (SIGSTOP).
 */

import type { Clock } from '../../../broker/platform/clock.ts';
import type { Timer, Timers } from '../../../broker/platform/timers.ts';
import { settled } from '../manual-time.ts';
import { EventHeap } from './event-heap.ts';
import type { ScheduledEvent } from './scheduled-event.ts';
import { Life } from './scheduled-event.ts';
import { SeededRandom } from './simulation.ts';
import { Trace } from './trace.ts';

const START_MS = 1_700_000_000_000;

export class Scheduler {
  readonly random: SeededRandom;
  readonly trace: Trace;
  /** Of the world itself: faults, the network, who watches. */
  readonly world = new Life();
  readonly #events = new EventHeap();
  #nowMs = START_MS;
  #sequence = 0;
  #turns = 0;
  /** What fails the run although nobody waits for it. */
  readonly #defects: unknown[] = [];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.trace = new Trace(() => this.#nowMs - START_MS);
  }

  /** True time, which no broker sees. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get turns(): number {
    return this.#turns;
  }

  readonly clock: Clock = { nowMs: () => this.#nowMs, monotonicMs: () => this.#nowMs };

  defect(error: unknown): void {
    this.#defects.push(error);
  }

  after(delayMs: number, life: Life, callback: () => void): Timer {
    return this.#add({ delayMs, periodMs: null, life, callback });
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, this.world, resolve));
  }

  timers(life: Life): Timers {
    return {
      after: (delayMs, callback) => this.#add({ delayMs, periodMs: null, life, callback }),
      every: (periodMs, callback) => this.#add({ delayMs: periodMs, periodMs, life, callback }),
      soon: (callback) => void this.#add({ delayMs: 0, periodMs: null, life, callback }),
    };
  }

  /** What came meanwhile happens now, in the order in which it came. */
  resume(life: Life): void {
    life.isStopped = false;
    for (const event of life.parked.splice(0)) {
      if (event.isCancelled) continue;
      event.atMs = this.#nowMs;
      event.priority = 0;
      this.#events.push(event);
    }
  }

  /** Lets things happen until the promise is settled, but no more than so many. */
  async run<T>(promise: Promise<T>, turnsMax: number): Promise<T> {
    const state = { isDone: false };
    const end = (): void => {
      state.isDone = true;
    };
    promise.then(end, end);
    const turnsEnd = this.#turns + turnsMax;
    await settled();
    while (!state.isDone) {
      if (this.#defects.length > 0) throw this.#defects[0];
      if (this.#turns > turnsEnd) throw new Error('the simulation does not come to an end');
      const next = this.#events.pop();
      if (next === null) throw new Error('everybody waits, and nothing is left that could happen');
      await this.#fire(next);
    }
    if (this.#defects.length > 0) throw this.#defects[0];
    return promise;
  }

  async #fire(event: ScheduledEvent): Promise<void> {
    this.#nowMs = Math.max(this.#nowMs, event.atMs);
    const { life } = event;
    if (life.isDead) return;
    if (life.isStopped) {
      life.parked.push(event);
      return;
    }
    this.#turns += 1;
    this.trace.step(event.sequence);
    if (event.periodMs !== null) {
      event.atMs = this.#nowMs + event.periodMs;
      this.#events.push(event);
    }
    event.callback();
    await settled();
  }

  #add(options: {
    readonly delayMs: number;
    readonly periodMs: number | null;
    readonly life: Life;
    readonly callback: () => void;
  }): Timer {
    this.#sequence += 1;
    const event: ScheduledEvent = {
      sequence: this.#sequence,
      priority: this.random.integer(1000),
      atMs: this.#nowMs + Math.max(0, options.delayMs),
      periodMs: options.periodMs,
      life: options.life,
      callback: options.callback,
      isCancelled: false,
    };
    if (Number.isFinite(event.atMs)) this.#events.push(event);
    const cancel = (): void => {
      event.isCancelled = true;
    };
    return { cancel };
  }
}
