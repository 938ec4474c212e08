/**
 * Carries out the calls of all sessions one after the other, in the order in which they were made.
 *
 * What waits while the disk is busy makes a batch: it is planned and applied together, written as one
 * line, synced, and only then are watchers called and promises settled, call by call. So nobody sees
 * what a crash could take back, and a watcher is told before any later call is answered.
 *
 * A failed write breaks the queue for good: nothing is known of the file then, and nothing is served
 * from a tree that may be ahead of it. The exception is a full disk: the batch waits, and all later
 * calls with it, until it can be written or the queue is told to give up.
 */

import { isDiskFull } from '../../platform/file-system.ts';
import type { Timers } from '../../platform/timers.ts';
import { delay } from '../../platform/timers.ts';
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
const fullDiskRetryMs = 500;

interface CallQueueOptions {
  readonly event: TakeWatchers;
  readonly broken: (error: unknown) => void;
  /** The disk is full; told once for each time. */
  readonly full: (error: unknown) => void;
  /** Null: a full disk is a failure like any other. */
  readonly timers: Timers | null;
}

export class CallQueue {
  readonly #file: StoreFile;
  readonly #options: CallQueueOptions;
  readonly #givenUp = new AbortController();
  #waiting: Waiting[] = [];
  #working: Promise<void> | null = null;
  #broken = false;

  constructor(file: StoreFile, options: CallQueueOptions) {
    this.#file = file;
    this.#options = options;
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

  /** A full disk is not waited for any more. */
  giveUp(): void {
    this.#givenUp.abort(new Error('the store is closed'));
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
        for (const event of events) watchers.push(...this.#options.event(event));
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
        if (changes.length > 0) await this.#append(changes);
        for (const call of batch) call.finish();
        await this.#file.compactIfDue();
      } catch (error) {
        this.#break(error, batch);
      }
    }
    // In the turn that found nothing waiting: a call made after it starts anew.
    this.#working = null;
  }

  /** A full disk is waited for. What a failed attempt left behind the file's end is written over. */
  async #append(changes: readonly Change[]): Promise<void> {
    const { timers, full } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#file.append(changes);
        return;
      } catch (error) {
        if (timers === null || !isDiskFull(error) || this.#givenUp.signal.aborted) throw error;
        if (attempt === 0) full(error);
        await delay(timers, fullDiskRetryMs, this.#givenUp.signal).catch(() => undefined);
      }
    }
  }

  /** Calls of the batch that have been answered stay answered. */
  #break(error: unknown, batch: readonly Waiting[]): void {
    this.#broken = true;
    const lost = [...batch, ...this.#waiting.splice(0)];
    this.#options.broken(error);
    for (const call of lost) call.fail(brokenError());
  }
}

function brokenError(): ZooKeeperError {
  return new ZooKeeperError('SESSION_ENDED', '/');
}
