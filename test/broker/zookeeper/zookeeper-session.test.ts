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

async function startHarness(): Promise<SessionHarness> {
  const chroot = newChroot();
  const open = opener(server.connect + chroot);
  const observer = await open();
  const proxies: TcpProxy[] = [];
  return {
    open,
    async openDoomed() {
      const proxy = await TcpProxy.start(server);
      proxies.push(proxy);
      const session = await opener(`127.0.0.1:${String(proxy.port)}${chroot}`)();
      return { session, expire: () => expire(session, proxy, observer) };
    },
    async stop() {
      await observer.close();
      for (const proxy of proxies) await proxy.stop();
    },
  };
}

/** Cuts the session off until the servers have given it up. */
async function expire(
  session: ZooKeeperSession,
  proxy: TcpProxy,
  observer: ZooKeeperSession,
): Promise<void> {
  await session.create('/mark', null, { ephemeral: true });
  await observer.sync('/mark');
  const gone = deletionOf(observer, '/mark');
  proxy.cut();
  await gone;
  proxy.heal();
  await session.ended;
}

function deletionOf(session: ZooKeeperSession, path: string): Promise<WatchEvent> {
  return new Promise((resolve) => void session.exists(path, resolve));
}

describeSessions('A session with a real ZooKeeper', startHarness);

describe('openZooKeeper', () => {
  it('makes a chroot of several levels, and what is in it is elsewhere below it', async () => {
    const chroot = newChroot();
    const inside = await opener(server.connect + chroot)();
    const outside = await opener(server.connect)();
    await inside.create('/a', bytes('1'));
    await outside.sync(`${chroot}/a`);
    expect((await outside.get(`${chroot}/a`))?.data?.toString()).toBe('1');
    expect(await inside.children('/')).toEqual(['a']);
    await inside.close();
    await outside.close();
  });

  it('says which servers did not answer in time', async () => {
    const proxy = await TcpProxy.start(server);
    proxy.cut();
    const address = `127.0.0.1:${String(proxy.port)}`;
    await expect(opener(address, 200)()).rejects.toThrow(
      `No session with ZooKeeper at ${address} within 200 ms: no server answered`,
    );
    await proxy.stop();
  });

  it('says that a host name could not be resolved', async () => {
    await expect(opener('no-such-host.invalid', 200)()).rejects.toThrow(
      'No session with ZooKeeper at no-such-host.invalid:2181 within 200 ms: a host name could not be resolved',
    );
  });

  it('gives up with the reason of its signal', async () => {
    const proxy = await TcpProxy.start(server);
    proxy.cut();
    const controller = new AbortController();
    const reason = new Error('the broker stops');
    const opening = opener(`127.0.0.1:${String(proxy.port)}`)(controller.signal);
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    await proxy.stop();
  });

  it('waits for servers that come later', async () => {
    const proxy = await TcpProxy.start(server);
    proxy.cut();
    const refused = proxy.nextConnection();
    const opening = opener(`127.0.0.1:${String(proxy.port)}`)();
    await refused;
    proxy.heal();
    const session = await opening;
    expect(session.connected).toBe(true);
    proxy.cut();
    await session.close();
    await proxy.stop();
  });

  it('refuses a connect string that makes no sense', () => {
    expect(() => opener('')).toThrow("zookeeper.connect '': no server is named");
    expect(() => opener('a:b')).toThrow("zookeeper.connect 'a:b': 'a:b' is not host:port");
    expect(() => opener('a:1//b')).toThrow("'//b' is not a path");
  });
});

describe('A session whose connection is lost for a moment', () => {
  it('says so, keeps its ephemerals, and tells of what happened meanwhile', async () => {
    const chroot = newChroot();
    const proxy = await TcpProxy.start(server);
    const other = await opener(server.connect + chroot)();
    const session = await opener(`127.0.0.1:${String(proxy.port)}${chroot}`)();
    await session.create('/e', null, { ephemeral: true });
    await session.create('/a', null);
    const told = new Promise<WatchEvent>((resolve) => void session.get('/a', resolve));
    await session.sync('/a');
    const connections = connectionsOf(session);

    proxy.cut();
    expect(await connections.next()).toBe(false);
    expect(session.connected).toBe(false);
    await other.set('/a', bytes('1'), -1);
    proxy.heal();
    expect(await connections.next()).toBe(true);
    expect(await told).toEqual({ type: 'changed', path: '/a' });
    expect((await session.get('/a'))?.data?.toString()).toBe('1');
    expect((await other.exists('/e'))?.ephemeralOwner).toBe(session.id);

    proxy.cut();
    await session.close();
    await other.close();
    await proxy.stop();
  });
});

function connectionsOf(session: ZooKeeperSession): { next(): Promise<boolean> } {
  const seen: boolean[] = [];
  let wake: () => void = () => undefined;
  session.onConnection((connected) => {
    seen.push(connected);
    wake();
  });
  return {
    async next() {
      if (seen.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const first = seen.shift();
      assert(first !== undefined);
      return first;
    },
  };
}
