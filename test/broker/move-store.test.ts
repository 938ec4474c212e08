/** From the embedded store of a broker to another ZooKeeper, by way of files and sessions in memory. */

import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import type { ClusterConnection } from '../../broker/cluster-connection.ts';
import { moveStore } from '../../broker/move-store.ts';
import type { MovedStore } from '../../broker/move-store.ts';
import { parseMoveStore } from '../../broker/move-store-command.ts';
import { systemClock } from '../../broker/platform/clock.ts';
import { silentLogger } from '../../broker/platform/logger.ts';
import { openEmbeddedStore } from '../../broker/zookeeper/embedded/embedded-store.ts';
import type { EmbeddedStore } from '../../broker/zookeeper/embedded/embedded-store.ts';
import { ensurePath } from '../../broker/zookeeper/persistent.ts';
import type { OpenSession, ZooKeeperSession } from '../../broker/zookeeper/port.ts';
import { encodeClusterId } from '../../broker/zookeeper/znodes/cluster.ts';
import { batchOf, makeTopic, produceTo, valuesFrom } from '../support/requests.ts';
import { MemoryFileSystem } from '../support/sim/memory-file-system.ts';
import { testBrokers } from '../support/test-broker.ts';

const FOLDER = '/data';
const STORE = `${FOLDER}/.odradek-store`;
const MARKER = '/odradek_move';

/** Each path with version and data. */
async function nodesOf(session: ZooKeeperSession, folder = '/'): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of [...((await session.children(folder)) ?? [])].sort()) {
    const child = folder === '/' ? `/${name}` : `${folder}/${name}`;
    const node = await session.get(child);
    lines.push(`${child} ${node?.data?.toString('utf8') ?? ''}`);
    lines.push(...(await nodesOf(session, child)));
  }
  return lines;
}

class Target {
  readonly store: EmbeddedStore;
  readonly session: ZooKeeperSession;

  private constructor(store: EmbeddedStore, session: ZooKeeperSession) {
    this.store = store;
    this.session = session;
  }

  static async open(): Promise<Target> {
    const fileSystem = new MemoryFileSystem(systemClock);
    await fileSystem.makeFolder(FOLDER);
    const store = await openEmbeddedStore({ fileSystem, path: STORE, logger: silentLogger });
    return new Target(store, await store.openSession());
  }

  get cluster(): ClusterConnection {
    return { openSession: this.store.openSession, close: () => Promise.resolve() };
  }
}

function move(
  fileSystem: MemoryFileSystem,
  target: Target,
  openSession: OpenSession = target.store.openSession,
): Promise<MovedStore> {
  return moveStore({ folder: FOLDER, target: 'zk:2181/there', openSession, fileSystem });
}

/** A folder with a store as a broker leaves it that was killed. */
async function folderWithStore(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem(systemClock);
  await fileSystem.makeFolder(FOLDER);
  const store = await openEmbeddedStore({ fileSystem, path: STORE, logger: silentLogger });
  const session = await store.openSession();
  for (const path of ['/brokers/ids', '/brokers/topics/t/partitions/0', '/config/changes']) {
    await ensurePath(session, path);
  }
  await session.create('/brokers/topics/t/partitions/0/state', Buffer.from('{"leader":7}'));
  await session.create('/brokers/ids/7', Buffer.from('{}'), { ephemeral: true });
  await session.create('/controller', Buffer.from('{}'), { ephemeral: true });
  await session.create('/config/changes/config_change_', null, { sequential: true });
  await session.create('/brokers/seqid', null);
  for (let drawn = 0; drawn < 3; drawn += 1) await session.set('/brokers/seqid', null, -1);
  await ensurePath(session, '/cluster');
  await session.create('/cluster/id', encodeClusterId('the-cluster'));
  fileSystem.crash({ keepUnsynced: true });
  return fileSystem;
}

const lasting = [
  '/brokers ',
  '/brokers/ids ',
  '/brokers/seqid ',
  '/brokers/topics ',
  '/brokers/topics/t ',
  '/brokers/topics/t/partitions ',
  '/brokers/topics/t/partitions/0 ',
  '/brokers/topics/t/partitions/0/state {"leader":7}',
  '/cluster ',
  '/cluster/id {"version":"1","id":"the-cluster"}',
  '/config ',
  '/config/changes ',
];

