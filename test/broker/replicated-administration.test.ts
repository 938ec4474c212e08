/** What administrators ask of a cluster of whole brokers, and what consumers notice of it. */

import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { createPartitions } from '../../broker/protocol/messages/create-partitions.ts';
import { deleteRecords } from '../../broker/protocol/messages/delete-records.ts';
import { fetch } from '../../broker/protocol/messages/fetch.ts';
import { findCoordinator } from '../../broker/protocol/messages/find-coordinator.ts';
import { heartbeat } from '../../broker/protocol/messages/heartbeat.ts';
import { joinGroup } from '../../broker/protocol/messages/join-group.ts';
import { offsetCommit } from '../../broker/protocol/messages/offset-commit.ts';
import { offsetFetch } from '../../broker/protocol/messages/offset-fetch.ts';
import { syncGroup } from '../../broker/protocol/messages/sync-group.ts';
import type { ResponseOf } from '../../broker/protocol/schema/api.ts';
import { ReplicatedCluster, TOPIC_RESOURCE } from '../support/replicated-cluster.ts';
import {
  batchOf,
  FETCH_VERSION,
  fetchFrom,
  fetchRequest,
  only,
  produceTo,
  recordsOf,
} from '../support/requests.ts';
import { testClusters } from '../support/test-cluster.ts';

const open = testClusters();
const REPLICAS = { 'offsets.topic.replication.factor': '3', 'offsets.topic.num.partitions': '1' };
/** Waits that only a change can end in time. */
const LONG_FETCHES = { 'replica.fetch.wait.max.ms': '10000' };

async function three(
  properties: Readonly<Record<string, string>> = {},
): Promise<ReplicatedCluster> {
  return ReplicatedCluster.start(await open(), 3, () => properties);
}

describe('leadership', () => {
  it('goes back to the preferred replica when asked for', async () => {
    const cluster = await three();
    await cluster.makeTopic('orders', [
      [1, 2, 0],
      [2, 1, 0],
    ]);
    await cluster.broker(1).stop();
    await cluster.cluster.partitionState('orders', ({ leader }) => leader === 2);
    expect(await cluster.electPreferred('orders', [0])).toEqual([
      ErrorCodes.PREFERRED_LEADER_NOT_AVAILABLE,
    ]);
    const back = cluster.cluster.make(1, { fileSystem: cluster.broker(1).fileSystem });
    await back.broker.start();
    await cluster.cluster.partitionState('orders', ({ isr }) => isr.includes(1));
    expect(await cluster.electPreferred('orders', [0, 1])).toEqual([
      ErrorCodes.NONE,
      ErrorCodes.ELECTION_NOT_NEEDED,
    ]);
    await cluster.cluster.partitionState('orders', ({ leader }) => leader === 1);
  });

  it('goes back to the preferred replica by itself', async () => {
    const cluster = await three({ 'leader.imbalance.check.interval.seconds': '1' });
    await cluster.makeTopic('orders', [[1, 2, 0]]);
    await cluster.broker(1).stop();
    await cluster.cluster.partitionState('orders', ({ leader }) => leader === 2);
    const back = cluster.cluster.make(1, { fileSystem: cluster.broker(1).fileSystem });
    await back.broker.start();
    const state = await cluster.cluster.partitionState('orders', ({ leader }) => leader === 1);
    expect(state.isr).toContain(1);
  });

  it('that moves lets acks=all go on at once, although fetches wait at the new leader', async () => {
    const cluster = await three(LONG_FETCHES);
    // A quiet partition that broker 1 has no part in, so that broker 0 waits at broker 2.
    await cluster.makeTopic('quiet', [[2, 0]]);
    await cluster.produce(2, 'quiet', ['a']);
    await cluster.makeTopic('orders', [[1, 2, 0]], { 'min.insync.replicas': '2' });
    await cluster.produce(1, 'orders', ['a']);
    const startMs = performance.now();
    await cluster.broker(1).stop();
    expect(await cluster.produce(2, 'orders', ['b'])).toBe(1);
    expect(performance.now() - startMs).toBeLessThan(5000);
  });
});

