import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import type { RequestContext } from '../../../../broker/model/request-context.ts';
import { only } from '../../../support/requests.ts';
import type { FetchRequest } from '../fetch-sessions/requests-of-sessions.ts';
import { askFor, requestOf } from '../fetch-sessions/requests-of-sessions.ts';
import { FakeReplica, FetchFixture } from './fetch-fixture.ts';

const ID = 'iQ0rzH2ATfCCrZkqSrfdUg';
const OTHER_ID = 'yM9ZrOXmRMGkRAJ2CLx8Lg';

function byId(indexes: readonly number[], request: Partial<FetchRequest> = {}): FetchRequest {
  return requestOf(indexes, { topic: '', topicId: ID, ...request });
}

describe('the order of the partitions of a session', () => {
  it('puts those that gave records behind the others', async () => {
    const fixture = new FetchFixture();
    const replicas = [0, 1, 2].map((index) => fixture.add('orders', index));
    const { sessionId } = await fixture.send(12, requestOf([0, 1, 2]));
    const answeredIn = async (sessionEpoch: number): Promise<readonly unknown[]> => {
      const answer = await fixture.send(12, requestOf([], { sessionId, sessionEpoch }));
      return answer.responses.flatMap((it) => it.partitions.map((one) => one.partitionIndex));
    };
    replicas[0]?.append(2);
    expect(await answeredIn(1)).toEqual([0]);
    replicas[1]?.append(1);
    // What was not moved on by the client is there again, but last now.
    expect(await answeredIn(2)).toEqual([1, 0]);
    replicas[2]?.append(1);
    expect(await answeredIn(3)).toEqual([2, 1, 0]);
    expect(fixture.reads.at(-1)?.fetches.map((fetch) => fetch.partition?.highWatermark)).toEqual([
      1, 1, 2,
    ]);
  });

  it('groups only neighbours of a topic', async () => {
    const fixture = new FetchFixture();
    for (const [topic, index] of [
      ['a', 0],
      ['a', 1],
      ['b', 0],
    ] as const)
      fixture.add(topic, index).append(1);
    const topicId = ID;
    const { sessionId } = await fixture.send(12, {
      ...requestOf([]),
      topics: [
        { topic: 'a', topicId, partitions: [askFor(0)] },
        { topic: 'b', topicId, partitions: [askFor(0)] },
        { topic: 'a', topicId, partitions: [askFor(1)] },
      ],
    });
    const answer = await fixture.send(12, requestOf([], { sessionId, sessionEpoch: 1 }));
    expect(answer.responses.map(({ topic }) => topic)).toEqual(['a', 'b', 'a']);
  });
});

describe('a request of a session that is overtaken by the next', () => {
  it('is answered INVALID_FETCH_SESSION_EPOCH, and the next one from the session', async () => {
    const fixture = new FetchFixture();
    const replica = fixture.add('orders', 0);
    const { sessionId } = await fixture.send(12, requestOf([0]));
    const waits: (() => void)[] = [];
    fixture.beforeRead = () => new Promise((resolve) => waits.push(resolve));
    const first = fixture.send(12, requestOf([], { sessionId, sessionEpoch: 1 }));
    const second = fixture.send(12, requestOf([], { sessionId, sessionEpoch: 2 }));
    replica.append(1);
    for (const wake of waits) wake();
    expect(await first).toMatchObject({
      errorCode: ErrorCodes.INVALID_FETCH_SESSION_EPOCH,
      sessionId,
      responses: [],
    });
    expect((await second).responses).toHaveLength(1);
  });
});

describe('fetch by topic id', () => {
  it('answers UNKNOWN_TOPIC_ID where no topic has it, also in a session, until one does', async () => {
    const fixture = new FetchFixture();
    const answer = await fixture.send(13, byId([0]));
    expect(only(answer.responses)).toMatchObject({
      topicId: ID,
      partitions: [{ partitionIndex: 0, errorCode: ErrorCodes.UNKNOWN_TOPIC_ID }],
    });
    const { sessionId } = answer;
    const again = await fixture.send(13, byId([], { sessionId, sessionEpoch: 1 }));
    expect(again.responses).toHaveLength(1);
    fixture.add('orders', 0, new FakeReplica(ID)).append(1);
    fixture.announce({ partition: { topic: 'orders', topicId: ID, partition: 0 } });
    const found = await fixture.send(13, byId([], { sessionId, sessionEpoch: 2 }));
    expect(only(only(found.responses).partitions)).toMatchObject({
      errorCode: 0,
      highWatermark: 1n,
    });
  });

  it('answers INCONSISTENT_TOPIC_ID where the log is of another topic of that name', async () => {
    const fixture = new FetchFixture();
    fixture.add('orders', 0, new FakeReplica(OTHER_ID)).append(1);
    fixture.announce({ partition: { topic: 'orders', topicId: ID, partition: 0 } });
    const answer = await fixture.send(13, byId([0]));
    expect(only(only(answer.responses).partitions).errorCode).toBe(
      ErrorCodes.INCONSISTENT_TOPIC_ID,
    );
    expect(only(only(answer.responses).partitions).records).toEqual([]);
  });

  it('does not go on with the topic that took the name of a deleted one', async () => {
    const fixture = new FetchFixture();
    fixture.add('orders', 0, new FakeReplica(ID));
    fixture.announce({ partition: { topic: 'orders', topicId: ID, partition: 0 } });
    const { sessionId } = await fixture.send(13, byId([0]));
    fixture.remove('orders', 0);
    fixture.announce({
      partition: { topic: 'orders', topicId: OTHER_ID, partition: 0, leader: 2 },
    });
    const answer = await fixture.send(13, byId([], { sessionId, sessionEpoch: 1 }));
    expect(only(only(answer.responses).partitions)).toMatchObject({
      errorCode: ErrorCodes.UNKNOWN_TOPIC_ID,
      currentLeader: { leaderId: -1 },
    });
  });
});

