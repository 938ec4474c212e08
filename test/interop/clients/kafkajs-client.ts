/* eslint-disable jest/no-export -- a part of the scenario that clients.test.ts puts together */
/** kafkajs: producers, a group of two whose members come and go, offsets, and its admin client. */

import { describe, expect, it } from '@jest/globals';
import type { Admin } from 'kafkajs';
import { ConfigResourceTypes } from 'kafkajs';
import type { Cluster } from '../support/cluster.ts';
import { GroupMember } from '../support/kafkajs-member.ts';
import { kafkaJs, readToCount } from '../support/kafkajs-client.ts';
import { textRecords, valuesByKey } from '../support/records.ts';
import { until } from '../support/until.ts';

export function kafkaJsClient(cluster: () => Cluster): void {
  describe('kafkajs', () => {
    it.each([0, 1, -1])('writes with acks=%d and reads in a group', async (acks) => {
      const topic = `js-acks${String(acks)}`;
      const records = textRecords('js', 200);
      await withAdmin(cluster(), (admin) => create(admin, topic, 3));
      const producer = kafkaJs(cluster().bootstrap).producer();
      await producer.connect();
      // With acks=0 nobody would tell of a leader that does not know of the new topic yet.
      const first = [0, 1, 2].map((partition) => ({ partition, key: 'first', value: 'first' }));
      await producer.send({ topic, acks: 1, messages: first });
      await producer.send({ topic, acks, messages: [...records] });
      await producer.disconnect();
      const count = first.length + records.length;
      const read = await readToCount(cluster().bootstrap, { topic, count });
      expect(valuesByKey(read)).toEqual(valuesByKey([...first, ...records]));
    });

    it('writes as an idempotent producer, with headers and a time, and reads both', async () => {
      const topic = 'js-headers';
      const { bootstrap } = cluster();
      const producer = kafkaJs(bootstrap).producer({ idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      const message = { value: 'v', timestamp: '1700000000123', headers: { from: 'interop' } };
      const [first] = await producer.send({ topic, messages: [message] });
      const [second] = await producer.send({ topic, messages: [message, message] });
      await producer.disconnect();
      expect([first?.baseOffset, second?.baseOffset]).toEqual(['0', '1']);
      const member = new GroupMember(bootstrap, { topic, group: 'js-headers-group' });
      await member.start();
      await until('all are read', () => member.messages.length === 3);
      await member.stop();
      for (const { message: read } of member.messages) {
        expect(read.timestamp).toBe('1700000000123');
        expect(read.headers?.from?.toString()).toBe('interop');
      }
    });

    it('shares the partitions between two members, and takes over those of one that leaves', async () => {
      const topic = 'js-shared';
      const { bootstrap } = cluster();
      await withAdmin(cluster(), (admin) => create(admin, topic, 4));
      const one = new GroupMember(bootstrap, { topic, group: 'js-pair' });
      const other = new GroupMember(bootstrap, { topic, group: 'js-pair' });
      await one.start();
      expect(one.partitions).toEqual([0, 1, 2, 3]);
      await other.start();
      await until(
        'both have two',
        () => one.partitions.length === 2 && other.partitions.length === 2,
      );
      expect([...one.partitions, ...other.partitions].sort()).toEqual([0, 1, 2, 3]);
      await send(cluster(), topic, 'while both are there', 100);
      await until('all are read', () => one.messages.length + other.messages.length >= 100);
      expect(one.messages.length).toBeGreaterThan(0);
      expect(other.messages.length).toBeGreaterThan(0);
      await one.stop();
      await until('one has all', () => other.partitions.length === 4);
      const before = one.messages.length + other.messages.length;
      await send(cluster(), topic, 'after one has left', 100);
      await until(
        'all are read',
        () => one.messages.length + other.messages.length >= before + 100,
      );
      await other.stop();
      const values = [...one.messages, ...other.messages].map(({ message }) =>
        message.value?.toString(),
      );
      // Both committed when they left or gave partitions up, so nothing was read twice.
      expect([values.length, new Set(values).size]).toEqual([200, 200]);
    });

    it('goes on where its group has stopped, and where its offsets are put', async () => {
      const topic = 'js-resumed';
      const read = { topic, group: 'js-resuming' };
      await send(cluster(), topic, 'first', 30);
      expect(await readToCount(cluster().bootstrap, { ...read, count: 30 })).toHaveLength(30);
      await send(cluster(), topic, 'second', 10);
      const second = await readToCount(cluster().bootstrap, { ...read, count: 10 });
      expect(second.map(({ value }) => value)).toEqual(
        textRecords('second', 10).map(({ value }) => value),
      );
      await withAdmin(cluster(), async (admin) => {
        const partitions = [{ partition: 0, offset: '35' }];
        await admin.setOffsets({ groupId: read.group, topic, partitions });
        const [offsets] = await admin.fetchOffsets({ groupId: read.group, topics: [topic] });
        expect(offsets?.partitions).toEqual([{ partition: 0, offset: '35', metadata: null }]);
      });
      expect(await readToCount(cluster().bootstrap, { ...read, count: 5 })).toHaveLength(5);
    });

    it('makes, describes and deletes topics', async () => {
      const topic = 'js-admin';
      await withAdmin(cluster(), async (admin) => {
        expect(await create(admin, topic, 3, [{ name: 'retention.ms', value: '3600000' }])).toBe(
          true,
        );
        expect(await create(admin, topic, 3)).toBe(false);
        expect(await admin.listTopics()).toContain(topic);
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        expect(topics[0]?.partitions).toHaveLength(3);
        const resource = {
          type: ConfigResourceTypes.TOPIC,
          name: topic,
          configNames: ['retention.ms'],
        };
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [resource],
        });
        expect(resources[0]?.configEntries[0]).toMatchObject({
          configName: 'retention.ms',
          configValue: '3600000',
        });
        await admin.deleteTopics({ topics: [topic] });
        await until('it is gone', async () => !(await admin.listTopics()).includes(topic));
      });
    });

    it('finds offsets by time', async () => {
      const topic = 'js-times';
      const producer = kafkaJs(cluster().bootstrap).producer();
      await producer.connect();
      for (const timestamp of ['1700000001000', '1700000002000', '1700000003000']) {
        await producer.send({ topic, messages: [{ value: timestamp, timestamp }] });
      }
      await producer.disconnect();
      await withAdmin(cluster(), async (admin) => {
        const since = async (time: number): Promise<string | undefined> =>
          (await admin.fetchTopicOffsetsByTimestamp(topic, time))[0]?.offset;
        expect(await since(1_700_000_001_001)).toBe('1');
        expect(await since(1_700_000_003_000)).toBe('2');
        expect(await since(1_700_000_003_001)).toBe('3');
        expect(await admin.fetchTopicOffsets(topic)).toEqual([
          { partition: 0, offset: '3', high: '3', low: '0' },
        ]);
      });
    });

    it('describes the cluster and its groups', async () => {
      await send(cluster(), 'js-described', 'described', 1);
      await readToCount(cluster().bootstrap, {
        topic: 'js-described',
        group: 'js-empty',
        count: 1,
      });
      await withAdmin(cluster(), async (admin) => {
        const { brokers, clusterId, controller } = await admin.describeCluster();
        const ids = cluster().brokers.map(({ id }) => id);
        expect(brokers.map(({ nodeId }) => nodeId).sort()).toEqual(ids);
        expect(ids).toContain(controller);
        expect(clusterId).toMatch(/^[\w-]{22}$/);
        const { groups } = await admin.listGroups();
        expect(groups).toContainEqual({ groupId: 'js-empty', protocolType: 'consumer' });
        const described = await admin.describeGroups(['js-empty', 'js-unknown']);
        const states = new Map(described.groups.map(({ groupId, state }) => [groupId, state]));
        expect(Object.fromEntries(states)).toEqual({ 'js-empty': 'Empty', 'js-unknown': 'Dead' });
      });
    });
  });
}

async function withAdmin(
  { bootstrap }: Cluster,
  work: (admin: Admin) => Promise<unknown>,
): Promise<void> {
  const admin = kafkaJs(bootstrap).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** False if there is one of that name. */
async function create(
  admin: Admin,
  topic: string,
  numPartitions: number,
  configEntries: { name: string; value: string }[] = [],
): Promise<boolean> {
  return admin.createTopics({
    topics: [{ topic, numPartitions, configEntries }],
    waitForLeaders: true,
  });
}

async function send(
  { bootstrap }: Cluster,
  topic: string,
  prefix: string,
  count: number,
): Promise<void> {
  const producer = kafkaJs(bootstrap).producer();
  await producer.connect();
  await producer.send({ topic, messages: [...textRecords(prefix, count)] });
  await producer.disconnect();
}
