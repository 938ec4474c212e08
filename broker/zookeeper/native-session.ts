/**
 * One session of the C client, from its connection to its end. Invariants: it never becomes another
 * session; when it is over, every call fails with SESSION_ENDED and no watcher is called again. Calls
 * reach the servers in the order in which they were made.
 *
 * The chroot is put before paths here and taken off again, so that the handle which makes the
 * chroot's own nodes is the one that serves.
 *
 * Watches are set as the client's default ones, which it reports as events of the handle, and handed
 * out from a table of ours: callbacks given to the client itself are never freed by the package.
 */

import assert from 'node:assert/strict';

import type { Logger } from '../platform/logger.ts';
import type { Timers } from '../platform/timers.ts';
import { checkPath } from './check-path.ts';
import type {
  CreateOptions,
  NodeData,
  SessionEnd,
  Stat,
  WatchEvent,
  Watcher,
  ZooKeeperErrorCode,
  ZooKeeperSession,
} from './port.ts';
import { ZooKeeperError } from './port.ts';
import { WatchTable } from './watch-table.ts';
import type { NativeHandle, NativeStat } from './zookeeper-package.ts';

interface NativeSessionOptions {
  readonly chroot: string;
  readonly logger: Logger;
  readonly timers: Timers;
}

/** Flags and codes of ZooKeeper's C client, zookeeper.h. */
const EPHEMERAL = 1;
const SEQUENTIAL = 2;
const OK = 0;
const CLOSING = -116;
const AUTH_FAILED_STATE = -113;

const codes: ReadonlyMap<number, ZooKeeperErrorCode> = new Map([
  [-101, 'NO_NODE'],
  [-110, 'NODE_EXISTS'],
  [-103, 'BAD_VERSION'],
  [-111, 'NOT_EMPTY'],
  [-108, 'NO_CHILDREN_FOR_EPHEMERALS'],
  [-102, 'NO_AUTH'],
  [-115, 'NO_AUTH'],
  // Connection loss; operation timeout; the session has moved to another of our connections.
  [-4, 'CONNECTION_LOSS'],
  [-7, 'CONNECTION_LOSS'],
  [-118, 'CONNECTION_LOSS'],
  // Expired; closing; the handle is in no state to serve.
  [-112, 'SESSION_ENDED'],
  [CLOSING, 'SESSION_ENDED'],
  [-9, 'SESSION_ENDED'],
]);

const noData = Buffer.alloc(0);

export class NativeSession implements ZooKeeperSession {
  readonly id: string;
  readonly timeoutMs: number;
  readonly ended: Promise<SessionEnd>;
  readonly #handle: NativeHandle;
  readonly #chroot: string;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #watches = new WatchTable();
  readonly #listeners: ((connected: boolean) => void)[] = [];
  #connected = true;
  /** Set before the client knows: calls made while it tears its handle down would never be answered. */
  #over = false;

  /** Takes over a handle that is connected. */
  constructor(handle: NativeHandle, { chroot, logger, timers }: NativeSessionOptions) {
    this.id = handle.client_id;
    this.timeoutMs = handle.timeout;
    this.#handle = handle;
    this.#chroot = chroot;
    this.#timers = timers;
    this.#logger = logger.child({ session: this.id });
    this.ended = new Promise((resolve) => {
      handle.on('close', (_, code) => resolve(this.#end(code)));
    });
    handle.on('connect', () => this.#connectionChanged(true));
    handle.on('connecting', () => this.#connectionChanged(false));
    handle.on('created', (_, path) => this.#dispatch('created', path));
    handle.on('deleted', (_, path) => this.#dispatch('deleted', path));
    handle.on('changed', (_, path) => this.#dispatch('changed', path));
    handle.on('child', (_, path) => this.#dispatch('children', path));
    this.#logger.info({ timeoutMs: this.timeoutMs }, 'session with ZooKeeper opened');
  }

  get connected(): boolean {
    return this.#connected;
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** Makes the chroot's node and those above it; a chroot that is there costs one call. */
  async makeChroot(): Promise<void> {
    if (this.#chroot === '' || (await this.exists('/')) !== null) return;
    const names = this.#chroot.split('/').slice(1);
    const levels = names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
    await Promise.all(levels.map((fullPath) => this.#makeLevel(fullPath)));
  }

  async create(path: string, data: Buffer | null, options: CreateOptions = {}): Promise<string> {
    const flags =
      (options.ephemeral === true ? EPHEMERAL : 0) | (options.sequential === true ? SEQUENTIAL : 0);
    return this.#call<string>(path, (full, done) =>
      this.#handle.a_create(full, data ?? noData, flags, (code, _, made) =>
        done(code, () => this.#withoutChroot(made)),
      ),
    );
  }

  async get(path: string, watcher?: Watcher): Promise<NodeData | null> {
    for (;;) {
      const node = await this.#getExisting(path, watcher);
      if (node !== null || watcher === undefined) return node;
      // The servers set no watch for a read of nothing; exists() does, unless it is there by now.
      if ((await this.exists(path, watcher)) === null) return null;
    }
  }

  exists(path: string, watcher?: Watcher): Promise<Stat | null> {
    return orNull(
      this.#call<Stat>(path, (full, done) =>
        this.#handle.a_exists(full, watcher !== undefined, (code, _, stat) => {
          const isAnswered = code === OK || codes.get(code) === 'NO_NODE';
          if (isAnswered && watcher !== undefined) this.#watches.addData(path, watcher);
          done(code, () => statOf(stat));
        }),
      ),
    );
  }

  children(path: string, watcher?: Watcher): Promise<readonly string[] | null> {
    return orNull(
      this.#call<readonly string[]>(path, (full, done) =>
        this.#handle.a_get_children(full, watcher !== undefined, (code, _, names) => {
          if (code === OK && watcher !== undefined) this.#watches.addChildren(path, watcher);
          done(code, () => names);
        }),
      ),
    );
  }

  set(path: string, data: Buffer | null, version: number): Promise<Stat> {
    return this.#call<Stat>(path, (full, done) =>
      this.#handle.a_set(full, data ?? noData, version, (code, _, stat) =>
        done(code, () => statOf(stat)),
      ),
    );
  }

  remove(path: string, version: number): Promise<void> {
    return this.#call<undefined>(path, (full, done) =>
      this.#handle.a_delete_(full, version, (code) => done(code, () => undefined)),
    );
  }

  sync(path: string): Promise<void> {
    return this.#call<undefined>(path, (full, done) =>
      this.#handle.a_sync(full, (code) => done(code, () => undefined)),
    );
  }

  async close(): Promise<void> {
    // Not in this turn, which may be a callback of the client that it would pull the handle from.
    if (!this.#over) this.#timers.soon(() => this.#handle.close());
    this.#over = true;
    await this.ended;
  }

  /** `fullPath` is one of the server, not below the chroot. */
  async #makeLevel(fullPath: string): Promise<void> {
    try {
      await this.#call<undefined>(fullPath, (_, done) =>
        this.#handle.a_create(fullPath, noData, 0, (code) => done(code, () => undefined)),
      );
    } catch (error) {
      if (!(error instanceof ZooKeeperError) || error.code !== 'NODE_EXISTS') throw error;
    }
  }

