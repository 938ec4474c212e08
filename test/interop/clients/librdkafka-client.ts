/* eslint-disable jest/no-export -- a part of the scenario that clients.test.ts puts together */
/** librdkafka, as kcat: producers of every kind, groups with a rebalance, offsets by time. */

import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../support/cluster.ts';
import { kafkaJs } from '../support/kafkajs-client.ts';
import { assignmentIn, Kcat } from '../support/kcat.ts';
import { textRecords, valuesByKey } from '../support/records.ts';
import { until } from '../support/until.ts';

export function librdkafkaClient(cluster: () => Cluster): void {
  describe('librdkafka', () => {
    it.each([
      ['acks=0', ['-X', 'acks=0']],
      ['acks=1', ['-X', 'acks=1']],
      ['acks=all', ['-X', 'acks=all']],
      ['an idempotent producer', ['-X', 'enable.idempotence=true']],
      ['records of many batches', ['-X', 'batch.num.messages=7']],
    ])('writes with %s, and makes the topic by that', async (name, args) => {
      const topic = `kcat-${name.replaceAll(/[^a-z0-9]+/g, '-')}`;
      const kcat = new Kcat(cluster().bootstrap);
      const records = textRecords('kcat', 100);
      await kcat.produce(topic, records, args);
      expect(await kcat.consume(topic)).toEqual(records);
    });

    it('goes on in a group where it has stopped', async () => {
      const kcat = new Kcat(cluster().bootstrap);
      const [first, second] = [textRecords('first', 50), textRecords('second', 50)];
      await createTopic(cluster(), 'kcat-group', 3);
      await kcat.produce('kcat-group', first);
      expect(valuesByKey(await kcat.consumeInGroup('kcat-group', 'kcat'))).toEqual(
        valuesByKey(first),
      );
      await kcat.produce('kcat-group', second);
      expect(valuesByKey(await kcat.consumeInGroup('kcat-group', 'kcat'))).toEqual(
        valuesByKey(second),
      );
    });

    it('shares the partitions between two members, and takes over those of one that leaves', async () => {
      await createTopic(cluster(), 'kcat-shared', 4);
      const kcat = new Kcat(cluster().bootstrap);
      const [one, other] = [kcat.member('kcat-shared', 'pair'), kcat.member('kcat-shared', 'pair')];
      try {
        await one.start();
        expect(assignmentIn(one.log)).toEqual([0, 1, 2, 3]);
        await other.start();
        await until('both have two', () => assignmentIn(one.log)?.length === 2);
        const both = [...(assignmentIn(one.log) ?? []), ...(assignmentIn(other.log) ?? [])];
        expect(both.sort()).toEqual([0, 1, 2, 3]);
        await one.stop();
        await until('one has all', () => assignmentIn(other.log)?.length === 4);
        expect(assignmentIn(other.log)).toEqual([0, 1, 2, 3]);
      } finally {
        await one.stop();
        await other.stop();
      }
    });

    it('finds offsets by time', async () => {
      const kcat = new Kcat(cluster().bootstrap);
      await kcat.produce('kcat-time', textRecords('time', 10));
      expect(await kcat.query('kcat-time', 0, '0')).toBe('kcat-time [0] offset 0');
      expect(await kcat.query('kcat-time', 0, '-1')).toBe('kcat-time [0] offset 10');
      expect(await kcat.query('kcat-time', 0, '-2')).toBe('kcat-time [0] offset 0');
      // Nothing is that new, which librdkafka shows as the end.
      expect(await kcat.query('kcat-time', 0, '4000000000000')).toBe('kcat-time [0] offset -1');
    });

    it('lists brokers and topics', async () => {
      await createTopic(cluster(), 'kcat-listed', 2);
      const listed = await new Kcat(cluster().bootstrap).list(['-t', 'kcat-listed']);
      expect(listed).toContain(`${String(cluster().brokers.length)} brokers:`);
      for (const { id, address } of cluster().brokers) {
        expect(listed).toContain(`broker ${String(id)} at ${address}`);
      }
      expect(listed).toContain('topic "kcat-listed" with 2 partitions:');
      expect(listed.match(/partition \d, leader (\d), replicas: \1, isrs: \1/g)).toHaveLength(2);
    });
  });
}

async function createTopic(
  { bootstrap }: Cluster,
  topic: string,
  numPartitions: number,
): Promise<void> {
  const admin = kafkaJs(bootstrap).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
  await admin.disconnect();
}
