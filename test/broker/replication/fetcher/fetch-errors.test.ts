import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import type { Asked, FollowingReplica } from './fetcher-fixture.ts';
import {
  answerOf,
  FetcherFixture,
  LEADER,
  partitionsOf,
  quiet,
  stamped,
} from './fetcher-fixture.ts';

/** Two replicas of one leader, both asked for in a fetch that waits for its answer. */
async function two(epochs: readonly number[] = []): Promise<{
  readonly world: FetcherFixture;
  readonly replica: FollowingReplica;
  readonly other: FollowingReplica;
  readonly asked: Awaited<ReturnType<FetcherFixture['leader']['fetch']>>;
}> {
  const world = new FetcherFixture();
  const replica = await world.replica({ epochs, highWatermark: 1 });
  const other = await world.replica({ partition: 1 });
  world.manager.follow(replica, { leaderId: LEADER, leaderEpoch: 5 });
  world.manager.follow(other, { leaderId: LEADER, leaderEpoch: 5 });
  return { world, replica, other, asked: await world.leader.fetch() };
}

function offsetsAnswer(offset: number): unknown {
  const partitions = [
    { partitionIndex: 0, errorCode: 0, timestamp: -1n, offset: BigInt(offset), leaderEpoch: 5 },
  ];
  return { throttleTimeMs: 0, topics: [{ name: 'topic', partitions }] };
}

function timestampOf({ request }: Asked): bigint | undefined {
  return (request as { topics: { partitions: { timestamp: bigint }[] }[] }).topics[0]?.partitions[0]
    ?.timestamp;
}

const PASSING = [
  'UNKNOWN_LEADER_EPOCH',
  'NOT_LEADER_OR_FOLLOWER',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'REPLICA_NOT_AVAILABLE',
] as const;

const LOUD = ['KAFKA_STORAGE_ERROR', 'CORRUPT_MESSAGE', 'UNKNOWN_SERVER_ERROR'] as const;

describe('a fetcher whose leader has an error for one partition', () => {
  it.each([...PASSING, ...LOUD])('keeps that one back for a while: %s', async (name) => {
    const { world, replica, other, asked } = await two();
    const { buffer } = stamped({ offset: 0, epoch: 4 });
    await asked.answer(answerOf({ 0: { errorCode: ErrorCodes[name] }, 1: { records: [buffer] } }));
    expect(other.log.writtenEndOffset).toBe(1);
    const second = await world.leader.fetch();
    expect(partitionsOf(second.request).has(0)).toBe(false);
    expect(second.request.forgottenTopicsData[0]?.partitions).toEqual([0]);
    await world.time.advance(50);
    await second.answer(answerOf({}));
    const third = await world.leader.fetch();
    expect(partitionsOf(third.request).has(0)).toBe(true);
    await third.answer(answerOf({ 0: { records: [buffer] } }));
    expect(replica.log.writtenEndOffset).toBe(1);
    await world.manager.stop();
  });

  it('waits longer each time, up to the configured time', async () => {
    const world = new FetcherFixture();
    await world.follow(await world.replica());
    for (const pauseMs of [50, 100, 200, 400, 800, 1000, 1000]) {
      const { answer } = await world.leader.fetch();
      await answer(answerOf({ 0: { errorCode: ErrorCodes.NOT_LEADER_OR_FOLLOWER } }));
      await world.time.advance(pauseMs - 1);
      expect(world.leader.waiting).toEqual([]);
      await world.time.advance(1);
    }
    await world.manager.stop();
  });

  it('says once what lasts, and nothing of what every change of leaders has', async () => {
    const world = new FetcherFixture();
    await world.follow(await world.replica());
    const fail = async (errorCode: number): Promise<void> => {
      await (await world.leader.fetch()).answer(answerOf({ 0: { errorCode } }));
      await world.time.advance(1000);
    };
    await fail(ErrorCodes.UNKNOWN_LEADER_EPOCH);
    expect(world.logger.lines).toEqual([]);
    for (let time = 0; time < 3; time += 1) await fail(ErrorCodes.UNKNOWN_LEADER_EPOCH);
    expect(world.logger.lines).toHaveLength(1);
    await world.manager.stop();
  });

  it('leaves a partition alone that is fenced, until the controller has told', async () => {
    const { world, replica, asked } = await two();
    await asked.answer(answerOf({ 0: { errorCode: ErrorCodes.FENCED_LEADER_EPOCH } }));
    const second = await world.leader.fetch();
    expect(second.request.forgottenTopicsData[0]?.partitions).toEqual([0]);
    await world.time.advance(60_000);
    await second.answer(answerOf({}));
    const third = await world.leader.fetch();
    expect(third.request.topics).toEqual([]);
    await world.manager.unfollow(replica);
    replica.becomeFollower(6);
    world.manager.follow(replica, { leaderId: LEADER, leaderEpoch: 6 });
    await third.answer(answerOf({}));
    const fourth = await world.leader.fetch();
    expect(partitionsOf(fourth.request).get(0)?.currentLeaderEpoch).toBe(6);
    await world.manager.stop();
  });
});

