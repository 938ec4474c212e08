/**
 * Carries out the calls of all sessions one after the other, in the order in which they were made.
 *
 * What waits while the disk is busy makes a batch: it is planned and applied together, written as one
 * line, synced, and only then are watchers called and promises settled, call by call. So nobody sees
 * what a crash could take back, and a watcher is told before any later call is answered.
 *
 * A failed write breaks the queue for good: nothing is known of the file then, and nothing is served
 * from a tree that may be ahead of it.
 */

import { ZooKeeperError } from '../port.ts';
import type { WatchEvent } from '../port.ts';
import type { StoreFile } from './store-file.ts';
import type { Change, DataTree } from './tree.ts';

/** What one call does, told in the turn in which it is due. Throws a ZooKeeperError to refuse. */
export type Plan<T> = (tree: DataTree) => Planned<T>;

export interface Planned<T> {
  readonly change?: Change;
  /** Asked when the change has been applied, before any later one. */
  readonly answer: () => T;
}

/** Takes the watchers of an event out of the sessions' tables, to be called when it is on disk. */
export type TakeWatchers = (event: WatchEvent) => readonly (() => void)[];

interface Waiting {
  run(): Change | undefined;
  finish(): void;
  fail(error: Error): void;
}

const batchCallsMax = 1000;

export class CallQueue {
  readonly #file: StoreFile;
  readonly #takeWatchers: TakeWatchers;
  readonly #onBroken: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #working: Promise<void> | null = null;
  #broken = false;

  constructor(
    file: StoreFile,
    on: { readonly event: TakeWatchers; readonly broken: (error: unknown) => void },
  ) {
    this.#file = file;
    this.#takeWatchers = on.event;
    this.#onBroken = on.broken;
  }

  submit<T>(plan: Plan<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#broken) {
        reject(brokenError());
        return;
      }
      this.#waiting.push(this.#prepare(plan, resolve, reject));
      this.#working ??= this.#work();
    });
  }

  /** Resolves when all calls made so far are done. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  #prepare<T>(
    plan: Plan<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): Waiting {
    const watchers: (() => void)[] = [];
    let settle = (): void => undefined;
    const run = (): Change | undefined => {
      try {
        const { change, answer } = plan(this.#file.tree);
        const events = change === undefined ? [] : this.#file.tree.apply(change);
        for (const event of events) watchers.push(...this.#takeWatchers(event));
        const value = answer();
        settle = () => resolve(value);
        return change;
      } catch (error) {
        settle = () => reject(error);
        return undefined;
      }
    };
    const finish = (): void => {
      for (const watcher of watchers) watcher();
      settle();
    };
    return { run, finish, fail: reject };
  }

  async #work(): Promise<void> {
    // Calls made in one turn go into one batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchCallsMax);
      const changes = batch.map((call) => call.run()).filter((change) => change !== undefined);
      try {
        if (changes.length > 0) await this.#file.append(changes);
        for (const call of batch) call.finish();
        await this.#file.compactIfDue();
      } catch (error) {
        this.#break(error, batch);
      }
    }
    // In the turn that found nothing waiting: a call made after it starts anew.
    this.#working = null;
  }

  /** Calls of the batch that have been answered stay answered. */
  #break(error: unknown, batch: readonly Waiting[]): void {
    this.#broken = true;
    const lost = [...batch, ...this.#waiting.splice(0)];
    this.#onBroken(error);
    for (const call of lost) call.fail(brokenError());
  }
}

function brokenError(): ZooKeeperError {
  return new ZooKeeperError('SESSION_ENDED', '/');
}
