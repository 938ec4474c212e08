import { describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { listOffsets } from '../../../broker/protocol/messages/list-offsets.ts';
import type { AppendBatches } from '../../../broker/log/partition-log.ts';
import { LogFixture } from '../log/log-fixture.ts';
import { marker, transactionalBatch } from '../log/transactions/transaction-fixture.ts';
import {
  FETCH_VERSION,
  fetchRequest,
  makeTopic,
  offsetAt,
  only,
  produceTo,
  recordsOf,
} from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

const TOPIC = 'topic';
const send = (id: number, baseSequence: number, ...values: string[]) =>
  transactionalBatch({ id, baseSequence }, values);

describe('a consumer with read_committed', () => {
  const start = testBrokers();

  /** A broker that finds these batches in the log of its one partition. */
  async function brokerOn(batches: readonly AppendBatches[]): Promise<TestBroker> {
    const fixture = new LogFixture();
    const { fileSystem } = fixture;
    const first = await start({ fileSystem });
    await makeTopic(await first.connect(), TOPIC);
    await first.stop();
    const log = await fixture.open({ segmentBytes: 400 }, { isClean: true });
    for (const batch of batches) await log.append(batch, { leaderEpoch: 0 }).written;
    await log.close();
    return start({ fileSystem });
  }

  async function fetchCommitted(client: BrokerConnection, offset = 0, isolationLevel = 1) {
    const request = { ...fetchRequest(TOPIC, { offset, minBytes: 0 }), isolationLevel };
    const answer = await client.send(fetch, FETCH_VERSION, request);
    return only(only(answer.responses).partitions);
  }

  async function latest(client: BrokerConnection, isolationLevel: number): Promise<bigint> {
    const answer = await client.send(listOffsets, 7, {
      ...listOffsets.request.initial,
      replicaId: -1,
      isolationLevel,
      topics: [
        {
          name: TOPIC,
          partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n }],
        },
      ],
    });
    return only(only(answer.topics).partitions).offset;
  }

  it('gets nothing of an open transaction, nor what lies behind it', async () => {
    const broker = await brokerOn([
      send(1, 0, 'a'),
      marker({ id: 1 }, 'commit'),
      send(2, 0, 'open'),
      send(1, 1, 'behind'),
      marker({ id: 1 }, 'commit'),
    ]);
    const client = await broker.connect();
    const answer = await fetchCommitted(client);
    expect(answer).toMatchObject({
      errorCode: 0,
      highWatermark: 5n,
      lastStableOffset: 2n,
      abortedTransactions: [],
    });
    const got = (await recordsOf(answer.records)).map(({ offset }) => offset);
    expect(got).toEqual([0, 1]);
    expect(await latest(client, 1)).toBe(2n);
    expect(await latest(client, 0)).toBe(5n);
    const behind = await fetchCommitted(client, 3);
    expect(behind).toMatchObject({ errorCode: 0, records: [], abortedTransactions: [] });
    const beyond = await fetchCommitted(client, 9);
    expect(beyond.errorCode).toBe(ErrorCodes.OFFSET_OUT_OF_RANGE);
    expect(beyond.abortedTransactions).toEqual([]);
  });

  it('is told of the aborted transactions among what it gets', async () => {
    const broker = await brokerOn([
      send(1, 0, 'a', 'b'),
      send(2, 0, 'c'),
      marker({ id: 1 }, 'abort'),
      marker({ id: 2 }, 'commit'),
      send(2, 1, 'x'.repeat(300)),
      marker({ id: 2 }, 'abort'),
    ]);
    const client = await broker.connect();
    const first = await fetchCommitted(client);
    expect(first.lastStableOffset).toBe(7n);
    expect(first.abortedTransactions).toEqual([{ producerId: 1n, firstOffset: 0n }]);
    const later = await fetchCommitted(client, 5);
    expect(later.abortedTransactions).toEqual([{ producerId: 2n, firstOffset: 5n }]);
  });

  it('is not told of any if it reads uncommitted records', async () => {
    const broker = await brokerOn([send(1, 0, 'a'), marker({ id: 1 }, 'abort'), send(2, 0, 'b')]);
    const answer = await fetchCommitted(await broker.connect(), 0, 0);
    expect(answer).toMatchObject({ lastStableOffset: 2n, abortedTransactions: null });
    expect(await recordsOf(answer.records)).toHaveLength(3);
  });

  it('finds no offset by time that it cannot read', async () => {
    const broker = await brokerOn([send(1, 0, 'open')]);
    const client = await broker.connect();
    expect((await offsetAt(client, TOPIC, 1n)).offset).toBe(0n);
    const answer = await client.send(listOffsets, 7, {
      ...listOffsets.request.initial,
      replicaId: -1,
      isolationLevel: 1,
      topics: [
        {
          name: TOPIC,
          partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: 1n }],
        },
      ],
    });
    expect(only(only(answer.topics).partitions).offset).toBe(-1n);
  });

  it('may go on with a transaction that is open in the log, and begins none without a coordinator', async () => {
    const broker = await brokerOn([send(1, 0, 'open')]);
    const client = await broker.connect();
    expect((await produceTo(client, TOPIC, send(1, 1, 'more').buffer)).errorCode).toBe(0);
    const refused = await produceTo(client, TOPIC, send(2, 0, 'new').buffer);
    expect(refused).toMatchObject({
      errorCode: ErrorCodes.INVALID_TXN_STATE,
      errorMessage: 'the partition was not added to the transaction of producer 2',
    });
  });
});
