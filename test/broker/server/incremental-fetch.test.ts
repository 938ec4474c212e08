import assert from 'node:assert/strict';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import type { RequestOf, ResponseOf } from '../../../broker/protocol/schema/api.ts';
import {
  batchOf,
  fetchRequest,
  makeTopic,
  only,
  produceTo,
  recordsOf,
} from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

type FetchRequest = RequestOf<typeof fetch>;
type FetchResponse = ResponseOf<typeof fetch>;

/** A full fetch of all partitions of a topic that wants a session. */
function fullFetch(
  names: { readonly topic?: string; readonly topicId?: string },
  partitionCount = 2,
): FetchRequest {
  const request = fetchRequest(names.topic ?? '');
  const topic = only(request.topics);
  const partition = only(topic.partitions);
  const partitions = Array.from({ length: partitionCount }, (_, index) => ({
    ...partition,
    partition: index,
  }));
  const topics = [{ topic: names.topic ?? '', topicId: names.topicId ?? ZERO_UUID, partitions }];
  return { ...request, sessionEpoch: 0, topics };
}

/** The next fetch of a session; `offsets` by partition, where they changed. */
function next(
  sessionId: number,
  sessionEpoch: number,
  change: Partial<FetchRequest> = {},
): FetchRequest {
  return { ...fetchRequest(''), topics: [], sessionId, sessionEpoch, ...change };
}

function seenIn(answer: FetchResponse): readonly string[] {
  expect(answer.errorCode).toBe(ErrorCodes.NONE);
  return answer.responses.flatMap(({ topic, partitions }) =>
    partitions.map((it) => `${topic}-${String(it.partitionIndex)}`),
  );
}

async function valuesOf(answer: FetchResponse): Promise<readonly string[]> {
  const [records] = answer.responses.flatMap((it) => it.partitions.map((one) => one.records));
  return (await recordsOf(records ?? null)).map(({ value }) => value);
}

async function topicIdOf(client: BrokerConnection, name: string): Promise<string> {
  const answer = await client.send(metadata, 12, {
    ...metadata.request.initial,
    topics: [{ topicId: ZERO_UUID, name }],
  });
  return only(answer.topics).topicId;
}

describe('incremental fetch', () => {
  const start = testBrokers();
  let broker: TestBroker;
  let client: BrokerConnection;

  beforeEach(async () => {
    broker = await start({ properties: { 'max.incremental.fetch.session.cache.slots': '2' } });
    client = await broker.connect();
    await makeTopic(client, 'orders', { numPartitions: 2 });
  });

  it.each([7, 12])('gives only what is new, in version %d', async (version) => {
    const first = await client.send(fetch, version, fullFetch({ topic: 'orders' }));
    expect(seenIn(first)).toEqual(['orders-0', 'orders-1']);
    const { sessionId } = first;
    expect(sessionId).toBeGreaterThan(0);
    const second = await client.send(fetch, version, next(sessionId, 1));
    expect([seenIn(second), second.sessionId]).toEqual([[], sessionId]);
    await produceTo(client, 'orders', batchOf(['a']), { partition: 1 });
    const third = await client.send(fetch, version, next(sessionId, 2));
    expect(seenIn(third)).toEqual(['orders-1']);
    expect(await valuesOf(third)).toEqual(['a']);
    const moved = only(fullFetch({ topic: 'orders' }).topics);
    const [, partition] = moved.partitions;
    assert(partition !== undefined);
    const partitions = [{ ...partition, fetchOffset: 1n }];
    const forth = next(sessionId, 3, { topics: [{ ...moved, partitions }] });
    expect(seenIn(await client.send(fetch, version, forth))).toEqual([]);
  });

  it('wakes the fetch of a session that waits', async () => {
    const { sessionId } = await client.send(fetch, 12, fullFetch({ topic: 'orders' }));
    const waiting = client.send(fetch, 12, next(sessionId, 1, { maxWaitMs: 60_000 }));
    const other = await broker.connect();
    await produceTo(other, 'orders', batchOf(['late']), { partition: 1 });
    expect(await valuesOf(await waiting)).toEqual(['late']);
  });

  it('refuses wrong ids and epochs with the codes that make clients start again', async () => {
    const { sessionId } = await client.send(fetch, 12, fullFetch({ topic: 'orders' }));
    const codeOf = async (version: number, request: FetchRequest): Promise<unknown> => {
      const { errorCode, sessionId: id, responses } = await client.send(fetch, version, request);
      return { errorCode, id, count: responses.length };
    };
    const refusal = (errorCode: number): object => ({ errorCode, id: 0, count: 0 });
    const unknown = refusal(ErrorCodes.FETCH_SESSION_ID_NOT_FOUND);
    expect(await codeOf(12, next(sessionId ^ 1, 1))).toEqual(unknown);
    expect(await codeOf(12, next(sessionId, 2))).toEqual(
      refusal(ErrorCodes.INVALID_FETCH_SESSION_EPOCH),
    );
    expect(await codeOf(13, next(sessionId, 1))).toEqual(
      refusal(ErrorCodes.FETCH_SESSION_TOPIC_ID_ERROR),
    );
    expect(await codeOf(12, next(sessionId, 1))).toEqual({ errorCode: 0, id: sessionId, count: 0 });
    const closing = { ...fullFetch({ topic: 'orders' }), sessionId, sessionEpoch: -1 };
    expect(await codeOf(12, closing)).toEqual({ errorCode: 0, id: 0, count: 1 });
    expect(await codeOf(12, next(sessionId, 2))).toEqual(unknown);
  });

  it('serves clients without a slot in full', async () => {
    const ids: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      const answer = await client.send(fetch, 12, fullFetch({ topic: 'orders' }));
      expect(seenIn(answer)).toHaveLength(2);
      ids.push(answer.sessionId);
    }
    expect(ids.map((id) => id > 0)).toEqual([true, true, false]);
  });

  it('tells of a topic that is deleted, and goes on', async () => {
    const topicId = await topicIdOf(client, 'orders');
    const { sessionId } = await client.send(fetch, 13, fullFetch({ topicId }));
    expect(sessionId).toBeGreaterThan(0);
    const forgotten = next(sessionId, 1, {
      forgottenTopicsData: [{ topic: '', topicId, partitions: [0, 1] }],
    });
    const answer = await client.send(fetch, 13, forgotten);
    expect([answer.errorCode, answer.sessionId, answer.responses]).toEqual([0, 0, []]);
  });
});

describe('fetch by topic id', () => {
  const start = testBrokers();

  it.each([13, 14, 15, 16, 17])('gives the records of version %d', async (version) => {
    const client = await (await start()).connect();
    await makeTopic(client, 'orders', { numPartitions: 2 });
    await produceTo(client, 'orders', batchOf(['a', 'b']));
    const topicId = await topicIdOf(client, 'orders');
    const answer = await client.send(fetch, version, fullFetch({ topicId }));
    expect(answer.responses).toMatchObject([{ topicId, partitions: [{}, {}] }]);
    expect(await valuesOf(answer)).toEqual(['a', 'b']);
  });

  it('answers UNKNOWN_TOPIC_ID for ids of no topic, at once', async () => {
    const client = await (await start()).connect();
    for (const topicId of [ZERO_UUID, 'iQ0rzH2ATfCCrZkqSrfdUg']) {
      const request = { ...fullFetch({ topicId }, 1), maxWaitMs: 60_000 };
      const answer = await client.send(fetch, 17, request);
      expect(only(only(answer.responses).partitions).errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_ID);
    }
  });
});
