import { describe, expect, it } from '@jest/globals';
import { encodeGroupRecord } from '../../../../broker/coordinator/group/group-record.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { Fixture, GROUP, context } from '../coordinator-fixture.ts';

const noFilter = { statesFilter: [], typesFilter: [] };

describe('the leadership of a partition of __consumer_offsets', () => {
  it('is needed for everything', async () => {
    const fixture = new Fixture();
    const expected = ErrorCodes.NOT_COORDINATOR;
    expect(fixture.coordinator.isCoordinatorFor(GROUP)).toBe(false);
    expect((await fixture.join()).errorCode).toBe(expected);
    expect((await fixture.sync({})).errorCode).toBe(expected);
    expect(await fixture.heartbeat('m', 1)).toBe(expected);
    expect(await fixture.commit()).toBe(expected);
    expect((await fixture.describe())?.errorCode).toBe(expected);
    const request = { groupId: GROUP, topics: null, groups: [], requireStable: false };
    expect((await fixture.coordinator.offsetFetch(context(2), request)).errorCode).toBe(expected);
    const leave = { groupId: GROUP, memberId: 'm', members: [] };
    expect((await fixture.coordinator.leaveGroup(context(1), leave)).errorCode).toBe(expected);
  });

  it('begins with loading, during which clients are told to wait', async () => {
    const fixture = new Fixture();
    let open: () => void = () => undefined;
    fixture.log.readGate = new Promise((resolve) => (open = resolve));
    const loaded = fixture.coordinator.becomeLeader(0, 0);
    const loading = ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS;
    expect((await fixture.join()).errorCode).toBe(loading);
    expect(await fixture.commit()).toBe(loading);
    expect((await fixture.sync({})).errorCode).toBe(ErrorCodes.REBALANCE_IN_PROGRESS);
    expect(await fixture.heartbeat('m', 1)).toBe(ErrorCodes.NONE);
    expect((await fixture.coordinator.listGroups(context(), noFilter)).errorCode).toBe(loading);
    open();
    await loaded;
    expect(await fixture.commit()).toBe(ErrorCodes.NONE);
    expect(fixture.coordinator.isCoordinatorFor(GROUP)).toBe(true);
  });

  it('ends with NOT_COORDINATOR for whoever waits, and without a timer', async () => {
    const fixture = await Fixture.started();
    const [member] = await fixture.stableGroup(1);
    const join = fixture.join();
    fixture.log.isHolding = true;
    const commit = fixture.commit({ groupId: 'other' });
    fixture.coordinator.resign(0);
    expect((await join).errorCode).toBe(ErrorCodes.NOT_COORDINATOR);
    expect(await commit).toBe(ErrorCodes.NOT_COORDINATOR);
    expect(await fixture.heartbeat(member?.memberId ?? '', 1)).toBe(ErrorCodes.NOT_COORDINATOR);
    fixture.coordinator.stop();
    expect(fixture.time.count).toBe(0);
    fixture.log.commitAll();
    await fixture.time.advance(0);
    expect(await fixture.offsets('other')).toEqual({});
  });

  it('hands a Stable group over without a rebalance', async () => {
    const fixture = await Fixture.started();
    const [leader, follower] = await fixture.stableGroup(2);
    fixture.coordinator.stop();
    const next = await fixture.successor();
    expect(await next.heartbeat(leader?.memberId ?? '', 1)).toBe(ErrorCodes.NONE);
    const { assignment } = await next.sync({ memberId: follower?.memberId ?? '' });
    expect(assignment.toString()).toBe(follower?.memberId);
    await next.time.advance(10_000);
    expect(await next.heartbeat(follower?.memberId ?? '', 1)).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
  });

  it('lost while CompletingRebalance leaves the generation before', async () => {
    const fixture = await Fixture.started();
    const [leader] = await fixture.stableGroup(1);
    const again = await fixture.join({ memberId: leader?.memberId ?? '' });
    expect(again.generationId).toBe(2);
    const next = await fixture.successor();
    const sync = await next.sync({ memberId: again.memberId, generationId: 2 });
    expect(sync.errorCode).toBe(ErrorCodes.ILLEGAL_GENERATION);
    const rejoined = await next.join({ memberId: again.memberId });
    expect(rejoined).toMatchObject({ errorCode: 0, generationId: 2 });
  });

  it('lost before the first assignment leaves no group', async () => {
    const fixture = await Fixture.started();
    const join = fixture.join();
    await fixture.time.advance(6_000);
    const { memberId } = await join;
    const next = await fixture.successor();
    expect((await next.sync({ memberId })).errorCode).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
  });

  it('shrinks a group that is larger than group.max.size allows now', async () => {
    const fixture = await Fixture.started();
    const members = await fixture.stableGroup(3);
    const next = await fixture.successor({ groupSizeMax: 2 });
    expect(await next.state()).toBe('PreparingRebalance');
    const joins = members.map(({ memberId }) => next.join({ memberId }));
    const codes = (await Promise.all(joins)).map(({ errorCode }) => errorCode);
    expect(codes.sort()).toEqual([0, 0, ErrorCodes.GROUP_MAX_SIZE_REACHED]);
  });

  it('is tried again where loading failed', async () => {
    const fixture = new Fixture();
    fixture.log.readFailure = new Error('disk');
    await fixture.coordinator.becomeLeader(0, 0);
    expect(await fixture.commit()).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    fixture.log.readFailure = null;
    await fixture.time.advance(5_000);
    expect(await fixture.commit()).toBe(ErrorCodes.NONE);
  });

  it('is loaded once for each tenure, the newest', async () => {
    const fixture = await Fixture.started();
    await fixture.coordinator.becomeLeader(0, 4);
    await fixture.commit();
    fixture.log.readFailure = new Error('it was read again');
    await fixture.coordinator.becomeLeader(0, 4);
    await fixture.coordinator.becomeLeader(0, 3);
    expect(await fixture.offsets()).toEqual({ 't-0': 1 });
  });

  it('loads 100,000 offsets quickly, whatever else is in the log', async () => {
    const fixture = new Fixture();
    fixture.log.put(0, [{ key: Buffer.from('00030001', 'hex'), value: Buffer.alloc(2) }]);
    for (let batch = 0; batch < 1000; batch += 1) {
      const records = Array.from({ length: 100 }, (_, partition) =>
        encodeGroupRecord({
          kind: 'offset',
          groupId: `group-${String(batch)}`,
          topic: 'topic',
          partition,
          value: {
            offset: 1n,
            leaderEpoch: 0,
            metadata: '',
            commitTimestamp: 0n,
            expireTimestamp: -1n,
          },
        }),
      );
      fixture.log.put(0, records);
    }
    await fixture.coordinator.becomeLeader(0, 0);
    expect(Object.keys(await fixture.offsets('group-999'))).toHaveLength(100);
  });
});

describe('listing groups', () => {
  it('filters by state and type, without regard to case', async () => {
    const fixture = await Fixture.started();
    await fixture.stableGroup(1);
    await fixture.commit({ groupId: 'simple' });
    const list = async (statesFilter: string[], typesFilter: string[]) =>
      (await fixture.coordinator.listGroups(context(), { statesFilter, typesFilter })).groups.map(
        ({ groupId }) => groupId,
      );
    expect(await list([], [])).toEqual([GROUP, 'simple']);
    expect(await list(['stable'], ['Classic'])).toEqual([GROUP]);
    expect(await list(['Empty'], [])).toEqual(['simple']);
    expect(await list([], ['consumer'])).toEqual([]);
    const { groups } = await fixture.coordinator.listGroups(context(), noFilter);
    expect(groups[0]).toEqual({
      groupId: GROUP,
      protocolType: 'consumer',
      groupState: 'Stable',
      groupType: 'classic',
    });
    expect(groups[1]?.protocolType).toBe('');
  });
});
