/**
 * A ZooKeeper for one process: `zookeeper.connect=local:`, tests and the simulation. Its sessions live
 * as long as the process unless they are closed, or expire() ends them. All of it is one file.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timers } from '../../platform/timers.ts';
import type { OpenSession, SessionEnd, WatchEvent } from '../port.ts';
import { CallQueue } from './call-queue.ts';
import { EmbeddedSession } from './embedded-session.ts';
import { StoreFile } from './store-file.ts';

export interface EmbeddedStoreOptions {
  readonly fileSystem: FileSystem;
  /** Of the file, such as `<log.dir>/.odradek-store`. Its folder has to exist. */
  readonly path: string;
  readonly logger: Logger;
  /** With them a full disk is waited for; without, it is a failure like any other. */
  readonly timers?: Timers;
  /** What sessions report as theirs; nothing expires by it. */
  readonly sessionTimeoutMs?: number;
}

export interface EmbeddedStore {
  readonly openSession: OpenSession;
  /** Ends a session as a missed timeout would; resolves when its ephemerals are gone. */
  expire(sessionId: string): Promise<void>;
  /** Ends all sessions and closes the file. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes the file if it is missing; ephemerals of earlier processes go. Rejects with an Error that
 * names file and line if it is damaged.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const file = await StoreFile.open(options.fileSystem, options.path);
  const store = new Store(file, options);
  await store.start();
  return store;
}

class Store implements EmbeddedStore {
  readonly #file: StoreFile;
  readonly #logger: Logger;
  readonly #path: string;
  readonly #sessionTimeoutMs: number;
  readonly #calls: CallQueue;
  readonly #sessions = new Map<string, EmbeddedSession>();
  #closing: Promise<void> | null = null;
  #openedAt = 0;
  #sessionCount = 0;

  constructor(file: StoreFile, options: EmbeddedStoreOptions) {
    this.#file = file;
    this.#logger = options.logger;
    this.#path = options.path;
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? 18_000;
    this.#calls = new CallQueue(file, {
      event: (event) => this.#takeWatchers(event),
      broken: (error) => this.#lose(error),
      full: (error) => {
        const { path, logger } = options;
        logger.error({ err: error, path }, 'the embedded store waits for room on a full disk');
      },
      timers: options.timers ?? null,
    });
  }

  async start(): Promise<void> {
    this.#openedAt = await this.#calls.submit((tree) => ({
      change: { type: 'open' },
      answer: () => tree.zxid,
    }));
  }

  readonly openSession: OpenSession = async (signal) => {
    signal?.throwIfAborted();
    if (this.#closing !== null) throw new Error(`${this.#path} is closed`);
    const session = new EmbeddedSession(this.#calls, this.#nextId(), this.#sessionTimeoutMs);
    this.#sessions.set(session.id, session);
    void session.ended.then(() => this.#sessions.delete(session.id));
    return Promise.resolve(session);
  };

  async expire(sessionId: string): Promise<void> {
    await this.#sessions.get(sessionId)?.end('expired');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close('closed');
    return this.#closing;
  }

  async #close(reason: SessionEnd): Promise<void> {
    this.#calls.giveUp();
    await Promise.allSettled([...this.#sessions.values()].map((session) => session.end(reason)));
    await this.#calls.idle();
    await this.#file.close();
  }

  /** No two sessions of one file ever have the same: what opened it has a zxid of its own. */
  #nextId(): string {
    this.#sessionCount += 1;
    return `${this.#openedAt.toString(16)}${this.#sessionCount.toString(16).padStart(6, '0')}`;
  }

  #takeWatchers(event: WatchEvent): readonly (() => void)[] {
    const due: (() => void)[] = [];
    for (const session of this.#sessions.values()) due.push(...session.take(event));
    return due;
  }

  #lose(error: unknown): void {
    this.#logger.error({ err: error, path: this.#path }, 'the embedded store could not be written');
    for (const session of this.#sessions.values()) session.finish('expired');
  }
}
