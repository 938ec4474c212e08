/** DeleteRecords: what it moves, whom it refuses, and that what was deleted stays so. */

import { describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { systemClock } from '../../../broker/platform/clock.ts';
import { deleteRecords } from '../../../broker/protocol/messages/delete-records.ts';
import {
  batchOf,
  fetchFrom,
  makeTopic,
  offsetAt,
  only,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import { testBrokers } from '../../support/test-broker.ts';

const start = testBrokers();
const EARLIEST = -2n;
const LATEST = -1n;

async function deleteTo(
  client: BrokerConnection,
  offset: bigint,
  { topic = 'orders', partition = 0, version = 2 } = {},
): Promise<readonly [errorCode: number, lowWatermark: bigint]> {
  const answer = await client.send(deleteRecords, version, {
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }],
    timeoutMs: 1000,
  });
  const { errorCode, lowWatermark } = only(only(answer.topics).partitions);
  return [errorCode, lowWatermark];
}

/** Three batches of two records each in `orders`. */
async function withRecords(config: Readonly<Record<string, string>> = {}) {
  const fileSystem = new MemoryFileSystem(systemClock);
  const broker = await start({ fileSystem });
  const client = await broker.connect();
  const configs = Object.entries(config).map(([name, value]) => ({ name, value }));
  await makeTopic(client, 'orders', { configs });
  for (const batch of [0, 2, 4]) {
    const key = Buffer.from('k');
    const values = [batch, batch + 1].map((offset) => `v${String(offset)}`);
    const records = values.map((value) => ({
      key,
      value: Buffer.from(value),
      timestampMs: 1_700_000_000_000,
      headers: [],
    }));
    expect((await produceTo(client, 'orders', batchOf(values, { records }))).errorCode).toBe(0);
  }
  return { broker, client, fileSystem };
}