describe('a fetcher whose leader does not have the offset', () => {
  const outOfRange = answerOf({ 0: { errorCode: ErrorCodes.OFFSET_OUT_OF_RANGE } });

  it('cuts its log where the leader ends before it', async () => {
    const { world, replica, asked } = await two([3, 3, 3]);
    await asked.answer(outOfRange);
    const question = await world.leader.next();
    expect([question.api, question.version, timestampOf(question)]).toEqual([
      'ListOffsets',
      7,
      -1n,
    ]);
    await question.answer(offsetsAnswer(2));
    expect(replica.log.logEndOffset).toBe(2);
    expect(partitionsOf((await world.leader.fetch()).request).get(0)?.fetchOffset).toBe(2n);
    await world.manager.stop();
  });

  it('begins anew where the leader starts behind it', async () => {
    const { world, replica, asked } = await two([3, 3, 3]);
    await asked.answer(outOfRange);
    await (await world.leader.next()).answer(offsetsAnswer(40));
    const question = await world.leader.next();
    expect(timestampOf(question)).toBe(-2n);
    await question.answer(offsetsAnswer(30));
    expect(replica.log.logStartOffset).toBe(30);
    expect(replica.highWatermark).toBe(30);
    const { request } = await world.leader.fetch();
    expect(partitionsOf(request).get(0)).toMatchObject({
      fetchOffset: 30n,
      logStartOffset: 30n,
      lastFetchedEpoch: -1,
    });
    await world.manager.stop();
  });

  it('waits, and says so, where the leader does have it', async () => {
    const { world, replica, asked } = await two([3, 3, 3]);
    await asked.answer(outOfRange);
    await (await world.leader.next()).answer(offsetsAnswer(40));
    await (await world.leader.next()).answer(offsetsAnswer(0));
    expect(replica.log.logEndOffset).toBe(3);
    expect(partitionsOf((await world.leader.fetch()).request).has(0)).toBe(false);
    expect(world.logger.lines.map(({ message }) => message)).toEqual([
      'a partition cannot be replicated',
    ]);
    await world.manager.stop();
  });

  it('changes nothing for an answer that comes when it follows no more', async () => {
    const { world, replica, asked } = await two([3, 3, 3]);
    await asked.answer(outOfRange);
    const question = await world.leader.next();
    await world.manager.unfollow(replica);
    await question.answer(offsetsAnswer(0));
    expect(replica.log.logEndOffset).toBe(3);
    await world.manager.stop();
  });
});

describe('a fetcher that is sent records that cannot be right', () => {
  const good = stamped({ offset: 0, epoch: 4 }).buffer;
  const spoiled = Buffer.from(stamped({ offset: 1, epoch: 4 }).buffer);
  spoiled[70] = (spoiled[70] ?? 0) ^ 1;
  const oldMagic = Buffer.from(stamped({ offset: 1, epoch: 4 }).buffer);
  oldMagic[16] = 9;
  const lie = Buffer.from(stamped({ offset: 1, epoch: 4 }).buffer);
  lie.writeInt32BE(3, 8);

  it.each([
    ['a wrong checksum', spoiled],
    ['an unknown format', oldMagic],
    ['an impossible length', lie],
    ['an offset that was there already', stamped({ offset: 0, epoch: 4 }).buffer],
    ['an epoch that has not begun', stamped({ offset: 1, epoch: 6 }).buffer],
  ])('appends what comes before, and asks again: %s', async (_, bad) => {
    const { world, replica, asked } = await two();
    await asked.answer(answerOf({ 0: { records: [Buffer.concat([good, bad])] } }));
    expect(replica.log.writtenEndOffset).toBe(1);
    const errors = world.logger.lines.filter(({ level }) => level === 'error');
    expect(errors.map(({ fields }) => fields['partition'])).toEqual(['topic-0']);
    await world.time.advance(50);
    const second = await world.leader.fetch();
    expect(partitionsOf(second.request).has(0)).toBe(false);
    await second.answer(answerOf({}));
    expect(partitionsOf((await world.leader.fetch()).request).get(0)?.fetchOffset).toBe(1n);
    await world.manager.stop();
  });

  it('appends nothing that leaves no whole batch, or begins before its end', async () => {
    const { world, replica, asked } = await two([4, 4]);
    await asked.answer(answerOf({ 0: { records: [good.subarray(0, 40)] } }));
    await world.time.advance(50);
    await (await world.leader.fetch()).answer(answerOf({}));
    const again = await world.leader.fetch();
    await again.answer(answerOf({ 0: { records: [good] } }));
    expect(replica.log.logEndOffset).toBe(2);
    await world.manager.stop();
  });
});