describe('min.insync.replicas', () => {
  it('holds from the next request on when it is raised, and is let go when it is lowered', async () => {
    const cluster = await three();
    await cluster.makeTopic('orders', [[1, 2, 0]], { 'min.insync.replicas': '2' });
    await cluster.produce(1, 'orders', ['a']);
    await cluster.broker(2).stop();
    await cluster.cluster.partitionState('orders', ({ isr }) => isr.length === 2);
    await cluster.produce(1, 'orders', ['b']);
    const orders = { type: TOPIC_RESOURCE, name: 'orders' };
    await cluster.setConfig(orders, { 'min.insync.replicas': '3' });
    expect(await untilAnswered(cluster, ErrorCodes.NOT_ENOUGH_REPLICAS)).toBe(-1n);
    await cluster.setConfig(orders, { 'min.insync.replicas': '2' });
    expect(await untilAnswered(cluster, ErrorCodes.NONE)).toBeGreaterThan(1n);
  });
});

/** The brokers hear of a configuration a moment after it was set. Returns the offset of the answer. */
async function untilAnswered(cluster: ReplicatedCluster, errorCode: number): Promise<bigint> {
  for (;;) {
    const answer = await produceTo(cluster.client(1), 'orders', batchOf(['c']));
    if (answer.errorCode === errorCode) return answer.baseOffset;
  }
}

describe('DeleteRecords', () => {
  it('is answered when all replicas begin there', async () => {
    const cluster = await three();
    await cluster.makeTopic('orders', [[1, 2, 0]]);
    for (const value of ['a', 'b', 'c']) await cluster.produce(1, 'orders', [value]);
    const answer = await cluster.client(1).send(deleteRecords, 2, {
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: 2n }] }],
      timeoutMs: 10_000,
    });
    expect(only(only(answer.topics).partitions)).toMatchObject({
      errorCode: ErrorCodes.NONE,
      lowWatermark: 2n,
    });
    for (const id of [0, 1, 2]) {
      const { errorCode, logStartOffset } = await fetchFrom(cluster.client(id), 'orders');
      expect([errorCode, logStartOffset]).toEqual([ErrorCodes.OFFSET_OUT_OF_RANGE, 2n]);
    }
  });
});

describe('CreatePartitions', () => {
  it('adds partitions that are replicated as they are asked for', async () => {
    const cluster = await three(LONG_FETCHES);
    await cluster.makeTopic('orders', [[2, 1, 0]], { 'min.insync.replicas': '3' });
    await cluster.produce(2, 'orders', ['a']);
    const startMs = performance.now();
    const answer = await cluster.client(0).send(createPartitions, 3, {
      topics: [{ name: 'orders', count: 2, assignments: [{ brokerIds: [2, 1, 0] }] }],
      timeoutMs: 10_000,
      validateOnly: false,
    });
    expect(only(answer.results).errorCode).toBe(ErrorCodes.NONE);
    expect(await cluster.produce(2, 'orders', ['b'], 1)).toBe(0);
    // Not after the followers' fetches of the first partition have waited in full.
    expect(performance.now() - startMs).toBeLessThan(5000);
    expect(await cluster.cluster.partitionState('orders', () => true, 1)).toMatchObject({
      leader: 2,
      isr: [2, 1, 0],
    });
  });
});

type Fetched = ResponseOf<typeof fetch>['responses'][number]['partitions'][number];

/** A consumer with a rack, and a fetch session. */
class SessionReader {
  readonly #client: BrokerConnection;
  readonly #rackId: string;
  #sessionId = 0;
  #epoch = 0;

  constructor(client: BrokerConnection, rackId: string) {
    this.#client = client;
    this.#rackId = rackId;
  }

  /** Undefined where the answer has nothing new. */
  async read(offset: number): Promise<Fetched | undefined> {
    const answer = await this.#client.send(fetch, FETCH_VERSION, {
      ...fetchRequest('orders', { offset, maxWaitMs: 9000 }),
      sessionId: this.#sessionId,
      sessionEpoch: this.#epoch,
      rackId: this.#rackId,
    });
    assert.equal(answer.errorCode, ErrorCodes.NONE);
    this.#sessionId = answer.sessionId;
    this.#epoch += 1;
    return answer.responses[0]?.partitions[0];
  }

  /** The values from that offset on, as soon as there are any. */
  async next(offset: number): Promise<readonly string[]> {
    for (;;) {
      const found = await this.read(offset);
      const values = (await recordsOf(found?.records ?? null)).map(({ value }) => value);
      if (values.length > 0) return values;
    }
  }
}

