import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigStore } from '../../../broker/config-store/config-store.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import type { EmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import { openEmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import { paths, persistentPaths } from '../../../broker/zookeeper/paths.ts';
import { ensurePath, ensurePaths } from '../../../broker/zookeeper/persistent.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';

let zookeeper: EmbeddedStore;
let tool: ZooKeeperSession;
let time: ManualTime;

beforeEach(async () => {
  time = new ManualTime();
  const fileSystem = new MemoryFileSystem(time);
  await fileSystem.makeFolder('/data');
  zookeeper = await openEmbeddedStore({ fileSystem, path: '/data/store', logger: silentLogger });
  tool = await zookeeper.openSession();
  await ensurePaths(tool, persistentPaths);
  await ensurePath(tool, '/brokers/topics/orders');
});

afterEach(() => zookeeper.close());

async function storeOf(brokerId: number): Promise<ConfigStore> {
  const store = new ConfigStore({
    brokerId,
    properties: new Map([
      ['zookeeper.connect', 'local:'],
      ['log.retention.hours', '24'],
    ]),
    clock: time,
    logger: silentLogger,
  });
  await store.attach(await zookeeper.openSession());
  return store;
}

/** As Kafka's tools write. */
async function write(entity: string, config: Record<string, string>): Promise<void> {
  const data = Buffer.from(JSON.stringify({ version: 1, config }));
  const path = `/config/${entity}`;
  if ((await tool.exists(path)) === null) await tool.create(path, data);
  else await tool.set(path, data, -1);
}

async function notify(entity: string): Promise<void> {
  const change = Buffer.from(JSON.stringify({ version: 2, entity_path: entity }));
  await tool.create(paths.configChangePrefix, change, { sequential: true });
}

function nextTopicChange(store: ConfigStore): Promise<readonly string[] | 'all'> {
  return new Promise((resolve) => {
    const stop = store.onTopicConfig((topics) => {
      stop();
      resolve(topics);
    });
  });
}

const enforce = { validateOnly: false };

