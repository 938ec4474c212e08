/**
 * The deadlines of a shard, on platform timers. Moving a deadline away, as every heartbeat does,
 * touches no timer: the timer fires at the old time, sees the new one and goes on sleeping.
 * Cancelled all at once when the shard ends.
 */

import type { Clock } from '../../platform/clock.ts';
import type { Timer, Timers } from '../../platform/timers.ts';
import type { Deadline } from '../group/environment.ts';

export class Deadlines {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #armed = new Set<ShardDeadline>();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  create(onPassed: () => void): Deadline {
    return new ShardDeadline(onPassed, {
      clock: this.#clock,
      timers: this.#timers,
      armed: this.#armed,
    });
  }

  cancelAll(): void {
    for (const deadline of [...this.#armed]) deadline.cancel();
  }
}

interface DeadlineContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly armed: Set<ShardDeadline>;
}

class ShardDeadline implements Deadline {
  readonly #onPassed: () => void;
  readonly #context: DeadlineContext;
  #timer: Timer | null = null;
  #timerAtMs = 0;
  #dueAtMs = 0;

  constructor(onPassed: () => void, context: DeadlineContext) {
    this.#onPassed = onPassed;
    this.#context = context;
  }

  set(delayMs: number): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#dueAtMs = nowMs + delayMs;
    if (this.#timer !== null && this.#timerAtMs <= this.#dueAtMs) return;
    this.#arm(nowMs);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#context.armed.delete(this);
  }

  #arm(nowMs: number): void {
    this.#timer?.cancel();
    this.#timerAtMs = this.#dueAtMs;
    this.#context.armed.add(this);
    const delayMs = Math.max(this.#dueAtMs - nowMs, 0);
    this.#timer = this.#context.timers.after(delayMs, () => this.#fire());
  }

  #fire(): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#timer = null;
    // A timer may come a little early; one that was armed for an older time comes much too early.
    if (nowMs < this.#dueAtMs) {
      this.#arm(nowMs);
      return;
    }
    this.#context.armed.delete(this);
    this.#onPassed();
  }
}
