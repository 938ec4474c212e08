import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { payloadSize } from '../../../broker/model/payload.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import {
  FETCH_VERSION,
  batchOf,
  fetchFrom,
  fetchRequest,
  makeTopic,
  offsetAt,
  produceTo,
  recordsOf,
  valuesFrom,
} from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

describe('fetch', () => {
  const start = testBrokers();
  let broker: TestBroker;
  let client: BrokerConnection;

  beforeEach(async () => {
    broker = await start();
    client = await broker.connect();
    await makeTopic(client, 'orders');
  });

  it('answers at once what there is from the offset on, with the high watermark', async () => {
    await produceTo(client, 'orders', batchOf(['a']));
    await produceTo(client, 'orders', batchOf(['b']));
    const answer = await fetchFrom(client, 'orders', { offset: 1, maxWaitMs: 30_000 });
    expect(answer).toMatchObject({ errorCode: 0, highWatermark: 2n, lastStableOffset: 2n });
    expect(await recordsOf(answer.records)).toEqual([{ offset: 1, value: 'b' }]);
  });

  it('wakes a waiting fetch with the append that it waited for', async () => {
    const waiting = valuesFrom(client, 'orders', { maxWaitMs: 60_000 });
    const other = await broker.connect();
    await produceTo(other, 'orders', batchOf(['late']));
    expect(await waiting).toEqual(['late']);
  });

  it('waits for minBytes, through appends that are not enough', async () => {
    const waiting = valuesFrom(client, 'orders', { maxWaitMs: 60_000, minBytes: 250 });
    const other = await broker.connect();
    for (const value of ['one', 'two', 'three', 'four']) {
      await produceTo(other, 'orders', batchOf([value]));
    }
    expect((await waiting).slice(0, 3)).toEqual(['one', 'two', 'three']);
  });

  it('answers with nothing when the time is over', async () => {
    expect(await valuesFrom(client, 'orders', { maxWaitMs: 20 })).toEqual([]);
  });

  it('gives at least one batch however large, and otherwise no more than asked for', async () => {
    for (const value of ['a', 'b', 'c']) await produceTo(client, 'orders', batchOf([value]));
    const one = await fetchFrom(client, 'orders', { maxBytes: 1 });
    expect((await recordsOf(one.records)).map(({ value }) => value)).toEqual(['a']);
    const whole = payloadSize((await fetchFrom(client, 'orders')).records ?? []);
    const two = await fetchFrom(client, 'orders', {
      partitionMaxBytes: Math.ceil((whole * 2) / 3),
    });
    expect((await recordsOf(two.records)).map(({ value }) => value)).toEqual(['a', 'b']);
  });

  it('shares maxBytes among the partitions in their order', async () => {
    await makeTopic(client, 'pair', { numPartitions: 2 });
    for (const partition of [0, 1]) {
      await produceTo(client, 'pair', batchOf(['x'.repeat(1000)]), { partition });
    }
    const request = fetchRequest('pair', { maxBytes: 1000 });
    const [topic] = request.topics;
    const [partition] = topic?.partitions ?? [];
    if (topic === undefined || partition === undefined) throw new Error('nothing is asked for');
    const partitions = [partition, { ...partition, partition: 1 }];
    const answer = await client.send(fetch, FETCH_VERSION, {
      ...request,
      topics: [{ ...topic, partitions }],
    });
    const counts = answer.responses[0]?.partitions.map(({ records }) => payloadSize(records ?? []));
    expect(counts?.[0]).toBeGreaterThan(1000);
    expect(counts?.[1]).toBe(0);
  });

  it.each([5, -1, Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n)])(
    'answers OFFSET_OUT_OF_RANGE for offset %s, at once, and the connection goes on',
    async (offset) => {
      await produceTo(client, 'orders', batchOf(['a']));
      const answer = await fetchFrom(client, 'orders', { offset, maxWaitMs: 60_000 });
      expect(answer.errorCode).toBe(ErrorCodes.OFFSET_OUT_OF_RANGE);
      expect(await valuesFrom(client, 'orders')).toEqual(['a']);
    },
  );

  it('answers UNKNOWN_TOPIC_OR_PARTITION at once', async () => {
    const answer = await fetchFrom(client, 'none', { maxWaitMs: 60_000 });
    expect(answer.errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it('tells a client with another leader epoch', async () => {
    const newer = await fetchFrom(client, 'orders', { currentLeaderEpoch: 9 });
    expect(newer.errorCode).toBe(ErrorCodes.UNKNOWN_LEADER_EPOCH);
    const same = await fetchFrom(client, 'orders', { currentLeaderEpoch: 0 });
    expect(same.errorCode).toBe(ErrorCodes.NONE);
  });

  it('answers a broker that has no replica with an error', async () => {
    const answer = await fetchFrom(client, 'orders', { replicaId: 1, maxWaitMs: 60_000 });
    expect(answer.errorCode).not.toBe(ErrorCodes.NONE);
    expect(answer.records).toEqual([]);
  });
});

describe('list offsets', () => {
  const start = testBrokers();

  it('finds the ends, the newest timestamp, and the first record at or after a time', async () => {
    const client = await (await start()).connect();
    await makeTopic(client, 'times');
    const at = (timestampMs: number): Buffer =>
      batchOf([], {
        records: [{ key: null, value: Buffer.from('x'), timestampMs, headers: [] }],
      });
    const base = 1_700_000_000_000;
    for (const ms of [100, 300, 200]) await produceTo(client, 'times', at(base + ms));
    expect(await offsetAt(client, 'times', -2n)).toMatchObject({ offset: 0n });
    expect(await offsetAt(client, 'times', -1n)).toMatchObject({ offset: 3n });
    expect(await offsetAt(client, 'times', -3n)).toMatchObject({ offset: 1n });
    const found = await offsetAt(client, 'times', BigInt(base + 150));
    expect(found).toMatchObject({ offset: 1n, timestamp: BigInt(base + 300) });
    expect(await offsetAt(client, 'times', BigInt(base + 1000))).toMatchObject({ offset: -1n });
  });

  it('answers UNKNOWN_TOPIC_OR_PARTITION for what is not there', async () => {
    const client = await (await start()).connect();
    const answer = await offsetAt(client, 'none', -1n);
    expect(answer.errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  });
});