describe('a fetcher whose connection or disk fails', () => {
  it('connects again after a pause, and sends a full fetch', async () => {
    const world = new FetcherFixture();
    await world.follow(await world.replica());
    await (await world.leader.fetch()).answer(answerOf({ 0: {} }));
    await world.leader.fetch();
    world.leader.cut();
    world.leader.refusesConnections = true;
    await world.time.advance(10_000);
    expect(world.leader.connectionCount).toBe(1);
    world.leader.refusesConnections = false;
    await world.time.advance(1000);
    const { request, answer } = await world.leader.fetch();
    expect(request).toMatchObject({ sessionId: 0, sessionEpoch: 0 });
    await answer(answerOf({ 0: {} }));
    expect(world.logger.lines.map(({ message }) => message)).toEqual([
      'leader cannot be reached',
      'leader can be reached again',
    ]);
    await world.manager.stop();
  });

  it('stops while it waits to connect', async () => {
    const world = new FetcherFixture();
    world.leader.refusesConnections = true;
    await world.follow(await world.replica());
    await world.manager.stop();
    expect(world.time.count).toBe(0);
  });

  it('does not ask for more than is in the file, and goes on with others', async () => {
    const { world, replica, asked } = await two();
    world.logs.process.isDead = true;
    const { buffer } = stamped({ offset: 0, epoch: 4 });
    await asked.answer(answerOf({ 0: { records: [buffer], highWatermark: 1n } }));
    await world.time.advance(200);
    expect(replica.log.writtenEndOffset).toBe(0);
    expect(replica.highWatermark).toBe(0);
    const { request } = await world.leader.fetch();
    expect(partitionsOf(request).has(0)).toBe(false);
    expect(request.forgottenTopicsData[0]?.partitions).toEqual([0]);
    await world.manager.stop();
  });
});

describe("a follower whose log parts from its leader's", () => {
  const diverging = (epoch: number, endOffset: number): ReturnType<typeof answerOf> =>
    answerOf({ 0: { divergingEpoch: { epoch, endOffset: BigInt(endOffset) } } });

  it('is cut in rounds until they agree, and saves its checkpoints each time it goes back', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica({ epochs: [1, 1, 2, 3, 3, 4], highWatermark: 5 });
    await world.follow(replica);
    const first = await world.leader.fetch();
    expect(partitionsOf(first.request).get(0)?.lastFetchedEpoch).toBe(4);
    await first.answer(diverging(3, 4));
    expect([replica.log.logEndOffset, replica.highWatermark]).toEqual([4, 4]);
    const second = await world.leader.fetch();
    expect(partitionsOf(second.request).get(0)).toMatchObject({
      fetchOffset: 4n,
      lastFetchedEpoch: 3,
    });
    await second.answer(diverging(0, 1));
    expect(replica.log.logEndOffset).toBe(0);
    expect(world.saved).toEqual([
      { topic: 'topic', partition: 0 },
      { topic: 'topic', partition: 0 },
    ]);
    await world.manager.stop();
  });

  it('drops an epoch of its own in which it had no records', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica({ epochs: [1, 1] });
    replica.log.assignEpochStartOffset(4, 2);
    await world.follow(replica);
    const first = await world.leader.fetch();
    expect(partitionsOf(first.request).get(0)?.lastFetchedEpoch).toBe(4);
    await first.answer(diverging(1, 8));
    expect(replica.log.logEndOffset).toBe(2);
    const second = await world.leader.fetch();
    expect(partitionsOf(second.request).get(0)).toMatchObject({
      fetchOffset: 2n,
      lastFetchedEpoch: 1,
    });
    expect(world.saved).toEqual([]);
    await world.manager.stop();
  });

  it('appends nothing until what a truncation moved back is saved', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica({ epochs: [1, 1, 2], highWatermark: 3 });
    let fail: (error: Error) => void = () => undefined;
    world.saveOffsets = () => new Promise((_, reject) => (fail = reject));
    await world.follow(replica);
    await (await world.leader.fetch()).answer(diverging(1, 2));
    expect(replica.log.logEndOffset).toBe(2);
    expect(world.leader.waiting).toEqual([]);
    fail(new Error('no space'));
    world.saveOffsets = () => Promise.resolve();
    await quiet();
    expect(world.leader.waiting).toEqual([]);
    await world.time.advance(50);
    expect(world.saved).toHaveLength(2);
    expect(partitionsOf((await world.leader.fetch()).request).get(0)?.fetchOffset).toBe(2n);
    await world.manager.stop();
  });

  it('lets a truncation that has begun end before it follows no more', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica({ epochs: [1, 1, 2], highWatermark: 3 });
    let save: () => void = () => undefined;
    world.saveOffsets = () => new Promise((resolve) => (save = resolve));
    await world.follow(replica);
    await (await world.leader.fetch()).answer(diverging(1, 2));
    let isOver = false;
    const over = world.manager.unfollow(replica).then(() => (isOver = true));
    await quiet();
    expect(isOver).toBe(false);
    save();
    await over;
    expect(replica.log.logEndOffset).toBe(2);
    await world.manager.stop();
  });

  it('keeps what is committed of a log that knows no epochs', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica({ epochs: [-1, -1, -1], highWatermark: 2 });
    await world.follow(replica);
    const { request } = await world.leader.fetch();
    expect(partitionsOf(request).get(0)).toMatchObject({ fetchOffset: 2n, lastFetchedEpoch: -1 });
    expect(replica.log.logEndOffset).toBe(2);
    await world.manager.stop();
  });
});

