/** Requests that many tests send, with everything that a test does not care about filled in. */

import assert from 'node:assert/strict';
import type { BrokerConnection } from '../../broker/client/broker-connection.ts';
import { payloadSize } from '../../broker/model/payload.ts';
import type { Payload } from '../../broker/model/payload.ts';
import { createTopics } from '../../broker/protocol/messages/create-topics.ts';
import { fetch } from '../../broker/protocol/messages/fetch.ts';
import { listOffsets } from '../../broker/protocol/messages/list-offsets.ts';
import { produce } from '../../broker/protocol/messages/produce.ts';
import type { RequestOf, ResponseOf } from '../../broker/protocol/schema/api.ts';
import { ZERO_UUID } from '../../broker/protocol/wire/uuid.ts';
import { BATCH_OVERHEAD, peekBatchSize } from '../../broker/records/batch-header.ts';
import { buildBatch } from '../../broker/records/builder.ts';
import type { BatchContent } from '../../broker/records/builder.ts';
import { readRecords } from '../../broker/records/record-reader.ts';

export const PRODUCE_VERSION = 10;
export const FETCH_VERSION = 12;

export function batchOf(
  values: readonly (string | Buffer)[],
  content: Partial<BatchContent> = {},
): Buffer {
  const records = values.map((value) => ({
    key: null,
    value: Buffer.from(value),
    timestampMs: 1_700_000_000_000,
    headers: [],
  }));
  return buildBatch({ records, ...content });
}

export function produceRequest(
  topic: string,
  records: Buffer | null,
  { acks = -1, partition = 0 }: { readonly acks?: number; readonly partition?: number } = {},
): RequestOf<typeof produce> {
  return {
    transactionalId: null,
    acks,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  };
}

type Produced = ResponseOf<typeof produce>['responses'][number]['partitionResponses'][number];

export async function produceTo(
  connection: BrokerConnection,
  topic: string,
  records: Buffer | null,
  options: { readonly acks?: number; readonly partition?: number } = {},
): Promise<Produced> {
  const answer = await connection.send(
    produce,
    PRODUCE_VERSION,
    produceRequest(topic, records, options),
  );
  return only(only(answer.responses).partitionResponses);
}

export interface FetchFrom {
  readonly offset?: number | bigint;
  readonly partition?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly currentLeaderEpoch?: number;
  readonly sessionId?: number;
  readonly replicaId?: number;
}

export function fetchRequest(topic: string, from: FetchFrom = {}): RequestOf<typeof fetch> {
  return {
    ...fetch.request.initial,
    replicaId: from.replicaId ?? -1,
    maxWaitMs: from.maxWaitMs ?? 0,
    minBytes: from.minBytes ?? 1,
    maxBytes: from.maxBytes ?? 50 * 1024 * 1024,
    sessionId: from.sessionId ?? 0,
    topics: [
      {
        topic,
        topicId: ZERO_UUID,
        partitions: [
          {
            ...initialPartition,
            partition: from.partition ?? 0,
            currentLeaderEpoch: from.currentLeaderEpoch ?? -1,
            fetchOffset: BigInt(from.offset ?? 0),
            partitionMaxBytes: from.partitionMaxBytes ?? 10 * 1024 * 1024,
          },
        ],
      },
    ],
  };
}

const initialPartition = {
  lastFetchedEpoch: -1,
  logStartOffset: -1n,
  replicaDirectoryId: ZERO_UUID,
};

type Fetched = ResponseOf<typeof fetch>['responses'][number]['partitions'][number];

export async function fetchFrom(
  connection: BrokerConnection,
  topic: string,
  from: FetchFrom = {},
): Promise<Fetched> {
  const answer = await connection.send(fetch, FETCH_VERSION, fetchRequest(topic, from));
  assert.equal(answer.errorCode, 0);
  return only(only(answer.responses).partitions);
}

/** The values of the records of whole batches, with their offsets. */
export async function recordsOf(
  payload: Payload | null,
): Promise<readonly { readonly offset: number; readonly value: string }[]> {
  const bytes = Buffer.concat((payload ?? []).filter((part) => Buffer.isBuffer(part)));
  assert.equal(bytes.length, payloadSize(payload ?? []));
  const found: { offset: number; value: string }[] = [];
  for (let position = 0; bytes.length - position >= BATCH_OVERHEAD;) {
    const size = peekBatchSize(bytes, position);
    if (bytes.length - position < size) break;
    for (const { offset, value } of await readRecords(bytes, position)) {
      found.push({ offset, value: value?.toString() ?? '' });
    }
    position += size;
  }
  return found;
}

export async function valuesFrom(
  connection: BrokerConnection,
  topic: string,
  from: FetchFrom = {},
): Promise<readonly string[]> {
  const { errorCode, records } = await fetchFrom(connection, topic, from);
  assert.equal(errorCode, 0);
  return (await recordsOf(records)).map(({ value }) => value);
}

type NewTopic = RequestOf<typeof createTopics>['topics'][number];

export function newTopic(name: string, topic: Partial<NewTopic> = {}): NewTopic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...topic };
}

type CreatedTopic = ResponseOf<typeof createTopics>['topics'][number];

/** The answer, whatever it says. */
export async function askForTopic(
  connection: BrokerConnection,
  topic: NewTopic,
  { validateOnly = false, timeoutMs = 10_000 } = {},
): Promise<CreatedTopic> {
  const answer = await connection.send(createTopics, 7, {
    topics: [topic],
    timeoutMs,
    validateOnly,
  });
  return only(answer.topics);
}

/** Makes a topic; fails if the broker refuses it. */
export async function makeTopic(
  connection: BrokerConnection,
  name: string,
  topic: Partial<NewTopic> = {},
): Promise<CreatedTopic> {
  const created = await askForTopic(connection, newTopic(name, topic));
  assert.equal(created.errorCode, 0, created.errorMessage ?? `no topic ${name}`);
  return created;
}

export async function offsetAt(
  connection: BrokerConnection,
  topic: string,
  timestamp: bigint,
): Promise<ResponseOf<typeof listOffsets>['topics'][number]['partitions'][number]> {
  const answer = await connection.send(listOffsets, 7, {
    ...listOffsets.request.initial,
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      {
        name: topic,
        partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }],
      },
    ],
  });
  return only(only(answer.topics).partitions);
}

/** The one element of a list that has to have one. */
export function only<T>(list: readonly T[]): T {
  const [first] = list;
  assert(list.length === 1 && first !== undefined, `${String(list.length)} where one is expected`);
  return first;
}