/** Every call from the n-th on fails, as when ZooKeeper is gone. */
function cutAfter(open: OpenSession, callCount: number): OpenSession {
  return async () => {
    const session = await open();
    let count = 0;
    const check = (): void => {
      count += 1;
      if (count > callCount) throw new Error('cut off');
    };
    return {
      id: session.id,
      timeoutMs: session.timeoutMs,
      ended: session.ended,
      connected: session.connected,
      onConnection: (listener) => session.onConnection(listener),
      create: async (...args) => (check(), session.create(...args)),
      get: async (...args) => (check(), session.get(...args)),
      exists: async (...args) => (check(), session.exists(...args)),
      children: async (...args) => (check(), session.children(...args)),
      set: async (...args) => (check(), session.set(...args)),
      remove: async (...args) => (check(), session.remove(...args)),
      sync: async (...args) => (check(), session.sync(...args)),
      close: () => session.close(),
    };
  };
}

describe('moving the embedded store', () => {
  const start = testBrokers();

  it('takes a broker with its topics, configurations and records to another ZooKeeper', async () => {
    const fileSystem = new MemoryFileSystem(systemClock);
    const before = await start({ fileSystem });
    const client = await before.connect();
    const configs = [{ name: 'retention.ms', value: '-1' }];
    const { topicId } = await makeTopic(client, 'orders', { numPartitions: 2, configs });
    await produceTo(client, 'orders', batchOf(['one', 'two']));
    await before.stop();
    const target = await Target.open();
    const moved = await move(fileSystem, target);
    expect(moved).toMatchObject({ brokerId: 0, nodeCount: expect.any(Number) });

    const after = await start({ fileSystem, cluster: target.cluster });
    const again = await after.connect();
    expect(await valuesFrom(again, 'orders')).toEqual(['one', 'two']);
    expect((await produceTo(again, 'orders', batchOf(['three']))).baseOffset).toBe(2n);
    const nodes = await nodesOf(target.session);
    const topic = nodes.find((line) => line.startsWith('/brokers/topics/orders '));
    expect(topic).toContain(`"topic_id":"${topicId}"`);
    expect(nodes).toContain('/config/topics/orders {"version":1,"config":{"retention.ms":"-1"}}');
  });

  it('leaves what belongs to brokers that are gone, and keeps the count of ids drawn', async () => {
    const target = await Target.open();
    expect(await move(await folderWithStore(), target)).toEqual({
      clusterId: 'the-cluster',
      brokerId: null,
      nodeCount: lasting.length,
    });
    expect(await nodesOf(target.session)).toEqual(lasting);
    expect((await target.session.exists('/brokers/seqid'))?.version).toBe(3);
  });

  it('puts the file aside, so that no broker goes on with it', async () => {
    const fileSystem = await folderWithStore();
    await move(fileSystem, await Target.open());
    expect(await fileSystem.list(FOLDER)).toEqual([
      '.lock',
      '.odradek-store.lock',
      '.odradek-store.moved',
    ]);
  });

  it('is taken up again by the same command, wherever it was cut short', async () => {
    for (let callCount = 0, done = false; !done; callCount += 1) {
      const fileSystem = await folderWithStore();
      const target = await Target.open();
      const cut = cutAfter(target.store.openSession, callCount);
      done = await move(fileSystem, target, cut).then(
        () => true,
        () => false,
      );
      await move(fileSystem, target);
      expect(await nodesOf(target.session)).toEqual(lasting);
      expect((await target.session.exists('/brokers/seqid'))?.version).toBe(3);
      assert(callCount < 100);
    }
  });

  it.each(['rename', 'syncFolder'] as const)(
    'is taken up again after a %s that failed',
    async (operation) => {
      const fileSystem = await folderWithStore();
      const target = await Target.open();
      fileSystem.failNext(operation, 'EIO');
      await expect(move(fileSystem, target)).rejects.toThrow('EIO');
      expect(await nodesOf(target.session)).toContain(
        `${MARKER} {"version":1,"cluster":"the-cluster"}`,
      );
      await move(fileSystem, target);
      expect(await nodesOf(target.session)).toEqual(lasting);
    },
  );

  it('says that it was done when it is asked for again', async () => {
    const fileSystem = await folderWithStore();
    const target = await Target.open();
    await move(fileSystem, target);
    expect(await move(fileSystem, target)).toMatchObject({ nodeCount: null });
    await expect(move(fileSystem, await Target.open())).rejects.toThrow(
      'has been moved before (.odradek-store.moved), and not to zk:2181/there, which holds no cluster',
    );
  });

  it.each([
    ['/brokers', null, 'it holds brokers already'],
    ['/cluster/id', encodeClusterId('another'), 'it holds cluster another already'],
    [MARKER, Buffer.from('{"cluster":"another"}'), 'a move of cluster another to it was begun'],
  ])('refuses a target with %s, and changes nothing', async (path, data, why) => {
    const fileSystem = await folderWithStore();
    const target = await Target.open();
    if (path.startsWith('/cluster')) await ensurePath(target.session, '/cluster');
    await target.session.create(path, data);
    const before = await nodesOf(target.session);
    await expect(move(fileSystem, target)).rejects.toThrow(why);
    expect(await nodesOf(target.session)).toEqual(before);
    expect(await fileSystem.list(FOLDER)).toContain('.odradek-store');
  });

  it('refuses to go on beside a broker that was started too early', async () => {
    const fileSystem = await folderWithStore();
    const target = await Target.open();
    await expect(move(fileSystem, target, cutAfter(target.store.openSession, 10))).rejects.toThrow(
      'cut off',
    );
    await ensurePath(target.session, '/brokers/ids');
    await target.session.create('/brokers/ids/7', Buffer.from('{}'), { ephemeral: true });
    await expect(move(fileSystem, target)).rejects.toThrow('broker 7 runs on it');
  });

  it('takes the root of a ZooKeeper that has nothing but its own node', async () => {
    const target = await Target.open();
    await ensurePath(target.session, '/zookeeper/quota');
    await expect(move(await folderWithStore(), target)).resolves.toMatchObject({
      clusterId: 'the-cluster',
    });
  });

  it('refuses while a broker runs on the folder', async () => {
    const fileSystem = new MemoryFileSystem(systemClock);
    const broker = await start({ fileSystem });
    await expect(move(fileSystem, await Target.open())).rejects.toThrow(
      'A broker runs on /data: it holds .odradek-store.lock. Stop it first',
    );
    await broker.stop();
    await expect(move(fileSystem, await Target.open())).resolves.toMatchObject({ brokerId: 0 });
  });

  it('refuses a folder without a store, and leaves no file there', async () => {
    const fileSystem = new MemoryFileSystem(systemClock);
    await fileSystem.makeFolder(FOLDER);
    await expect(move(fileSystem, await Target.open())).rejects.toThrow(
      '/data has no embedded store with a cluster in it (.odradek-store)',
    );
    expect(await fileSystem.list(FOLDER)).toEqual([]);
  });

  it('refuses a store beside the data of another cluster', async () => {
    const fileSystem = await folderWithStore();
    const meta = await fileSystem.open(`${FOLDER}/meta.properties`, 'write');
    await meta.write([Buffer.from('version=0\nbroker.id=7\ncluster.id=another\n')], 0);
    await meta.close();
    await expect(move(fileSystem, await Target.open())).rejects.toThrow(
      '/data holds the data of cluster another (meta.properties), but its .odradek-store that of ' +
        'cluster the-cluster',
    );
  });
});

describe('the arguments of move-store', () => {
  it.each([
    [['--to', 'zk:2181/a', '/data'], { target: 'zk:2181/a', place: '/data' }],
    [['server.properties', '--to', 'zk'], { target: 'zk', place: 'server.properties' }],
    [['/data'], null],
    [['--to', 'zk'], null],
    [['--to', 'zk', '/data', '/more'], null],
    [['--to', 'zk', '/data', '--force'], null],
  ])('%j', (args, expected) => {
    expect(parseMoveStore(args)).toEqual(expected);
  });
});

describe('two brokers on one embedded store', () => {
  const start = testBrokers();

  it('are one: the second is refused before it writes', async () => {
    const fileSystem = new MemoryFileSystem(systemClock);
    const first = await start({ fileSystem });
    // A topic comes after everything that a new controller writes.
    await makeTopic(await first.connect(), 'orders');
    const before = await fileSystem.readFile(STORE);
    await expect(start({ fileSystem })).rejects.toThrow(
      '/data is in use: another broker holds .odradek-store.lock',
    );
    expect(await fileSystem.readFile(STORE)).toEqual(before);
  });
});
