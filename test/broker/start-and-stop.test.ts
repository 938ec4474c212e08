/** A broker that is stopped at any moment, and what its probes say of its life. */

import { describe, expect, it } from '@jest/globals';
import type { ClusterConnection } from '../../broker/cluster-connection.ts';
import { systemClock } from '../../broker/platform/clock.ts';
import { leaderAndIsr } from '../../broker/protocol/messages/leader-and-isr.ts';
import { brokerPath, paths } from '../../broker/zookeeper/paths.ts';
import { TestBroker, testBrokers } from '../support/test-broker.ts';
import { delayedFileSystem } from '../support/sim/delayed-file-system.ts';
import { MemoryFileSystem } from '../support/sim/memory-file-system.ts';
import { batchOf, makeTopic, produceTo } from '../support/requests.ts';
import { testClusters } from '../support/test-cluster.ts';

const MARKER = '.kafka_cleanshutdown';
const open = testClusters();
const start = testBrokers();

async function statusOf(broker: TestBroker, path: string): Promise<number> {
  const address = `http://127.0.0.1:${String(broker.broker.httpPort)}${path}`;
  return (await fetch(address, { headers: { connection: 'close' } })).status;
}

describe('a broker that is stopped while it starts', () => {
  it.each([1, 3, 5, 8, 12, 16, 20, 25, 30, 35, 40, 50, 60])(
    'leaves no lock and a clean folder or an untouched one, at call %i to the disk',
    async (atCall) => {
      const files = new MemoryFileSystem(systemClock);
      const stops: Promise<void>[] = [];
      let count = 0;
      const fileSystem = delayedFileSystem(files, () => {
        count += 1;
        if (count === atCall) stops.push(broker.broker.stop());
        return Promise.resolve();
      });
      const broker = TestBroker.make({ fileSystem });
      const failures: unknown[] = [];
      await broker.broker.start().catch((error: unknown) => failures.push(error));
      await Promise.all([...stops, broker.stop()]);
      for (const failure of failures) {
        expect(String(failure)).toContain('the broker was stopped while it started');
      }
      const names = await files.list('/data');
      expect(names.includes(MARKER)).toBe(names.includes('meta.properties'));
      const again = TestBroker.make({ fileSystem: files });
      await again.broker.start();
      await again.stop();
      expect(await files.list('/data')).toContain(MARKER);
    },
  );

  it('does not wait for a controller that cannot reach it', async () => {
    const cluster = await open();
    const [first] = await cluster.start(1);
    const toFirst = { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${String(first?.port)}` };
    const second = cluster.make(1, { properties: toFirst });
    const started = second.broker.start();
    await second.log.find(({ message }) => message === 'broker registered');
    await Promise.all([
      expect(started).rejects.toThrow('stopped while it started'),
      second.broker.stop(),
    ]);
    expect(await cluster.session.exists(brokerPath(1))).toBeNull();
    expect(await second.fileSystem.list('/data')).toContain(MARKER);
  });

  it('does not start at all when the stop came first', async () => {
    const broker = TestBroker.make();
    await broker.stop();
    await expect(broker.broker.start()).rejects.toThrow('stopped');
    expect(broker.broker.ports.size).toBe(0);
  });

  it('closes a session that was still being opened', async () => {
    const cluster = await open();
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const ends: unknown[] = [];
    const connection: ClusterConnection = {
      openSession: async () => {
        isAsked();
        await held;
        const session = await cluster.store.openSession();
        void session.ended.then((end) => ends.push(end));
        return session;
      },
      close: () => Promise.resolve(),
    };
    const broker = TestBroker.make({ cluster: connection });
    const started = broker.broker.start();
    await asked;
    const stopped = broker.broker.stop();
    letGo();
    await expect(started).rejects.toThrow('stopped while it started');
    await stopped;
    expect(ends).toEqual(['closed']);
  });
});

describe('a broker that leaves while it joins again', () => {
  it('closes the session that it opened meanwhile', async () => {
    const cluster = await open();
    let isAway = false;
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const ends: unknown[] = [];
    const broker = TestBroker.make({
      cluster: {
        openSession: async () => {
          if (isAway) {
            isAsked();
            await held;
          }
          const session = await cluster.store.openSession();
          if (isAway) void session.ended.then((end) => ends.push(end));
          return session;
        },
        close: () => Promise.resolve(),
      },
    });
    await broker.broker.start();
    isAway = true;
    await cluster.expire(0);
    await asked;
    const stopped = broker.stop();
    letGo();
    await stopped;
    expect(ends.length).toBeGreaterThan(0);
    expect(new Set(ends)).toEqual(new Set(['closed']));
    expect(await cluster.session.exists(brokerPath(0))).toBeNull();
    expect(await cluster.session.exists(paths.controller)).toBeNull();
    expect(broker.fatal).toEqual([]);
  });
});

describe('the probes of a broker', () => {
  const http = { 'odradek.http.port': '0', 'odradek.http.host': '127.0.0.1' };

  it('call it not ready while its session is lost, and healthy all the time', async () => {
    const cluster = await open();
    let isAway = false;
    let comesBack = (): void => undefined;
    const back = new Promise<void>((resolve) => (comesBack = resolve));
    const broker = TestBroker.make({
      properties: http,
      cluster: {
        openSession: async (signal) => {
          if (isAway) await back;
          return cluster.store.openSession(signal);
        },
        close: () => Promise.resolve(),
      },
    });
    cluster.brokers.push(broker);
    await broker.broker.start();
    expect(await statusOf(broker, '/readyz')).toBe(200);
    isAway = true;
    await cluster.expire(0);
    expect(await statusOf(broker, '/readyz')).toBe(503);
    expect(await statusOf(broker, '/healthz')).toBe(200);
    comesBack();
    await broker.log.find(() => broker.log.withMessage('broker registered').length === 2);
    expect(await statusOf(broker, '/readyz')).toBe(200);
  });

  it('call it broken when a log could not be synced', async () => {
    const files = new MemoryFileSystem(systemClock);
    const properties = { ...http, 'log.flush.interval.messages': '1' };
    const broker = await start({ fileSystem: files, properties });
    const client = await broker.connect();
    await makeTopic(client, 'orders');
    expect(await statusOf(broker, '/healthz')).toBe(200);
    files.failNext('sync', 'EIO', '/data/orders-0/00000000000000000000.log');
    await produceTo(client, 'orders', batchOf(['lost']));
    expect(await statusOf(broker, '/healthz')).toBe(503);
  });
});

describe('a controller whose broker is sent a request of a newer one', () => {
  it('ends its term, and begins another above that epoch', async () => {
    const cluster = await open();
    const [broker] = await cluster.start(1);
    const client = await broker?.connect();
    await client?.send(leaderAndIsr, 7, {
      ...leaderAndIsr.request.initial,
      controllerId: 5,
      controllerEpoch: 9,
      brokerEpoch: -1n,
    });
    const isAbove = ({ message, fields }: { message: string; fields: object }): boolean =>
      message === 'elected controller' && 'epoch' in fields && fields.epoch === 10;
    await broker?.log.find(isAbove);
    expect(broker?.log.withMessage('the controller gives up its term')).toHaveLength(1);
  });
});