describe('a partition that is led elsewhere', () => {
  it.each([
    [11, -1, 0],
    [12, 3, 1],
    [17, 3, 1],
  ])('comes in version %d with leader %d and %d endpoints', async (version, leaderId, count) => {
    const fixture = new FetchFixture();
    fixture.announce({
      racks: { 3: 'b' },
      partition: { topic: 'orders', topicId: ID, partition: 0, leader: 3, leaderEpoch: 8 },
    });
    const answer = await fixture.send(version, version >= 13 ? byId([0]) : requestOf([0]));
    expect(only(only(answer.responses).partitions)).toMatchObject({
      errorCode: ErrorCodes.NOT_LEADER_OR_FOLLOWER,
      currentLeader: { leaderId },
    });
    const endpoint = { nodeId: 3, host: 'host-3', port: 9003, rack: 'b' };
    expect(answer.nodeEndpoints).toEqual(count === 0 ? [] : [endpoint]);
  });

  it('comes with the leader that the replica knows, if that is newer than the metadata', async () => {
    const fixture = new FetchFixture();
    const replica = fixture.add('orders', 0);
    replica.errorCode = ErrorCodes.FENCED_LEADER_EPOCH;
    fixture.announce({ partition: { topic: 'orders', partition: 0, leader: 3, leaderEpoch: 4 } });
    const answer = await fixture.send(12, requestOf([0]));
    expect(only(only(answer.responses).partitions).currentLeader).toEqual({
      leaderId: 1,
      leaderEpoch: 5,
    });
  });
});

describe("a consumer's rack", () => {
  const setUp = (): { fixture: FetchFixture; replica: FakeReplica } => {
    const fixture = new FetchFixture({ selector: true });
    const replica = fixture.add('orders', 0);
    replica.append(3);
    replica.followers = [2, 3, 4];
    fixture.add('orders', 1).append(1);
    fixture.announce({ racks: { 1: 'a', 2: 'a', 3: 'b', 4: 'b' } });
    return { fixture, replica };
  };
  const ask = async (fixture: FetchFixture, version: number, rackId: string): Promise<unknown> => {
    const answer = await fixture.send(version, requestOf([0, 1], { rackId, maxWaitMs: 500 }));
    return only(answer.responses).partitions.map((it) => [
      it.preferredReadReplica,
      it.highWatermark,
      it.records?.length,
    ]);
  };

  it('sends it to a replica there, at once and without records, and reads the rest', async () => {
    const { fixture } = setUp();
    expect(await ask(fixture, 11, 'b')).toEqual([
      [3, 3n, 0],
      [-1, 1n, 1],
    ]);
    expect(only(fixture.reads).limits.maxWaitMs).toBe(0);
    expect(only(fixture.reads).fetches).toHaveLength(1);
  });

  it.each([
    ['is where the leader is', 11, 'a'],
    ['is none', 11, ''],
    ['has no replica', 11, 'c'],
    ['is not known to the version', 10, 'b'],
  ])('lets it read here if it %s', async (_, version, rackId) => {
    const { fixture } = setUp();
    expect(await ask(fixture, version, rackId)).toEqual([
      [-1, 3n, 1],
      [-1, 1n, 1],
    ]);
    expect(only(fixture.reads).limits.maxWaitMs).toBe(500);
  });

  it('is not looked at for replicas that have gone, or that do not lead, or of old epochs', async () => {
    const { fixture, replica } = setUp();
    fixture.announce({ racks: { 1: 'a', 2: 'a', 4: 'b' } });
    expect(await ask(fixture, 11, 'b')).toEqual([
      [4, 3n, 0],
      [-1, 1n, 1],
    ]);
    replica.isLeader = false;
    expect(await ask(fixture, 11, 'b')).toEqual([
      [-1, 3n, 1],
      [-1, 1n, 1],
    ]);
    replica.isLeader = true;
    replica.leaderEpoch = 9;
    const request = requestOf([], {
      rackId: 'b',
      topics: [
        { topic: 'orders', topicId: ID, partitions: [askFor(0, { currentLeaderEpoch: 8 })] },
      ],
    });
    const answer = await fixture.send(11, request);
    expect(only(only(answer.responses).partitions).preferredReadReplica).toBe(-1);
  });

  it('is told in every answer of a session', async () => {
    const { fixture } = setUp();
    const { sessionId } = await fixture.send(12, requestOf([0], { rackId: 'b' }));
    const request = requestOf([], { rackId: 'b', sessionId, sessionEpoch: 1 });
    const answer = await fixture.send(12, request);
    expect(only(only(answer.responses).partitions).preferredReadReplica).toBe(3);
  });

  it('means nothing without replica.selector.class', async () => {
    const fixture = new FetchFixture();
    fixture.add('orders', 0).followers = [3];
    fixture.announce({ racks: { 3: 'b' } });
    const answer = await fixture.send(11, requestOf([0], { rackId: 'b' }));
    expect(only(only(answer.responses).partitions).preferredReadReplica).toBe(-1);
  });
});

