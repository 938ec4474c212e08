/**
 * Standing watches made of ZooKeeper's one-shot ones. Each read sets the next watch together with the
 * data it returns, so no change is missed, only changes that follow each other quickly are seen as
 * one. Callbacks never overlap: the next read waits for what the callback returns. A watch ends with
 * the session or with stop(); a callback is never started afterwards.
 */

import type { NodeData, Watcher, ZooKeeperSession } from './port.ts';
import { ZooKeeperError } from './port.ts';

export interface StandingWatch {
  /** Idempotent. A callback that is running is not waited for. */
  stop(): void;
}

/** Told of a failure that ends the watch, the end of the session excepted. */
export type WatchFailure = (error: unknown) => void;

/** Calls back with the names below `path` now and after each change; null while there is no such node. */
export function watchChildren(
  session: ZooKeeperSession,
  path: string,
  onChildren: (names: readonly string[] | null) => void | Promise<void>,
  onFailure?: WatchFailure,
): StandingWatch {
  return watch(session, (watcher) => readChildren(session, path, watcher), onChildren, onFailure);
}

/** Calls back with the data of `path` now and after each change; null while there is no such node. */
export function watchData(
  session: ZooKeeperSession,
  path: string,
  onData: (node: NodeData | null) => void | Promise<void>,
  onFailure?: WatchFailure,
): StandingWatch {
  return watch(session, (watcher) => session.get(path, watcher), onData, onFailure);
}

/** Sets the watch for the creation where children() would set none. */
async function readChildren(
  session: ZooKeeperSession,
  path: string,
  watcher: Watcher,
): Promise<readonly string[] | null> {
  for (;;) {
    const names = await session.children(path, watcher);
    if (names !== null) return names;
    // Made between the two calls: then the watch of exists() is one for its data, and harmless.
    if ((await session.exists(path, watcher)) === null) return null;
  }
}

function watch<T>(
  session: ZooKeeperSession,
  read: (watcher: Watcher) => Promise<T>,
  onValue: (value: T) => void | Promise<void>,
  onFailure: WatchFailure | undefined,
): StandingWatch {
  const standing = new Standing(session, read, onValue, onFailure);
  standing.start();
  return standing;
}

/** One loop at a time reads and calls back, until nothing has changed since its last read began. */
class Standing<T> implements StandingWatch {
  readonly #session: ZooKeeperSession;
  readonly #read: (watcher: Watcher) => Promise<T>;
  readonly #onValue: (value: T) => void | Promise<void>;
  readonly #onFailure: WatchFailure | undefined;
  #stopped = false;
  #running = false;
  #outdated = true;

  constructor(
    session: ZooKeeperSession,
    read: (watcher: Watcher) => Promise<T>,
    onValue: (value: T) => void | Promise<void>,
    onFailure: WatchFailure | undefined,
  ) {
    this.#session = session;
    this.#read = read;
    this.#onValue = onValue;
    this.#onFailure = onFailure;
  }

  start(): void {
    void this.#session.ended.then(() => this.stop());
    this.#session.onConnection((connected) => {
      if (connected) this.#wake();
    });
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
  }

  readonly #onEvent = (): void => {
    this.#outdated = true;
    this.#wake();
  };

  #wake(): void {
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#isDue()) await this.#refresh();
    } catch (error) {
      this.#stopped = true;
      // Nobody to tell means nobody who could go on without the watch: the rejection ends the process.
      if (this.#onFailure === undefined) throw error;
      this.#onFailure(error);
    } finally {
      // In the turn that found nothing due: what comes later starts anew.
      this.#running = false;
    }
  }

  /** Without a connection the read waits for its return, of which onConnection() tells. */
  #isDue(): boolean {
    return this.#outdated && !this.#stopped && this.#session.connected;
  }

  async #refresh(): Promise<void> {
    this.#outdated = false;
    let value: T;
    try {
      value = await this.#read(this.#onEvent);
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      if (error.code === 'SESSION_ENDED') this.#stopped = true;
      else if (error.code === 'CONNECTION_LOSS') this.#outdated = true;
      else throw error;
      return;
    }
    if (!this.#isStopped()) await this.#onValue(value);
  }

  /** Read after an await, where the compiler would take the earlier value for granted. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}