describe('ConfigStore', () => {
  it('loads every layer at the start', async () => {
    await write('topics/orders', { 'segment.bytes': '1000' });
    await write('brokers/<default>', { 'log.retention.ms': '7' });
    await write('brokers/1', { 'log.cleaner.threads': '2' });
    await write('brokers/2', { 'log.cleaner.threads': '9' });
    const store = await storeOf(1);
    expect(store.topicConfig('orders')).toMatchObject({ segmentBytes: 1000, retentionMs: 7 });
    expect(store.topicConfig('other').segmentBytes).toBe(1_073_741_824);
    expect(Number(store.broker.get('log.cleaner.threads'))).toBe(2);
  });

  it('sees a change that another broker or a tool makes', async () => {
    const store = await storeOf(1);
    expect(store.topicConfig('orders').retentionMs).toBe(86_400_000);
    const changed = nextTopicChange(store);
    await write('topics/orders', { 'retention.ms': '5' });
    await notify('topics/orders');
    expect(await changed).toEqual(['orders']);
    expect(store.topicConfig('orders').retentionMs).toBe(5);
  });

  it('tells of a change of the brokers, which topics default to', async () => {
    const store = await storeOf(1);
    const seen: number[] = [];
    store.onBrokerConfig((config) => seen.push(Number(config.get('message.max.bytes'))));
    const changed = nextTopicChange(store);
    await write('brokers/<default>', { 'message.max.bytes': '2000', 'log.retention.ms': '9' });
    await notify('brokers/<default>');
    expect(await changed).toBe('all');
    expect(seen).toEqual([2000]);
    expect(store.topicConfig('orders')).toMatchObject({ maxMessageBytes: 2000, retentionMs: 9 });
  });

  it('alters a topic: znode, then notification, in force at once and on other brokers', async () => {
    const store = await storeOf(1);
    const other = await storeOf(2);
    const changed = nextTopicChange(other);
    await store.alterTopic(
      'orders',
      [{ key: 'retention.ms', operation: 'SET', value: '11' }],
      enforce,
    );
    expect(store.topicConfig('orders').retentionMs).toBe(11);
    const node = await tool.get('/config/topics/orders');
    expect(node?.data?.toString()).toBe('{"version":1,"config":{"retention.ms":"11"}}');
    expect(await tool.children(paths.configChanges)).toEqual(['config_change_0000000000']);
    const change = await tool.get('/config/changes/config_change_0000000000');
    expect(change?.data?.toString()).toBe('{"version":2,"entity_path":"topics/orders"}');
    await changed;
    expect(other.topicConfig('orders').retentionMs).toBe(11);
  });

  it('writes nothing when it only validates, or when something is wrong', async () => {
    const store = await storeOf(1);
    const set = (value: string) => [{ key: 'retention.ms', operation: 'SET', value }] as const;
    await store.alterTopic('orders', set('1'), { validateOnly: true });
    await expect(store.alterTopic('orders', set('x'), enforce)).rejects.toMatchObject({
      code: ErrorCodes.INVALID_CONFIG,
    });
    await expect(store.alterTopic('gone', set('1'), enforce)).rejects.toMatchObject({
      code: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    });
    expect(await tool.exists('/config/topics/orders')).toBeNull();
    expect(await tool.children(paths.configChanges)).toEqual([]);
  });

  it('loses no change when two alter the same topic at once', async () => {
    const [one, two] = [await storeOf(1), await storeOf(2)];
    await Promise.all([
      one.alterTopic('orders', [{ key: 'segment.ms', operation: 'SET', value: '1' }], enforce),
      two.alterTopic('orders', [{ key: 'retention.ms', operation: 'SET', value: '2' }], enforce),
      one.alterTopic('orders', [{ key: 'flush.ms', operation: 'SET', value: '3' }], enforce),
    ]);
    expect(JSON.parse((await tool.get('/config/topics/orders'))?.data?.toString() ?? '')).toEqual({
      version: 1,
      config: { 'segment.ms': '1', 'retention.ms': '2', 'flush.ms': '3' },
    });
  });

  it('replaces a whole topic configuration as AlterConfigs does', async () => {
    await write('topics/orders', { 'retention.ms': '5', 'segment.ms': '6' });
    const store = await storeOf(1);
    await store.replaceTopic('orders', new Map([['segment.ms', '7']]), enforce);
    expect(store.ownTopicConfig('orders')).toEqual(new Map([['segment.ms', '7']]));
    expect(store.effectiveTopicConfig('orders')('retention.ms')).toMatchObject({
      value: '86400000',
      source: 'STATIC_BROKER_CONFIG',
    });
  });

  it('alters brokers, its own and all of them, and no other one', async () => {
    const store = await storeOf(1);
    const set = [{ key: 'log.cleaner.threads', operation: 'SET', value: '3' }] as const;
    await store.alterBroker(null, set, enforce);
    expect(Number(store.broker.get('log.cleaner.threads'))).toBe(3);
    await store.alterBroker(1, [{ ...set[0], value: '4' }], enforce);
    expect(Number(store.broker.get('log.cleaner.threads'))).toBe(4);
    await expect(store.alterBroker(2, set, enforce)).rejects.toMatchObject({
      code: ErrorCodes.INVALID_REQUEST,
    });
    expect(store.describeBrokerDefaults()).toEqual([
      expect.objectContaining({
        name: 'log.cleaner.threads',
        value: '3',
        source: 'DYNAMIC_DEFAULT_BROKER_CONFIG',
      }),
    ]);
    const described = store.describeBroker().find(({ name }) => name === 'log.cleaner.threads');
    expect(described).toMatchObject({ value: '4', source: 'DYNAMIC_BROKER_CONFIG' });
  });

  it('reads a topic that was made without a notification when asked to', async () => {
    const store = await storeOf(1);
    await write('topics/fresh', { 'cleanup.policy': 'compact' });
    expect(store.topicConfig('fresh').compacts).toBe(false);
    expect((await store.refreshTopic('fresh')).compacts).toBe(true);
    store.forgetTopic('fresh');
    expect(store.topicConfig('fresh').compacts).toBe(false);
  });

  it('writes the configuration of a new topic over what an earlier one left', async () => {
    await write('topics/new', { 'retention.ms': '1' });
    const store = await storeOf(1);
    await store.writeNewTopic('new', new Map());
    expect((await tool.get('/config/topics/new'))?.data?.toString()).toBe(
      '{"version":1,"config":{}}',
    );
    expect(await tool.children(paths.configChanges)).toEqual([]);
  });

  it('leaves out what no check let through, and damaged entities', async () => {
    await write('topics/orders', { 'retention.ms': 'week', 'segment.bytes': '1000', later: 'x' });
    await write('brokers/<default>', { 'num.replica.fetchers': '-7', 'broker.id': '9' });
    await tool.create('/config/topics/damaged', Buffer.from('{'));
    const store = await storeOf(1);
    expect(store.topicConfig('orders')).toMatchObject({
      retentionMs: 86_400_000,
      segmentBytes: 1000,
    });
    expect(store.topicConfig('damaged').segmentBytes).toBe(1_073_741_824);
    expect(store.broker.get('num.replica.fetchers')).toBe('1');
    expect(store.broker.brokerId).toBe(-1);
  });

  it('purges notifications a quarter of an hour old when the next one arrives', async () => {
    await notify('topics/orders');
    const store = await storeOf(1);
    const alter = (value: string) =>
      store.alterTopic('orders', [{ key: 'flush.ms', operation: 'SET', value }], enforce);
    const purged = new Promise<void>((resolve) => {
      void tool.exists('/config/changes/config_change_0000000000', () => resolve());
    });
    await time.advance(16 * 60 * 1000);
    await alter('1');
    await purged;
    expect(await tool.children(paths.configChanges)).toEqual(['config_change_0000000001']);
  });

  it('skips a notification that it does not understand', async () => {
    const store = await storeOf(1);
    await tool.create(paths.configChangePrefix, Buffer.from('nonsense'), { sequential: true });
    const changed = nextTopicChange(store);
    await write('topics/orders', { 'retention.ms': '5' });
    await notify('topics/orders');
    expect(await changed).toEqual(['orders']);
  });

  it('reads everything again on the next session', async () => {
    const store = new ConfigStore({
      brokerId: 1,
      properties: new Map([['zookeeper.connect', 'local:']]),
      clock: time,
      logger: silentLogger,
    });
    const first = await zookeeper.openSession();
    await store.attach(first);
    await zookeeper.expire(first.id);
    await write('topics/orders', { 'retention.ms': '5' });
    await store.attach(await zookeeper.openSession());
    expect(store.topicConfig('orders').retentionMs).toBe(5);
  });

  it('describes every key of a topic', async () => {
    const store = await storeOf(1);
    const entries = store.describeTopic('orders');
    expect(entries).toHaveLength(36);
    expect(entries.every(({ value }) => value !== null)).toBe(true);
  });

  it('describes a topic that another broker has just made, before any notification', async () => {
    const store = await storeOf(1);
    await write('topics/orders', { 'retention.ms': '5' });
    const entries = await store.describeTopicAfresh('orders');
    expect(entries.find(({ name }) => name === 'retention.ms')?.value).toBe('5');
  });

  it('describes what it knew of a topic between two sessions', async () => {
    await write('topics/orders', { 'retention.ms': '5' });
    const session = await zookeeper.openSession();
    const store = await storeOf(1);
    await store.attach(session);
    await zookeeper.expire(session.id);
    const entries = await store.describeTopicAfresh('orders');
    expect(entries.find(({ name }) => name === 'retention.ms')?.value).toBe('5');
  });
});
