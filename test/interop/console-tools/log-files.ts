/* eslint-disable jest/no-export -- a part of the scenario that console-tools.test.ts puts together */
/**
 * DumpLogSegments of Apache Kafka reads every file that the brokers wrote: those of the tests before, and
 * of a topic with many segments; after a clean stop, and after kill -9 and a new start.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { CompressionTypes } from 'kafkajs';
import { apacheVersion } from '../support/broker-under-test.ts';
import type { Cluster } from '../support/cluster.ts';
import type { SegmentFile } from '../support/dump-log.ts';
import { dumpFiles, segmentFiles } from '../support/dump-log.ts';
import type { KafkaVersion } from '../support/java.ts';
import { kafkaJs, readToCount } from '../support/kafkajs-client.ts';

const topic = 'rolled';
const dumpVersions = ['2.8.1', '3.9.1'] as const;
const roundCount = 40;
const roundSize = 50;

export function logFiles(cluster: () => Cluster): void {
  describe('the files of the partitions', () => {
    let writtenCount = 0;

    beforeAll(async () => {
      await createTopic(cluster().bootstrap);
      writtenCount += await writeRounds(cluster().bootstrap);
      const group = 'log-files-group';
      await readToCount(cluster().bootstrap, { topic, group, count: writtenCount });
    });

    describe('after a clean stop', () => {
      beforeAll(async () => {
        await stopAll(cluster());
      });

      it('are of every kind, in many segments', async () => {
        const files = (await allFiles(cluster())).filter((file) => file.topic === topic);
        for (const suffix of ['.log', '.index', '.timeindex', '.snapshot']) {
          expect(files.filter((file) => file.suffix === suffix).length).toBeGreaterThan(3);
        }
      });

      it.each(dumpVersions)(
        'are read by the dump of Kafka %s without a complaint',
        async (version) => {
          await expectReadable(version, cluster());
          expect(await recordCount(version, cluster())).toBe(writtenCount);
        },
      );

      it('have indexes that Apache Kafka would take over', async () => {
        const files = await allFiles(cluster());
        const indexes = files.filter(
          ({ suffix }) => suffix === '.index' || suffix === '.timeindex',
        );
        const dump = await dumpFiles('3.9.1', indexes, ['--index-sanity-check']);
        expect(dump.complaints).toEqual([]);
        expect(dump.output.match(/passed sanity check| is empty/g)).toHaveLength(indexes.length);
      });

      it.each(dumpVersions)('hold group offsets that Kafka %s can decode', async (version) => {
        const files = (await allFiles(cluster())).filter(
          (file) => file.topic === '__consumer_offsets' && file.suffix === '.log',
        );
        const dump = await dumpFiles(version, files, ['--offsets-decoder']);
        expect(dump.complaints).toEqual([]);
        expect(dump.output).toMatch(/offset_commit|"type":"1"/);
        expect(dump.output).toMatch(/group_metadata|"type":"2"/);
        expect(dump.output).toContain('log-files-group');
      });
    });

    describe('after kill -9 and a new start', () => {
      beforeAll(async () => {
        for (const broker of cluster().brokers) await broker.start();
        writtenCount += await writeRounds(cluster().bootstrap);
        for (const broker of cluster().brokers) await broker.kill();
        for (const broker of cluster().brokers) await broker.start();
      });

      it('are read by a consumer, from the first record to the last', async () => {
        const read = await readToCount(cluster().bootstrap, { topic, count: writtenCount });
        expect(read).toHaveLength(writtenCount);
      });
    });

    // While brokers run, the tool takes the unused zeros of index files for entries, Apache Kafka's too.
    describe('after that and a clean stop', () => {
      beforeAll(async () => {
        await stopAll(cluster());
      });

      it.each(dumpVersions)(
        'are read by the dump of Kafka %s without a complaint',
        async (version) => {
          await expectReadable(version, cluster());
          expect(await recordCount(version, cluster())).toBe(writtenCount);
        },
      );
    });
  });
}

/** A JVM that SIGTERM ended says 143. */
const exitCodeOfStop = apacheVersion === null ? 0 : 143;

async function stopAll({ brokers }: Cluster): Promise<void> {
  for (const broker of brokers) {
    assert.equal(await broker.stop(), exitCodeOfStop, broker.logTail);
  }
}

async function allFiles(cluster: Cluster): Promise<readonly SegmentFile[]> {
  const perBroker = await Promise.all(cluster.brokers.map(({ logDir }) => segmentFiles(logDir)));
  return perBroker.flat();
}

async function expectReadable(version: KafkaVersion, cluster: Cluster): Promise<void> {
  const dump = await dumpFiles(version, await allFiles(cluster));
  expect(dump.complaints).toEqual([]);
  expect(dump.recordCount).toBeGreaterThan(0);
}

/** As the dump counts them, batch by batch. */
async function recordCount(version: KafkaVersion, cluster: Cluster): Promise<number> {
  const files = await allFiles(cluster);
  const logs = files.filter((file) => file.topic === topic && file.suffix === '.log');
  return (await dumpFiles(version, logs)).recordCount;
}

async function createTopic(bootstrap: string): Promise<void> {
  const admin = kafkaJs(bootstrap).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true });
  await admin.disconnect();
}

/** Enough for many segments, some batches compressed, by an idempotent producer. Returns the record count. */
async function writeRounds(bootstrap: string): Promise<number> {
  const producer = kafkaJs(bootstrap).producer({ idempotent: true });
  await producer.connect();
  for (let round = 0; round < roundCount; round++) {
    const messages = Array.from({ length: roundSize }, (_, index) => ({
      key: `key${String(index)}`,
      value: randomBytes(1000).toString('latin1'),
    }));
    const compression = round % 4 === 3 ? CompressionTypes.GZIP : CompressionTypes.None;
    await producer.send({ topic, acks: -1, compression, messages });
  }
  await producer.disconnect();
  return roundCount * roundSize;
}