describe('a follower whose leader does not tell with a fetch where logs part', () => {
  function epochAnswer(leaderEpoch: number, endOffset: number, errorCode = 0): unknown {
    const partitions = [{ errorCode, partition: 0, leaderEpoch, endOffset: BigInt(endOffset) }];
    return { throttleTimeMs: 0, topics: [{ topic: 'topic', partitions }] };
  }

  async function older(epochs: readonly number[]): Promise<{
    readonly world: FetcherFixture;
    readonly replica: FollowingReplica;
  }> {
    const world = new FetcherFixture();
    world.leader.versions = { fetch: 11, offsetForLeaderEpoch: 3, listOffsets: 5 };
    const replica = await world.replica({ epochs });
    await world.follow(replica);
    return { world, replica };
  }

  it('asks for the end of its latest epoch until they agree, and fetches then', async () => {
    const { world, replica } = await older([1, 1, 3, 3]);
    const first = await world.leader.next();
    expect([first.api, first.version]).toEqual(['OffsetForLeaderEpoch', 3]);
    expect(first.request).toMatchObject({
      replicaId: 1,
      topics: [{ partitions: [{ partition: 0, currentLeaderEpoch: 5, leaderEpoch: 3 }] }],
    });
    await first.answer(epochAnswer(2, 3));
    const second = await world.leader.next();
    expect(second.request).toMatchObject({ topics: [{ partitions: [{ leaderEpoch: 1 }] }] });
    await second.answer(epochAnswer(1, 1));
    expect(replica.log.logEndOffset).toBe(1);
    const fetched = await world.leader.fetch();
    expect(fetched.version).toBe(11);
    expect(fetched.request.replicaId).toBe(1);
    expect(partitionsOf(fetched.request).get(0)?.fetchOffset).toBe(1n);
    await fetched.answer(answerOf({ 0: {} }, { usesIds: false }));
    await world.manager.stop();
  });

  it('keeps what is committed where the leader knows no epochs', async () => {
    const { world, replica } = await older([1, 1]);
    await (await world.leader.next()).answer(epochAnswer(-1, -1));
    expect(replica.log.logEndOffset).toBe(0);
    await world.manager.stop();
  });

  it('waits where the leader has an error, and is left alone where it is fenced', async () => {
    const { world, replica } = await older([1, 1]);
    await (
      await world.leader.next()
    ).answer(epochAnswer(-1, -1, ErrorCodes.NOT_LEADER_OR_FOLLOWER));
    expect(world.leader.waiting).toEqual([]);
    await world.time.advance(50);
    await (await world.leader.next()).answer(epochAnswer(-1, -1, ErrorCodes.FENCED_LEADER_EPOCH));
    await world.time.advance(60_000);
    expect(world.leader.waiting).toEqual([]);
    expect(replica.log.logEndOffset).toBe(2);
    await world.manager.stop();
  });

  it('asks again when the connection was lost in the middle', async () => {
    const { world, replica } = await older([1, 1, 3, 3]);
    await world.leader.next();
    world.leader.cut();
    await world.time.advance(50);
    const again = await world.leader.next();
    expect(again.api).toBe('OffsetForLeaderEpoch');
    await again.answer(epochAnswer(3, 3));
    expect(replica.log.logEndOffset).toBe(3);
    await world.manager.stop();
  });
});