describe('consumers in a rack', () => {
  it('are sent to the follower there, which tells them at once of what is committed', async () => {
    const rackAware = {
      ...LONG_FETCHES,
      'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
    };
    const cluster = await ReplicatedCluster.start(await open(), 3, (id) => ({
      ...rackAware,
      'broker.rack': `rack-${String(id)}`,
    }));
    await cluster.makeTopic('orders', [[1, 2, 0]], { 'min.insync.replicas': '2' });
    await cluster.produce(1, 'orders', ['a']);
    const sent = await new SessionReader(cluster.client(1), 'rack-2').read(0);
    expect(sent).toMatchObject({ preferredReadReplica: 2, records: [] });
    const near = new SessionReader(cluster.client(2), 'rack-2');
    expect(await near.next(0)).toEqual(['a']);
    const startMs = performance.now();
    for (const [place, value] of ['b', 'c', 'd'].entries()) {
      const reading = near.next(place + 1);
      await cluster.produce(1, 'orders', [value]);
      expect(await reading).toEqual([value]);
    }
    // No fetch of a follower has waited in full.
    expect(performance.now() - startMs).toBeLessThan(5000);
  });
});

describe('a group', () => {
  it('goes on at another coordinator: its generation and its offsets are there', async () => {
    const cluster = await three(REPLICAS);
    await cluster.makeTopic('orders', [[1, 2, 0]]);
    const first = await coordinatorOf(cluster.client(0));
    const client = cluster.client(first);
    const group = { groupId: 'readers', groupInstanceId: 'reader-1' };
    const joined = await client.send(joinGroup, 7, {
      ...group,
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('m') }],
      reason: null,
    });
    expect(joined.errorCode).toBe(ErrorCodes.NONE);
    const { memberId, generationId } = joined;
    const member = { ...group, memberId, generationId };
    const synced = await client.send(syncGroup, 5, {
      ...member,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [{ memberId, assignment: Buffer.from('a') }],
    });
    expect(synced.errorCode).toBe(ErrorCodes.NONE);
    const committed = await client.send(offsetCommit, 7, {
      ...group,
      memberId,
      generationIdOrMemberEpoch: generationId,
      retentionTimeMs: -1n,
      topics: [
        {
          name: 'orders',
          partitions: [
            {
              partitionIndex: 0,
              committedOffset: 42n,
              committedLeaderEpoch: -1,
              commitTimestamp: -1n,
              committedMetadata: null,
            },
          ],
        },
      ],
    });
    expect(only(only(committed.topics).partitions).errorCode).toBe(ErrorCodes.NONE);

    await cluster.broker(first).stop();
    const other = first === 0 ? 1 : 0;
    const second = await coordinatorOf(cluster.client(other), first);
    const next = cluster.client(second);
    const committedOffset = await committedAt(next);
    // A heartbeat is taken on trust until the group has been loaded: now it has.
    const { errorCode } = await next.send(heartbeat, 4, member);
    expect([committedOffset, errorCode]).toEqual([42n, ErrorCodes.NONE]);
  });
});

/** As soon as there is one, which is not `former`. */
async function coordinatorOf(client: BrokerConnection, former = -1): Promise<number> {
  for (;;) {
    const { errorCode, nodeId } = await client.send(findCoordinator, 3, {
      key: 'readers',
      keyType: 0,
      coordinatorKeys: [],
    });
    if (errorCode === ErrorCodes.NONE && nodeId !== former) return nodeId;
  }
}

/** As soon as the coordinator has loaded the group. */
async function committedAt(client: BrokerConnection): Promise<bigint> {
  for (;;) {
    const { errorCode, topics } = await client.send(offsetFetch, 5, {
      groupId: 'readers',
      topics: [{ name: 'orders', partitionIndexes: [0] }],
      groups: [],
      requireStable: false,
    });
    if (errorCode === ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS) continue;
    assert.equal(errorCode, ErrorCodes.NONE);
    return only(only(topics).partitions).committedOffset;
  }
}
