import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import assert from 'node:assert/strict';
import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import type { OpenSession, WatchEvent, ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { openZooKeeper } from '../../../broker/zookeeper/zookeeper-session.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import type { ZooKeeperServer } from '../../support/zookeeper-server.ts';
import { startZooKeeper } from '../../support/zookeeper-server.ts';
import type { SessionHarness } from './session-contract.ts';
import { bytes, describeSessions } from './session-contract.ts';

jest.setTimeout(60_000);

let server: ZooKeeperServer;
let chrootCount = 0;

beforeAll(async () => {
  server = await startZooKeeper();
});

afterAll(async () => {
  await server.stop();
});

function opener(connect: string, connectTimeoutMs = 30_000): OpenSession {
  const timing = { sessionTimeoutMs: 1000, connectTimeoutMs };
  return openZooKeeper({ connect, ...timing, logger: silentLogger, timers: systemTimers });
}

/** A chroot of two levels that nothing else uses. */
function newChroot(): string {
  chrootCount += 1;
  return `/contract/run-${String(chrootCount)}`;
}

/** Each session goes through a proxy of its own, which is cut until the servers have given it up. */
async function startHarness(): Promise<SessionHarness> {
  const chroot = newChroot();
  const proxies = new Map<ZooKeeperSession, TcpProxy>();
  const observer = await opener(server.connect + chroot)();
  return {
    async open(signal) {
      const proxy = await TcpProxy.start(server);
      try {
        const session = await opener(`127.0.0.1:${String(proxy.port)}${chroot}`)(signal);
        proxies.set(session, proxy);
        return session;
      } catch (error) {
        await proxy.stop();
        throw error;
      }
    },
    async expire(session) {
      const proxy = proxies.get(session);
      assert(proxy !== undefined);
      const mark = await session.create('/expiring', null, { ephemeral: true });
      const gone = deletionOf(observer, mark);
      proxy.cut();
      await gone;
      proxy.heal();
      await session.ended;
    },
    async stop() {
      await observer.close();
      for (const proxy of proxies.values()) await proxy.stop();
    },
  };
}

async function deletionOf(session: ZooKeeperSession, path: string): Promise<WatchEvent> {
  await session.sync(path);
  return new Promise((resolve) => void session.exists(path, resolve));
}

describeSessions('A session with a real ZooKeeper', startHarness);