  #getExisting(path: string, watcher: Watcher | undefined): Promise<NodeData | null> {
    return orNull(
      this.#call<NodeData>(path, (full, done) =>
        this.#handle.a_get(full, watcher !== undefined, (code, _, stat, data) => {
          if (code === OK && watcher !== undefined) this.#watches.addData(path, watcher);
          // No data and no bytes are one to the port: the package can write only the latter.
          done(code, () => ({ data: data?.length === 0 ? null : data, stat: statOf(stat) }));
        }),
      ),
    );
  }

  /** Makes one call of the client and waits for its answer; `result` is asked for only on success. */
  #call<T>(
    path: string,
    start: (fullPath: string, done: (code: number, result: () => T) => void) => number,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      checkPath(path);
      if (this.#over) throw new ZooKeeperError('SESSION_ENDED', path);
      const refused = start(this.#withChroot(path), (code, result) => {
        if (code === CLOSING) this.#over = true;
        if (code === OK) resolve(result());
        else reject(failure(code, path));
      });
      if (refused !== OK) reject(failure(refused, path));
    });
  }

  #withChroot(path: string): string {
    return path === '/' && this.#chroot !== '' ? this.#chroot : this.#chroot + path;
  }

  #withoutChroot(fullPath: string): string {
    assert(fullPath.startsWith(this.#chroot), `${fullPath} is outside of ${this.#chroot}`);
    const path = fullPath.slice(this.#chroot.length);
    return path === '' ? '/' : path;
  }

  #dispatch(type: WatchEvent['type'], fullPath: string): void {
    if (this.#over) return;
    const event = { type, path: this.#withoutChroot(fullPath) };
    for (const watcher of this.#watches.take(event)) watcher(event);
  }

  #connectionChanged(connected: boolean): void {
    if (this.#over || this.#connected === connected) return;
    this.#connected = connected;
    this.#logger.info(
      {},
      connected ? 'connected to ZooKeeper again' : 'connection to ZooKeeper lost',
    );
    for (const listener of this.#listeners) listener(connected);
  }

  #end(code: number): SessionEnd {
    this.#over = true;
    this.#connected = false;
    this.#watches.clear();
    const end = code === OK ? 'closed' : code === AUTH_FAILED_STATE ? 'auth-failed' : 'expired';
    this.#logger.info({ end }, 'session with ZooKeeper ended');
    return end;
  }
}

function statOf(stat: NativeStat): Stat {
  return {
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    version: stat.version,
    ephemeralOwner: stat.ephemeralOwner === '0' ? null : stat.ephemeralOwner,
    childCount: stat.numChildren,
  };
}

function failure(code: number, path: string): ZooKeeperError {
  const known = codes.get(code);
  if (known !== undefined) return new ZooKeeperError(known, path);
  const cause = new Error(`ZooKeeper's client answered ${String(code)}`);
  return new ZooKeeperError('OTHER', path, { cause });
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ZooKeeperError && error.code === 'NO_NODE') return null;
    throw error;
  }
}
