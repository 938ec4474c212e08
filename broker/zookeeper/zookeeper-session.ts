/**
 * Opens sessions with a real ensemble: loads the client, connects, makes the chroot.
 *
 * The client waits for a third of the session timeout before it tries a server again. A broker that
 * starts together with its ZooKeeper would lose seconds by that, so until there is a session the
 * attempts are ours: each with a handle of its own, and each given twice the time of the one before.
 */

import type { Logger } from '../platform/logger.ts';
import type { Timers } from '../platform/timers.ts';
import { delay } from '../platform/timers.ts';
import { parseConnectString } from './connect-string.ts';
import { NativeSession } from './native-session.ts';
import type { OpenSession } from './port.ts';
import { loadZooKeeperPackage } from './zookeeper-package.ts';
import type { NativeHandle } from './zookeeper-package.ts';

export interface ZooKeeperOptions {
  /** `zookeeper.connect`: `host:port,host:port/chroot`. The chroot's nodes are made if missing. */
  readonly connect: string;
  /** What is asked for; the servers may grant another, see ZooKeeperSession.timeoutMs. */
  readonly sessionTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly logger: Logger;
  readonly timers: Timers;
}

const firstAttemptMs = 1000;

/** Throws an Error at once if the connect string makes no sense. */
export function openZooKeeper(options: ZooKeeperOptions): OpenSession {
  const { servers, chroot } = parseConnectString(options.connect);
  return async (signal) => {
    const Handle = await loadZooKeeperPackage();
    const handle = await connected(() => new Handle({}), { options, servers, signal });
    const session = new NativeSession(handle, { chroot, ...options });
    try {
      await session.makeChroot();
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  };
}

interface Attempts {
  readonly options: ZooKeeperOptions;
  readonly servers: string;
  readonly signal: AbortSignal | undefined;
}

/** A handle with a session; rejects when the time is over, or with the signal's reason. */
async function connected(
  newHandle: () => NativeHandle,
  { options, servers, signal }: Attempts,
): Promise<NativeHandle> {
  let resolvable = true;
  let leftMs = options.connectTimeoutMs;
  for (let attemptMs = firstAttemptMs; leftMs > 0; attemptMs *= 2) {
    signal?.throwIfAborted();
    const handle = newHandle();
    const limitMs = Math.min(attemptMs, leftMs);
    const outcome = await attempt(handle, { options, servers, signal, limitMs });
    if (outcome === 'connected') return handle;
    handle.close();
    resolvable = outcome !== 'unresolvable';
    leftMs -= limitMs;
    options.logger.info({ servers, outcome, leftMs }, 'no session with ZooKeeper yet');
  }
  signal?.throwIfAborted();
  throw new Error(
    `No session with ZooKeeper at ${servers} within ${String(options.connectTimeoutMs)} ms: ` +
      (resolvable ? 'no server answered' : 'a host name could not be resolved'),
  );
}

async function attempt(
  handle: NativeHandle,
  { options, servers, signal, limitMs }: Attempts & { readonly limitMs: number },
): Promise<'connected' | 'unanswered' | 'unresolvable'> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const outcome = { isConnected: false };
  handle.on('connect', () => {
    outcome.isConnected = true;
    stop.abort();
  });
  handle.init({ connect: servers, timeout: options.sessionTimeoutMs, debug_level: 0 });
  const resolvable = handle.state !== 0;
  await delay(options.timers, limitMs, stop.signal).catch(() => undefined);
  signal?.removeEventListener('abort', onAbort);
  if (outcome.isConnected) return 'connected';
  return resolvable ? 'unanswered' : 'unresolvable';
}