describe('DeleteRecords', () => {
  it.each([0, 1, 2])('moves the log start offset, in version %i', async (version) => {
    const { client } = await withRecords();
    expect(await deleteTo(client, 3n, { version })).toEqual([0, 3n]);
    expect((await offsetAt(client, 'orders', EARLIEST)).offset).toBe(3n);
    expect((await offsetAt(client, 'orders', LATEST)).offset).toBe(6n);
    expect((await fetchFrom(client, 'orders', { offset: 2 })).errorCode).toBe(
      ErrorCodes.OFFSET_OUT_OF_RANGE,
    );
    const fetched = await fetchFrom(client, 'orders', { offset: 3 });
    expect([fetched.errorCode, fetched.logStartOffset]).toEqual([0, 3n]);
    expect(await valuesFrom(client, 'orders', { offset: 4 })).toEqual(['v4', 'v5']);
  });

  it('means the high watermark by -1, and goes on with the offsets after it', async () => {
    const { client } = await withRecords();
    expect(await deleteTo(client, -1n)).toEqual([0, 6n]);
    expect((await offsetAt(client, 'orders', EARLIEST)).offset).toBe(6n);
    expect((await produceTo(client, 'orders', batchOf(['next']))).baseOffset).toBe(6n);
    expect(await valuesFrom(client, 'orders', { offset: 6 })).toEqual(['next']);
  });

  it('never moves the start back, and answers with where it is', async () => {
    const { client } = await withRecords();
    await deleteTo(client, 4n);
    expect(await deleteTo(client, 1n)).toEqual([0, 4n]);
    expect(await deleteTo(client, 4n)).toEqual([0, 4n]);
  });

  it.each([
    ['an offset above the high watermark', 7n, ErrorCodes.OFFSET_OUT_OF_RANGE],
    ['the largest offset of all', 2n ** 63n - 1n, ErrorCodes.OFFSET_OUT_OF_RANGE],
    ['a negative offset', -2n, ErrorCodes.OFFSET_OUT_OF_RANGE],
  ])('refuses %s', async (_, offset, code) => {
    const { client } = await withRecords();
    expect(await deleteTo(client, offset)).toEqual([code, -1n]);
    expect((await offsetAt(client, 'orders', EARLIEST)).offset).toBe(0n);
  });

  it.each([
    ['compact', ErrorCodes.POLICY_VIOLATION, 0n],
    ['compact,delete', 0, 3n],
  ])('answers by the policy of the topic: %s', async (policy, code, earliest) => {
    const { client } = await withRecords({ 'cleanup.policy': policy });
    expect((await deleteTo(client, 3n))[0]).toBe(code);
    expect((await offsetAt(client, 'orders', EARLIEST)).offset).toBe(earliest);
  });

  it('refuses topics and partitions that are not there, each for itself', async () => {
    const { client } = await withRecords();
    const answer = await client.send(deleteRecords, 2, {
      topics: [
        { name: 'nowhere', partitions: [{ partitionIndex: 0, offset: 1n }] },
        {
          name: 'orders',
          partitions: [
            { partitionIndex: 9, offset: 1n },
            { partitionIndex: 0, offset: 1n },
          ],
        },
      ],
      timeoutMs: 1000,
    });
    const unknown = ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    expect(answer.topics).toEqual([
      {
        name: 'nowhere',
        partitions: [{ partitionIndex: 0, lowWatermark: -1n, errorCode: unknown }],
      },
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 9, lowWatermark: -1n, errorCode: unknown },
          { partitionIndex: 0, lowWatermark: 1n, errorCode: 0 },
        ],
      },
    ]);
  });

  it('refuses the internal topics', async () => {
    const { client } = await withRecords();
    const topic = '__consumer_offsets';
    await makeTopic(client, topic, { configs: [{ name: 'cleanup.policy', value: 'delete' }] });
    expect(await deleteTo(client, 0n, { topic })).toEqual([
      ErrorCodes.INVALID_TOPIC_EXCEPTION,
      -1n,
    ]);
  });

  it('has saved the new start when it answers: a killed broker does not forget it', async () => {
    const { client, fileSystem } = await withRecords();
    await deleteTo(client, 3n);
    const checkpoint = await fileSystem.readFile('/data/log-start-offset-checkpoint');
    expect(checkpoint.toString()).toBe('0\n1\norders 0 3\n');
  });

  it('is remembered after a clean stop', async () => {
    const { broker, client, fileSystem } = await withRecords();
    await deleteTo(client, 3n);
    await broker.stop();
    const again = await (await start({ fileSystem })).connect();
    expect((await offsetAt(again, 'orders', EARLIEST)).offset).toBe(3n);
    expect((await offsetAt(again, 'orders', LATEST)).offset).toBe(6n);
  });

  it('succeeds on a disk that is full', async () => {
    const { client, fileSystem } = await withRecords();
    fileSystem.failNext('open', 'ENOSPC', '/data/log-start-offset-checkpoint.tmp');
    expect(await deleteTo(client, 3n)).toEqual([0, 3n]);
    expect((await offsetAt(client, 'orders', EARLIEST)).offset).toBe(3n);
  });

  it('fails on a disk that fails, as nobody knows what a restart would find', async () => {
    const { client, fileSystem } = await withRecords();
    fileSystem.failNext('open', 'EIO', '/data/log-start-offset-checkpoint.tmp');
    expect(await deleteTo(client, 3n)).toEqual([ErrorCodes.KAFKA_STORAGE_ERROR, -1n]);
  });

  it('is what admin.deleteTopicRecords of kafkajs asks for', async () => {
    const { broker, client } = await withRecords();
    const admin = kafkaOf(broker.port).admin();
    await admin.connect();
    // It asks no broker for the topic itself.
    expect(await admin.fetchTopicOffsets('orders')).toMatchObject([{ low: '0', high: '6' }]);
    await admin.deleteTopicRecords({
      topic: 'orders',
      partitions: [{ partition: 0, offset: '4' }],
    });
    expect(await admin.fetchTopicOffsets('orders')).toEqual([
      { partition: 0, offset: '6', high: '6', low: '4' },
    ]);
    await admin.deleteTopicRecords({
      topic: 'orders',
      partitions: [{ partition: 0, offset: '-1' }],
    });
    await admin.disconnect();
    expect((await offsetAt(client, 'orders', EARLIEST)).offset).toBe(6n);
  });
});

function kafkaOf(port: number): Kafka {
  return new Kafka({
    clientId: 'app',
    brokers: [`127.0.0.1:${String(port)}`],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, maxRetryTime: 100, retries: 20 },
  });
}