describe('a follower', () => {
  it.each([4, 12, 14, 15, 17])('is known as such in version %d', async (version) => {
    const fixture = new FetchFixture();
    fixture.add('orders', 0, new FakeReplica(ID)).append(2);
    fixture.announce({ partition: { topic: 'orders', topicId: ID, partition: 0 } });
    const isNew = version >= 15;
    const asked = askFor(0, { logStartOffset: 1n, lastFetchedEpoch: 4 });
    const topics = [{ topic: version < 13 ? 'orders' : '', topicId: ID, partitions: [asked] }];
    const replica = isNew
      ? { replicaState: { replicaId: 2, replicaEpoch: 77n } }
      : { replicaId: 2 };
    const request = requestOf([], { ...replica, topics, isolationLevel: 1, rackId: 'b' });
    const expected = {
      committedOnly: false,
      clientRack: null,
      follower: {
        replicaId: 2,
        brokerEpoch: isNew ? 77 : -1,
        logStartOffset: 1,
        lastFetchedEpoch: 4,
      },
    };
    const { sessionId } = await fixture.send(version, request);
    expect(fixture.reads[0]?.fetches[0]).toMatchObject(expected);
    expect([fixture.replicated.value, fixture.fetched.value]).toEqual([2, 0]);
    await fixture.send(version, { ...request, topics: [], sessionId, sessionEpoch: 1 });
    expect(fixture.reads[1]?.fetches[0]).toMatchObject(expected);
  });

  it('needs the right to act in the cluster, and has no quota of consumers', async () => {
    const asked: unknown[] = [];
    const fixture = new FetchFixture({
      authorizer: {
        authorize: (_context: RequestContext, operation, resource) => {
          asked.push([operation, resource.name]);
          return false;
        },
      },
      quota: { throttleTimeMs: () => 99 },
    });
    fixture.add('orders', 0).append(2);
    const answer = await fixture.send(12, requestOf([0, 1], { replicaId: 2 }));
    expect(only(answer.responses).partitions.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCodes.TOPIC_AUTHORIZATION_FAILED,
      ErrorCodes.TOPIC_AUTHORIZATION_FAILED,
    ]);
    expect(asked).toEqual([['CLUSTER_ACTION', 'kafka-cluster']]);
    expect(answer.throttleTimeMs).toBe(0);
    expect((await fixture.send(12, requestOf([0]))).throttleTimeMs).toBe(99);
  });

  it('gets a session before consumers do', async () => {
    const fixture = new FetchFixture({ slotCount: 1 });
    fixture.add('orders', 0);
    const consumer = await fixture.send(12, requestOf([0]));
    const follower = await fixture.send(12, requestOf([0], { replicaId: 2 }));
    expect(follower.sessionId).toBeGreaterThan(0);
    const { sessionId } = consumer;
    expect(await fixture.send(12, requestOf([], { sessionId, sessionEpoch: 1 }))).toMatchObject({
      errorCode: ErrorCodes.FETCH_SESSION_ID_NOT_FOUND,
      sessionId: 0,
    });
    expect((await fixture.send(12, requestOf([0]))).sessionId).toBe(0);
  });
});

describe('the rights of a client', () => {
  it('are looked at in every fetch of a session', async () => {
    let isAllowed = true;
    const fixture = new FetchFixture({ authorizer: { authorize: () => isAllowed } });
    fixture.add('orders', 0).append(1);
    const { sessionId } = await fixture.send(12, requestOf([0]));
    isAllowed = false;
    const answer = await fixture.send(12, requestOf([], { sessionId, sessionEpoch: 1 }));
    expect(only(only(answer.responses).partitions)).toMatchObject({
      errorCode: ErrorCodes.TOPIC_AUTHORIZATION_FAILED,
      records: [],
    });
  });
});
