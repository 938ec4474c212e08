/** What clients of a leader with a follower see; the test is both controller and follower. */

import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { deleteRecords } from '../../../broker/protocol/messages/delete-records.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { leaderAndIsr } from '../../../broker/protocol/messages/leader-and-isr.ts';
import { listOffsets } from '../../../broker/protocol/messages/list-offsets.ts';
import { offsetForLeaderEpoch } from '../../../broker/protocol/messages/offset-for-leader-epoch.ts';
import { produce } from '../../../broker/protocol/messages/produce.ts';
import { updateMetadata } from '../../../broker/protocol/messages/update-metadata.ts';
import type { ResponseOf } from '../../../broker/protocol/schema/api.ts';
import {
  batchOf,
  fetchRequest,
  makeTopic,
  only,
  produceRequest,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

const start = testBrokers();
const SENDER = { controllerId: 0, controllerEpoch: 9, brokerEpoch: -1n };
const FOLLOWER = 1;
let broker: TestBroker;
let client: BrokerConnection;
let follower: BrokerConnection;
let topicId: string;

beforeEach(async () => {
  broker = await start();
  client = await broker.connect();
  follower = await broker.connect();
  ({ topicId } = await makeTopic(client, 'orders'));
  await produceTo(client, 'orders', batchOf(['first']));
  await lead(5);
});

async function lead(leaderEpoch: number): Promise<void> {
  const state = {
    topicName: 'orders',
    partitionIndex: 0,
    controllerEpoch: 9,
    leader: 0,
    leaderEpoch,
    isr: [0, FOLLOWER],
    partitionEpoch: leaderEpoch,
    replicas: [0, FOLLOWER],
    addingReplicas: [],
    removingReplicas: [],
    isNew: false,
    leaderRecoveryState: 0,
  };
  const answer = await client.send(leaderAndIsr, 7, {
    ...leaderAndIsr.request.initial,
    ...SENDER,
    topicStates: [{ topicName: 'orders', topicId, partitionStates: [state] }],
  });
  expect(answer.topics[0]?.partitionErrors[0]?.errorCode).toBe(0);
}

type Produced = ResponseOf<typeof produce>['responses'][number]['partitionResponses'][number];

async function produced(value: string, timeoutMs: number): Promise<Produced> {
  const request = { ...produceRequest('orders', batchOf([value])), timeoutMs };
  const answer = await client.send(produce, 10, request);
  return only(only(answer.responses).partitionResponses);
}

type Fetched = ResponseOf<typeof fetch>['responses'][number]['partitions'][number];

/** As the follower, who has everything before `offset`. */
async function replicate(
  offset: number,
  { maxWaitMs = 0, lastFetchedEpoch = 5, logStartOffset = 0n } = {},
): Promise<Fetched> {
  const from = { offset, replicaId: FOLLOWER, currentLeaderEpoch: 5, maxWaitMs };
  const request = fetchRequest('orders', from);
  const topics = request.topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((it) => ({ ...it, lastFetchedEpoch, logStartOffset })),
  }));
  const answer = await follower.send(fetch, 12, { ...request, topics });
  return only(only(answer.responses).partitions);
}

async function latest(
  version: number,
  replicaId = -1,
): Promise<readonly [errorCode: number, offset: bigint]> {
  const partition = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n };
  const answer = await client.send(listOffsets, version, {
    replicaId,
    isolationLevel: 0,
    topics: [{ name: 'orders', partitions: [partition] }],
  });
  const { errorCode, offset } = only(only(answer.topics).partitions);
  return [errorCode, offset];
}

describe('a produce with acks=all', () => {
  it('is answered when the follower has it, and consumers see it from then on', async () => {
    const producing = produced('second', 60_000);
    // Wakes as soon as it is written.
    const fetched = await replicate(1, { maxWaitMs: 60_000 });
    expect(fetched.records).not.toHaveLength(0);
    expect(await valuesFrom(follower, 'orders')).toEqual(['first']);
    expect(Number((await replicate(2)).highWatermark)).toBe(2);
    expect(await producing).toMatchObject({ errorCode: 0, baseOffset: 1n });
    expect(await valuesFrom(follower, 'orders')).toEqual(['first', 'second']);
  });

  it('times out where the follower does not come, and is in the log all the same', async () => {
    const timedOut = { errorCode: ErrorCodes.REQUEST_TIMED_OUT, baseOffset: 1n };
    expect(await produced('second', 20)).toMatchObject(timedOut);
    expect((await produceTo(client, 'orders', batchOf(['third']), { acks: 1 })).errorCode).toBe(0);
    await replicate(3);
    expect(await valuesFrom(client, 'orders')).toEqual(['first', 'second', 'third']);
  });

  it('is not answered for ever: the broker stops', async () => {
    const producing = produced('second', 60_000);
    await replicate(1, { maxWaitMs: 60_000 });
    const ended = producing.then(
      ({ errorCode }) => errorCode,
      () => ErrorCodes.NOT_LEADER_OR_FOLLOWER,
    );
    await broker.stop();
    expect(await ended).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
  });
});

