import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { readAll } from '../../log/log-fixture.ts';
import {
  answerOf,
  FetcherFixture,
  LEADER,
  partitionsOf,
  quiet,
  stamped,
  TOPIC_ID,
} from './fetcher-fixture.ts';

describe('a follower', () => {
  it('asks for what comes behind its log, and says who it is', async () => {
    const world = new FetcherFixture();
    await world.follow(await world.replica({ epochs: [3, 3] }));
    const { request, version } = await world.leader.fetch();
    expect(version).toBe(15);
    expect(request).toMatchObject({
      replicaId: -1,
      replicaState: { replicaId: 1, replicaEpoch: 77n },
      minBytes: 1,
      maxBytes: 10_000,
      sessionId: 0,
      sessionEpoch: 0,
    });
    expect(request.topics[0]?.topicId).toBe(TOPIC_ID);
    expect(partitionsOf(request).get(0)).toMatchObject({
      currentLeaderEpoch: 5,
      fetchOffset: 2n,
      lastFetchedEpoch: 3,
      logStartOffset: 0n,
      partitionMaxBytes: 1000,
    });
    await world.manager.stop();
  });

  it('appends the bytes as they are, and goes on behind them in the session', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica();
    await world.follow(replica);
    const batches = [stamped({ offset: 0, epoch: 4, count: 3 }), stamped({ offset: 3, epoch: 5 })];
    const records = Buffer.concat(batches.map(({ buffer }) => buffer));
    await (
      await world.leader.fetch()
    ).answer(answerOf({ 0: { records: [records], highWatermark: 3n } }));
    expect(replica.log.writtenEndOffset).toBe(4);
    expect(replica.highWatermark).toBe(3);
    expect(await readAll(replica.log)).toEqual(records);
    const next = await world.leader.fetch();
    expect(next.request).toMatchObject({ sessionId: 9, sessionEpoch: 1 });
    expect(partitionsOf(next.request).get(0)).toMatchObject({
      fetchOffset: 4n,
      lastFetchedEpoch: 5,
    });
    await next.answer(answerOf({ 0: { highWatermark: 4n } }));
    expect(replica.highWatermark).toBe(4);
    const third = await world.leader.fetch();
    expect(third.request).toMatchObject({ sessionEpoch: 2, topics: [] });
    await world.manager.stop();
  });

  it('follows the log start of its leader', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica({ epochs: [3, 3, 3], highWatermark: 3 });
    await world.follow(replica);
    await (
      await world.leader.fetch()
    ).answer(answerOf({ 0: { highWatermark: 3n, logStartOffset: 2n } }));
    expect(replica.log.logStartOffset).toBe(2);
    expect(partitionsOf((await world.leader.fetch()).request).get(0)?.logStartOffset).toBe(2n);
    await world.manager.stop();
  });

  it('takes a log whose leader begins inside of a batch', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica();
    await replica.truncateFullyAndStartAt(12);
    await world.follow(replica);
    const { buffer } = stamped({ offset: 10, epoch: 4, count: 5 });
    await (
      await world.leader.fetch()
    ).answer(answerOf({ 0: { records: [buffer], highWatermark: 15n, logStartOffset: 12n } }));
    await quiet();
    expect(replica.log.logEndOffset).toBe(15);
    const next = await world.leader.fetch();
    await next.answer(answerOf({ 0: { highWatermark: 15n, logStartOffset: 12n } }));
    expect(replica.log.logStartOffset).toBe(12);
    await world.manager.stop();
  });

  it('takes more than a segment holds, and a batch that does not fit into one', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica({ config: { segmentBytes: 200 } });
    await world.follow(replica);
    const batches = [
      stamped({ offset: 0, epoch: 4 }),
      stamped({ offset: 1, epoch: 4 }),
      stamped({ offset: 2, epoch: 4, count: 30 }),
      stamped({ offset: 32, epoch: 4 }),
    ];
    const records = Buffer.concat(batches.map(({ buffer }) => buffer));
    await (await world.leader.fetch()).answer(answerOf({ 0: { records: [records] } }));
    expect(await readAll(replica.log, { maxBytes: 5000 })).toEqual(records);
    expect(replica.log.segmentBaseOffsets).toEqual([0, 2, 32]);
    await world.manager.stop();
  });

  it('leaves a batch that is cut off to the next fetch', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica();
    await world.follow(replica);
    const records = Buffer.concat([
      stamped({ offset: 0, epoch: 4 }).buffer,
      stamped({ offset: 1, epoch: 4 }).buffer.subarray(0, 50),
    ]);
    await (await world.leader.fetch()).answer(answerOf({ 0: { records: [records] } }));
    expect(replica.log.writtenEndOffset).toBe(1);
    expect(partitionsOf((await world.leader.fetch()).request).get(0)?.fetchOffset).toBe(1n);
    expect(world.logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
    await world.manager.stop();
  });

  it('names topics where one of them has no id, in a session of its own', async () => {
    const world = new FetcherFixture();
    await world.follow(await world.replica());
    await (await world.leader.fetch()).answer(answerOf({ 0: {} }));
    await world.follow(await world.replica({ partition: 1, topicId: null }));
    await (await world.leader.fetch()).answer(answerOf({}));
    const { version, request } = await world.leader.fetch();
    expect(version).toBe(12);
    expect(request).toMatchObject({ replicaId: 1, sessionId: 9, sessionEpoch: 0 });
    expect([...partitionsOf(request).keys()]).toEqual([0, 1]);
    await world.manager.stop();
  });

  it('begins anew when the leader has forgotten the session', async () => {
    const world = new FetcherFixture();
    await world.follow(await world.replica());
    await (await world.leader.fetch()).answer(answerOf({ 0: {} }));
    const second = await world.leader.fetch();
    expect(second.request.sessionEpoch).toBe(1);
    await second.answer(
      answerOf({}, { errorCode: ErrorCodes.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0 }),
    );
    const { request } = await world.leader.fetch();
    expect(request).toMatchObject({ sessionId: 0, sessionEpoch: 0 });
    expect(partitionsOf(request).size).toBe(1);
    await world.manager.stop();
  });

  it('sends full fetches to a leader that keeps no sessions', async () => {
    const world = new FetcherFixture();
    await world.follow(await world.replica());
    for (let round = 0; round < 3; round += 1) {
      const { request, answer } = await world.leader.fetch();
      expect(request).toMatchObject({ sessionId: 0, sessionEpoch: 0 });
      expect(partitionsOf(request).size).toBe(1);
      await answer(answerOf({ 0: {} }, { sessionId: 0 }));
    }
    await world.manager.stop();
  });

  it('waits until the leader has an address', async () => {
    const world = new FetcherFixture();
    world.hasAddress = false;
    await world.follow(await world.replica());
    await world.time.advance(60_000);
    expect(world.leader.connectionCount).toBe(0);
    world.appear();
    expect((await world.leader.fetch()).api).toBe('Fetch');
    await world.manager.stop();
  });

  it('throttles replicas that are behind, and counts what they got', async () => {
    const world = new FetcherFixture();
    world.throttle.isThrottled = true;
    const replica = await world.replica();
    await world.follow(replica);
    const { buffer } = stamped({ offset: 0, epoch: 4 });
    const first = await world.leader.fetch();
    world.throttle.isExceeded = true;
    await first.answer(answerOf({ 0: { records: [buffer], highWatermark: 10n } }));
    expect(world.throttle.recorded).toBe(buffer.length);
    await world.time.advance(1000);
    expect(world.leader.waiting).toEqual([]);
    world.throttle.isExceeded = false;
    await world.time.advance(100);
    expect(partitionsOf((await world.leader.fetch()).request).get(0)?.fetchOffset).toBe(1n);
    await world.manager.stop();
  });

  it('divides partitions among the fetchers, and ends those that nobody needs', async () => {
    const world = new FetcherFixture();
    world.settings = { ...world.settings, fetchersPerLeader: 2 };
    const replicas = await Promise.all([0, 1, 2].map((partition) => world.replica({ partition })));
    for (const replica of replicas) await world.follow(replica);
    expect(world.manager.fetcherCount).toBe(2);
    for (const replica of replicas) await world.manager.unfollow(replica);
    expect(world.manager.followedCount).toBe(0);
    while (world.leader.waiting.length > 0) await (await world.leader.fetch()).answer(answerOf({}));
    await world.time.advance(11_000);
    expect(world.manager.fetcherCount).toBe(0);
  });

  it('asks another leader as soon as it has one', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica();
    await world.follow(replica);
    const old = await world.leader.fetch();
    await world.manager.unfollow(replica);
    replica.becomeFollower(6, LEADER + 1);
    await world.follow(replica, 6, LEADER + 1);
    const { request } = await world.leader.fetch();
    expect(partitionsOf(request).get(0)?.currentLeaderEpoch).toBe(6);
    const { buffer } = stamped({ offset: 0, epoch: 5 });
    await old.answer(answerOf({ 0: { records: [buffer], highWatermark: 1n } }));
    expect(replica.log.logEndOffset).toBe(0);
    await world.manager.stop();
  });

  it('takes no answer that was asked for in an older epoch of the same leader', async () => {
    const world = new FetcherFixture();
    const replica = await world.replica();
    await world.follow(replica);
    const old = await world.leader.fetch();
    await world.manager.unfollow(replica);
    replica.becomeFollower(6);
    await world.follow(replica, 6);
    const { buffer } = stamped({ offset: 0, epoch: 5 });
    await old.answer(answerOf({ 0: { records: [buffer], highWatermark: 1n } }));
    expect(replica.log.logEndOffset).toBe(0);
    const { request } = await world.leader.fetch();
    expect(partitionsOf(request).get(0)).toMatchObject({ currentLeaderEpoch: 6, fetchOffset: 0n });
    await world.manager.stop();
  });

  it('forgets in the session what it follows no more', async () => {
    const world = new FetcherFixture();
    const replicas = [await world.replica(), await world.replica({ partition: 1 })] as const;
    for (const replica of replicas) await world.follow(replica);
    await (await world.leader.fetch()).answer(answerOf({}));
    const second = await world.leader.fetch();
    expect([...partitionsOf(second.request).keys()]).toEqual([1]);
    await world.manager.unfollow(replicas[0]);
    await second.answer(answerOf({}));
    const { request } = await world.leader.fetch();
    expect(request.topics).toEqual([]);
    expect(request.forgottenTopicsData).toMatchObject([{ topicId: TOPIC_ID, partitions: [0] }]);
    await world.manager.stop();
  });

  it('stops in the middle of a fetch', async () => {
    const world = new FetcherFixture();
    await world.follow(await world.replica());
    await world.leader.fetch();
    await world.manager.stop();
    await world.manager.stop();
    expect(world.time.count).toBe(0);
  });
});
