/**
 * A session with a real ensemble. Invariants: it is one session of the C client from beginning to
 * end and never becomes another; when it is over, every call fails with SESSION_ENDED and no watcher
 * is called again. All calls go to the client in the order in which they were made.
 *
 * The chroot is put before paths here and taken off again, so that the handle which makes the
 * chroot's nodes is the one that serves.
 */

import type { Logger } from '../platform/logger.ts';
import type { Timers } from '../platform/timers.ts';
import { parseConnectString } from './connect-string.ts';
import type { ConnectString } from './connect-string.ts';
import { ensurePath } from './persistent.ts';
import type {
  CreateOptions,
  NodeData,
  OpenSession,
  SessionEnd,
  Stat,
  WatchEvent,
  Watcher,
  ZooKeeperErrorCode,
  ZooKeeperSession,
} from './port.ts';
import { ZooKeeperError } from './port.ts';
import { WatchTable } from './watch-table.ts';
import { loadZooKeeperPackage } from './zookeeper-package.ts';
import type { NativeHandle, NativeStat } from './zookeeper-package.ts';

export interface ZooKeeperOptions {
  /** `zookeeper.connect`: `host:port,host:port/chroot`. The chroot's nodes are made if missing. */
  readonly connect: string;
  /** What is asked for; the servers may grant another, see ZooKeeperSession.timeoutMs. */
  readonly sessionTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly logger: Logger;
  readonly timers: Timers;
}

/** Throws an Error at once if the connect string makes no sense. */
export function openZooKeeper(options: ZooKeeperOptions): OpenSession {
  const connect = parseConnectString(options.connect);
  return async (signal) => {
    signal?.throwIfAborted();
    const Handle = await loadZooKeeperPackage();
    const handle = new Handle({});
    const session = new NativeSession(handle, connect.chroot, options);
    await establish(session, handle, { options, connect, signal });
    try {
      if (connect.chroot !== '') await ensurePath(session, '/');
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  };
}
