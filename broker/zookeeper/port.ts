/**
 * What the broker asks of ZooKeeper. Two implementations, one contract suite: a session with a real
 * ensemble, and a session with the embedded store (`zookeeper.connect=local:`).
 *
 * The session is the fence (ARCHITECTURE.md, "Fencing"): it never comes back once it has ended, no
 * call is retried on another session, and a call that fails with CONNECTION_LOSS may or may not have
 * been carried out. Paths are absolute below the chroot.
 */

export interface Stat {
  /** Of the creation: a broker's epoch. Safe integer. */
  readonly czxid: number;
  readonly mzxid: number;
  /** Counts changes of the data; the expected version of set() and remove(). */
  readonly version: number;
  /** Session id in hexadecimal; null for persistent nodes. */
  readonly ephemeralOwner: string | null;
  readonly childCount: number;
}

export interface NodeData {
  /** Null where the node was made without data. */
  readonly data: Buffer | null;
  readonly stat: Stat;
}

/** One-shot, as ZooKeeper's: called at most once, for the next change; never after the session's end. */
export type Watcher = (event: WatchEvent) => void;

export interface WatchEvent {
  readonly type: 'created' | 'deleted' | 'changed' | 'children';
  readonly path: string;
}

export type SessionEnd = 'closed' | 'expired' | 'auth-failed';

export interface ZooKeeperSession {
  /** Hexadecimal. */
  readonly id: string;
  readonly timeoutMs: number;
  /** Resolves, once, when the session is over, whoever ended it. */
  readonly ended: Promise<SessionEnd>;
  /** False while the connection is down; the session may still be alive then. */
  readonly connected: boolean;
  /** Calls back at each loss and each return of the connection. */
  onConnection(listener: (connected: boolean) => void): void;

  /** Returns the path made: with the counter appended for sequential nodes. */
  create(path: string, data: Buffer | null, options?: CreateOptions): Promise<string>;
  /** Null if there is no such node; the watcher is then set for its creation. */
  get(path: string, watcher?: Watcher): Promise<NodeData | null>;
  exists(path: string, watcher?: Watcher): Promise<Stat | null>;
  /** Names, in no order; null if there is no such node (then no watcher is set). */
  children(path: string, watcher?: Watcher): Promise<readonly string[] | null>;
  /** `version` -1 matches any. Fails with BAD_VERSION or NO_NODE. */
  set(path: string, data: Buffer | null, version: number): Promise<Stat>;
  /** Fails with BAD_VERSION, NO_NODE or NOT_EMPTY. */
  remove(path: string, version: number): Promise<void>;
  /** Flushes the channel to the leader: what was written before is read after. */
  sync(path: string): Promise<void>;
  /** Ends the session, with it its ephemerals. Idempotent. */
  close(): Promise<void>;
}

export interface CreateOptions {
  readonly ephemeral?: boolean;
  readonly sequential?: boolean;
}

export type ZooKeeperErrorCode =
  | 'NO_NODE'
  | 'NODE_EXISTS'
  | 'BAD_VERSION'
  | 'NOT_EMPTY'
  | 'NO_CHILDREN_FOR_EPHEMERALS'
  | 'CONNECTION_LOSS'
  | 'SESSION_ENDED'
  | 'NO_AUTH'
  | 'OTHER';

export class ZooKeeperError extends Error {
  readonly code: ZooKeeperErrorCode;
  readonly path: string;

  constructor(code: ZooKeeperErrorCode, path: string, options?: ErrorOptions) {
    super(`${code} ${path}`, options);
    this.name = 'ZooKeeperError';
    this.code = code;
    this.path = path;
  }
}

/** Opens a session; rejects if none could be had in time. */
export type OpenSession = (signal?: AbortSignal) => Promise<ZooKeeperSession>;