describe('a fetch of a follower', () => {
  it('is told at once where the logs part', async () => {
    const fetched = await replicate(8, { lastFetchedEpoch: 3, maxWaitMs: 60_000 });
    expect(fetched).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 1n } });
  });
});

describe('ListOffsets', () => {
  it('does not tell the end until the leader knows what was committed before it', async () => {
    const atOnce = await latest(7);
    // What it had alone was committed: the high watermark is at the start of the epoch.
    expect(atOnce).toEqual([0, 1n]);
    await produced('second', 0);
    expect(await latest(7)).toEqual([0, 1n]);
    expect(await latest(7, -2)).toEqual([0, 2n]);
    await lead(6);
    expect(await latest(7)).toEqual([ErrorCodes.OFFSET_NOT_AVAILABLE, -1n]);
    expect(await latest(4)).toEqual([ErrorCodes.LEADER_NOT_AVAILABLE, -1n]);
    expect(await latest(7, FOLLOWER)).toEqual([0, 2n]);
  });
});

describe('OffsetForLeaderEpoch', () => {
  it.each([0, 1, 2, 3, 4])('tells where an epoch ended, in version %i', async (version) => {
    const answer = await client.send(offsetForLeaderEpoch, version, {
      replicaId: -1,
      topics: [
        {
          topic: 'orders',
          partitions: [0, 3, 5, 6].map((leaderEpoch) => ({
            partition: 0,
            currentLeaderEpoch: version < 2 ? -1 : 5,
            leaderEpoch,
          })),
        },
      ],
    });
    const { partitions } = only(answer.topics);
    expect(partitions.map(({ errorCode, endOffset }) => [errorCode, endOffset])).toEqual([
      [0, 1n],
      [0, 1n],
      [0, 1n],
      [0, -1n],
    ]);
    const epochs = partitions.map(({ leaderEpoch }) => leaderEpoch);
    expect(epochs).toEqual(version < 1 ? [-1, -1, -1, -1] : [0, 0, 5, -1]);
  });

  it('refuses other epochs of the leader, and what is not here', async () => {
    const ask = (partition: number, currentLeaderEpoch: number) => ({
      partition,
      currentLeaderEpoch,
      leaderEpoch: 0,
    });
    const answer = await client.send(offsetForLeaderEpoch, 4, {
      replicaId: -2,
      topics: [{ topic: 'orders', partitions: [ask(0, 4), ask(0, 6), ask(7, -1)] }],
    });
    expect(only(answer.topics).partitions.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCodes.FENCED_LEADER_EPOCH,
      ErrorCodes.UNKNOWN_LEADER_EPOCH,
      ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  });
});

describe('DeleteRecords', () => {
  async function deleteTo(
    offset: bigint,
    timeoutMs: number,
  ): Promise<readonly [errorCode: number, lowWatermark: bigint]> {
    const answer = await client.send(deleteRecords, 2, {
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs,
    });
    const { errorCode, lowWatermark } = only(only(answer.topics).partitions);
    return [errorCode, lowWatermark];
  }

  /** The follower's broker runs, as far as this one knows. */
  async function followerIsAlive(): Promise<void> {
    const endpoint = { port: 1, host: 'nowhere', listener: 'PLAINTEXT', securityProtocol: 0 };
    const liveBrokers = [0, FOLLOWER].map((id) => ({
      id,
      v0Host: '',
      v0Port: 0,
      endpoints: [endpoint],
      rack: null,
    }));
    const initial = updateMetadata.request.initial;
    await client.send(updateMetadata, 7, { ...initial, ...SENDER, liveBrokers });
  }

  it('waits for live followers to delete too', async () => {
    await followerIsAlive();
    await replicate(1);
    expect(await deleteTo(1n, 20)).toEqual([ErrorCodes.REQUEST_TIMED_OUT, 0n]);
    const deleting = deleteTo(-1n, 60_000);
    await replicate(1, { logStartOffset: 1n });
    expect(await deleting).toEqual([0, 1n]);
  });

  it('does not wait for those that are gone', async () => {
    expect(await deleteTo(1n, 60_000)).toEqual([0, 1n]);
  });
});
