/**
 * A task that is worth the same to all who wait for it: calls that come while it runs share the run
 * that follows. Who calls knows that a run has begun after the call, and has ended.
 */

import { SerialQueue } from './serial-queue.ts';

export class SharedRun {
  readonly #task: () => Promise<void>;
  readonly #runs = new SerialQueue();
  #next: Promise<void> | null = null;

  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  /** Rejects as the task does. */
  run(): Promise<void> {
    this.#next ??= this.#runs.run(() => {
      this.#next = null;
      return this.#task();
    });
    return this.#next;
  }
}
