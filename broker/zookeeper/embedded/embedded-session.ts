/**
 * A session with the embedded store. Invariants: as the port says; the connection is never lost, so
 * no call ends in CONNECTION_LOSS. Owned by the store, which tells it when it is over.
 */

import type {
  CreateOptions,
  NodeData,
  SessionEnd,
  Stat,
  WatchEvent,
  Watcher,
  ZooKeeperSession,
} from '../port.ts';
import { ZooKeeperError } from '../port.ts';
import { WatchTable } from '../watch-table.ts';
import type { CallQueue, Plan, Planned } from './call-queue.ts';
import type { DataTree } from './tree.ts';

export class EmbeddedSession implements ZooKeeperSession {
  readonly id: string;
  readonly timeoutMs: number;
  readonly ended: Promise<SessionEnd>;
  readonly #calls: CallQueue;
  readonly #watches = new WatchTable();
  #resolveEnded: (end: SessionEnd) => void = () => undefined;
  #over = false;

  constructor(calls: CallQueue, id: string, timeoutMs: number) {
    this.#calls = calls;
    this.id = id;
    this.timeoutMs = timeoutMs;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  get connected(): boolean {
    return !this.#over;
  }

  /** There is no connection to lose. */
  onConnection(): void {
    return;
  }

  create(path: string, data: Buffer | null, options: CreateOptions = {}): Promise<string> {
    const owner = options.ephemeral === true ? this.id : null;
    const kept = copyOf(data);
    return this.#call(path, (tree) => {
      const change = tree.planCreate(path, kept, { ...options, owner });
      return { change, answer: () => change.path };
    });
  }

  get(path: string, watcher?: Watcher): Promise<NodeData | null> {
    return this.#call(path, (tree) => {
      const node = tree.get(path);
      if (watcher !== undefined) this.#watches.addData(path, watcher);
      return { answer: () => node };
    });
  }

  async exists(path: string, watcher?: Watcher): Promise<Stat | null> {
    const node = await this.get(path, watcher);
    return node?.stat ?? null;
  }

  children(path: string, watcher?: Watcher): Promise<readonly string[] | null> {
    return this.#call(path, (tree) => {
      const names = tree.children(path);
      if (watcher !== undefined && names !== null) this.#watches.addChildren(path, watcher);
      return { answer: () => names };
    });
  }

  set(path: string, data: Buffer | null, version: number): Promise<Stat> {
    const kept = copyOf(data);
    return this.#call(path, (tree) => ({
      change: tree.planSet(path, kept, version),
      answer: () => tree.stat(path),
    }));
  }

  remove(path: string, version: number): Promise<void> {
    return this.#call(path, (tree) => ({
      change: tree.planRemove(path, version),
      answer: () => undefined,
    }));
  }

  sync(path: string): Promise<void> {
    return this.#call(path, () => ({ answer: () => undefined }));
  }

  close(): Promise<void> {
    return this.end('closed');
  }

  /** Ends the session after the calls made so far; resolves when its ephemerals are gone. */
  async end(reason: SessionEnd): Promise<void> {
    try {
      await this.#calls.submit((tree) => this.#planEnd(tree));
    } catch (error) {
      // The store is lost, and with it this session.
      if (!(error instanceof ZooKeeperError)) throw error;
    }
    this.finish(reason);
  }

  /** What is left to do when the ephemerals are gone, or the store is lost. Idempotent. */
  finish(reason: SessionEnd): void {
    this.#over = true;
    this.#watches.clear();
    this.#resolveEnded(reason);
  }

  /** The calls that tell this session's watchers of the event; they are forgotten with it. */
  take(event: WatchEvent): readonly (() => void)[] {
    return this.#watches.take(event).map((watcher) => () => {
      if (!this.#over) watcher(event);
    });
  }

  #planEnd(tree: DataTree): Planned<void> {
    const isFirst = !this.#over;
    this.#over = true;
    const answer = (): void => undefined;
    if (!isFirst || !tree.hasEphemerals(this.id)) return { answer };
    return { change: { type: 'end', owner: this.id }, answer };
  }

  #call<T>(path: string, plan: Plan<T>): Promise<T> {
    return this.#calls.submit((tree) => {
      if (this.#over) throw new ZooKeeperError('SESSION_ENDED', path);
      return plan(tree);
    });
  }
}

/** The caller may change its buffer once the call is made. */
function copyOf(data: Buffer | null): Buffer | null {
  return data === null ? null : Buffer.from(data);
}
