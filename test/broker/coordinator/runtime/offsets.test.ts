import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { Fixture, GROUP, context, isAnswered } from '../coordinator-fixture.ts';

const DAY_MS = 24 * 3_600_000;

describe('committed offsets', () => {
  it('are seen when their record is committed, not before', async () => {
    const fixture = await Fixture.started();
    fixture.log.isHolding = true;
    const commit = fixture.commit({ offset: 7 });
    expect(await isAnswered(commit)).toBe(false);
    expect(await fixture.offsets()).toEqual({});
    fixture.log.commitAll();
    expect(await commit).toBe(ErrorCodes.NONE);
    expect(await fixture.offsets()).toEqual({ 't-0': 7 });
  });

  it('take effect in the order of the log, whichever append resolves first', async () => {
    const fixture = await Fixture.started();
    fixture.log.isHolding = true;
    const commits = [fixture.commit({ offset: 1 }), fixture.commit({ offset: 2 })];
    const [first, second] = fixture.log.held;
    second?.commit();
    expect(await isAnswered(commits[1] ?? Promise.resolve())).toBe(false);
    first?.commit();
    expect(await Promise.all(commits)).toEqual([0, 0]);
    expect(await fixture.offsets()).toEqual({ 't-0': 2 });
  });

  it('stay as they were where the log refused', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ offset: 1 });
    fixture.log.refusal = ErrorCodes.NOT_ENOUGH_REPLICAS;
    expect(await fixture.commit({ offset: 2 })).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    fixture.log.refusal = ErrorCodes.NOT_LEADER_OR_FOLLOWER;
    expect(await fixture.commit({ offset: 2 })).toBe(ErrorCodes.NOT_COORDINATOR);
    fixture.log.refusal = ErrorCodes.MESSAGE_TOO_LARGE;
    expect(await fixture.commit({ offset: 2 })).toBe(ErrorCodes.INVALID_COMMIT_OFFSET_SIZE);
    expect(await fixture.offsets()).toEqual({ 't-0': 1 });
  });

  it('are answered late as timed out, and count once they are committed', async () => {
    const fixture = await Fixture.started();
    fixture.log.isHolding = true;
    const commit = fixture.commit({ offset: 3 });
    await fixture.time.advance(5_000);
    expect(await commit).toBe(ErrorCodes.REQUEST_TIMED_OUT);
    const next = fixture.commit({ offset: 4 });
    await fixture.time.advance(5_000);
    expect(await next).toBe(ErrorCodes.REQUEST_TIMED_OUT);
    fixture.log.commitAll();
    await fixture.time.advance(0);
    expect(await fixture.offsets()).toEqual({ 't-0': 4 });
  });

  it('are taken from members of the current generation only, where there are members', async () => {
    const fixture = await Fixture.started();
    expect(await fixture.commit({ generationIdOrMemberEpoch: 3 })).toBe(
      ErrorCodes.ILLEGAL_GENERATION,
    );
    const [member] = await fixture.stableGroup(1);
    const memberId = member?.memberId ?? '';
    const commit = (generationIdOrMemberEpoch: number, id = memberId) =>
      fixture.commit({ generationIdOrMemberEpoch, memberId: id });
    expect(await commit(1)).toBe(ErrorCodes.NONE);
    expect(await commit(0)).toBe(ErrorCodes.ILLEGAL_GENERATION);
    expect(await commit(1, 'nobody')).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
    expect(await commit(-1, '')).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
    const again = fixture.join({ memberId });
    expect((await again).generationId).toBe(2);
    expect(await commit(2)).toBe(ErrorCodes.REBALANCE_IN_PROGRESS);
  });

  it('may be committed while the group prepares a rebalance, as a sign of life', async () => {
    const fixture = await Fixture.started();
    const [member] = await fixture.stableGroup(1);
    const commit = () =>
      fixture.commit({ generationIdOrMemberEpoch: 1, memberId: member?.memberId ?? '' });
    void fixture.join();
    await fixture.time.advance(9_000);
    expect(await commit()).toBe(ErrorCodes.NONE);
    await fixture.time.advance(9_000);
    expect(await commit()).toBe(ErrorCodes.NONE);
  });

  it('carry at most offset.metadata.max.bytes of metadata, each on its own', async () => {
    const fixture = await Fixture.started();
    const tooLarge = 'm'.repeat(4097);
    expect(await fixture.commit({ metadata: tooLarge })).toBe(ErrorCodes.OFFSET_METADATA_TOO_LARGE);
    expect(fixture.log.batches).toHaveLength(0);
    expect(await fixture.commit({ metadata: tooLarge.slice(1) })).toBe(ErrorCodes.NONE);
  });

  it('are fetched by name, all, or for many groups, with -1 for what is not there', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ offset: 5, metadata: 'note' });
    const topics = [{ name: 't', partitionIndexes: [0, 1] }];
    const some = await fixture.coordinator.offsetFetch(context(5), {
      groupId: GROUP,
      topics,
      groups: [],
      requireStable: true,
    });
    expect(some.topics[0]?.partitions).toEqual([
      {
        partitionIndex: 0,
        committedOffset: 5n,
        committedLeaderEpoch: -1,
        metadata: 'note',
        errorCode: 0,
      },
      {
        partitionIndex: 1,
        committedOffset: -1n,
        committedLeaderEpoch: -1,
        metadata: '',
        errorCode: 0,
      },
    ]);
    const member = { memberId: null, memberEpoch: -1 };
    const many = await fixture.coordinator.offsetFetch(context(8), {
      groupId: '',
      topics: [],
      groups: [
        { groupId: GROUP, topics: null, ...member },
        { groupId: 'unknown', topics, ...member },
      ],
      requireStable: false,
    });
    expect(many.groups.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
      [GROUP, 0],
      ['unknown', 0],
    ]);
    expect(many.groups[0]?.topics[0]?.partitions).toHaveLength(1);
    expect(many.groups[1]?.topics[0]?.partitions[0]?.committedOffset).toBe(-1n);
  });

  it('of a group that never had members run out by their commit time', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ partition: 0 });
    await fixture.time.advance(DAY_MS);
    await fixture.commit({ partition: 1 });
    await fixture.time.advance(6 * DAY_MS);
    expect(await fixture.offsets()).toEqual({ 't-1': 1 });
    await fixture.time.advance(DAY_MS);
    expect(await fixture.state()).toBe('Dead');
    expect(await (await fixture.successor()).offsets()).toEqual({});
  });

  it('of an empty group run out after its last member left, and the group with them', async () => {
    const fixture = await Fixture.started();
    const [member] = await fixture.stableGroup(1);
    const memberId = member?.memberId ?? '';
    await fixture.commit({ generationIdOrMemberEpoch: 1, memberId });
    await fixture.leave(memberId);
    await fixture.time.advance(7 * DAY_MS - 600_000);
    expect(await fixture.offsets()).toEqual({ 't-0': 1 });
    await fixture.time.advance(1_200_000);
    expect(await fixture.offsets()).toEqual({});
    const keys = fixture.log.batches.at(-1)?.records.map(({ value }) => value);
    expect(keys).toEqual([null, null]);
    expect(await (await fixture.successor()).state()).toBe('Dead');
  });

  it('of a Stable group run out only in topics that nobody subscribes to', async () => {
    const fixture = await Fixture.started();
    const [member] = await fixture.stableGroup(1);
    const commit = { generationIdOrMemberEpoch: 1, memberId: member?.memberId ?? '' };
    await fixture.commit(commit);
    await fixture.commit({ ...commit, topic: 'former' });
    const beat = async (): Promise<void> => {
      await fixture.time.advance(9_999);
      await fixture.heartbeat(commit.memberId, 1);
    };
    fixture.coordinator.stop();
    const short = await fixture.successor({ offsetsRetentionMs: 600_000 });
    short.coordinator.start();
    for (let elapsedMs = 0; elapsedMs < 1_210_000; elapsedMs += 9_999) {
      await beat();
      await short.heartbeat(commit.memberId, 1);
    }
    expect(await short.offsets()).toEqual({ 't-0': 1 });
  });

  it('keep a retention that the client asked for', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ retentionTimeMs: 1_000n });
    await fixture.time.advance(600_000);
    expect(await fixture.offsets()).toEqual({});
  });

  it('with a commit under way do not run out', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ offset: 1 });
    fixture.log.isHolding = true;
    void fixture.commit({ offset: 2 });
    await fixture.time.advance(8 * DAY_MS);
    fixture.log.commitAll();
    fixture.log.isHolding = false;
    await fixture.time.advance(0);
    expect(await fixture.offsets()).toEqual({ 't-0': 2 });
    expect(await (await fixture.successor()).offsets()).toEqual({ 't-0': 2 });
  });

  it('go with their topic', async () => {
    const fixture = await Fixture.started();
    await fixture.commit({ topic: 'gone' });
    await fixture.commit({ topic: 'kept' });
    fixture.coordinator.topicsDeleted(['gone', 'other']);
    await fixture.time.advance(0);
    expect(await fixture.offsets()).toEqual({ 'kept-0': 1 });
  });

  it('are deleted where no member subscribes to the topic', async () => {
    const fixture = await Fixture.started();
    const { coordinator } = fixture;
    const places = [
      { topic: 't', partition: 0 },
      { topic: 'former', partition: 0 },
    ];
    expect((await coordinator.deleteOffsets(GROUP, places)).errorCode).toBe(
      ErrorCodes.GROUP_ID_NOT_FOUND,
    );
    await fixture.commit();
    await fixture.commit({ topic: 'former' });
    await fixture.stableGroup(1);
    expect(await coordinator.deleteOffsets(GROUP, places)).toEqual({
      errorCode: 0,
      places: [ErrorCodes.GROUP_SUBSCRIBED_TO_TOPIC, 0],
    });
    expect(await fixture.offsets()).toEqual({ 't-0': 1 });
  });

  it('go with a deleted group, those under way included', async () => {
    const fixture = await Fixture.started();
    const [member] = await fixture.stableGroup(1);
    const deleteGroup = async (groupId = GROUP) =>
      (await fixture.coordinator.deleteGroups(context(), { groupsNames: [groupId] })).results[0]
        ?.errorCode;
    expect(await deleteGroup()).toBe(ErrorCodes.NON_EMPTY_GROUP);
    expect(await deleteGroup('unknown')).toBe(ErrorCodes.GROUP_ID_NOT_FOUND);
    await fixture.leave(member?.memberId ?? '');
    fixture.log.isHolding = true;
    void fixture.commit();
    const deletion = deleteGroup();
    expect(await fixture.commit()).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    fixture.log.commitAll();
    expect(await deletion).toBe(ErrorCodes.NONE);
    const next = await fixture.successor();
    expect([await fixture.state(), await next.state()]).toEqual(['Dead', 'Dead']);
  });

  it('come back where the deletion of their group was refused', async () => {
    const fixture = await Fixture.started();
    await fixture.commit();
    fixture.log.refusal = ErrorCodes.NOT_ENOUGH_REPLICAS;
    const { results } = await fixture.coordinator.deleteGroups(context(), { groupsNames: [GROUP] });
    expect(results[0]?.errorCode).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    expect(await fixture.state()).toBe('Empty');
    expect(await fixture.offsets()).toEqual({ 't-0': 1 });
  });
});
