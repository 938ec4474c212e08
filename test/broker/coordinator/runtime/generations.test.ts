import { describe, expect, it } from '@jest/globals';
import type { JoinGroupResponse } from '../../../../broker/coordinator/runtime/messages.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { Fixture, GROUP, context, isAnswered } from '../coordinator-fixture.ts';

async function joined(fixture: Fixture, count: number): Promise<readonly JoinGroupResponse[]> {
  const joins = Array.from({ length: count }, () => fixture.join());
  await fixture.time.advance(6_000);
  return Promise.all(joins);
}

const idOf = (member: JoinGroupResponse | undefined): string => member?.memberId ?? '';

describe('a generation', () => {
  it('is assigned when the leader has synced and its assignment is committed', async () => {
    const fixture = await Fixture.started();
    const [leader, follower] = await joined(fixture, 2);
    fixture.log.isHolding = true;
    const followerSync = fixture.sync({ memberId: idOf(follower) });
    const assignments = [
      { memberId: idOf(leader), assignment: Buffer.from('left') },
      { memberId: idOf(follower), assignment: Buffer.from('right') },
    ];
    const leaderSync = fixture.sync({ memberId: idOf(leader), assignments });
    expect(await isAnswered(leaderSync)).toBe(false);
    expect(await fixture.state()).toBe('CompletingRebalance');
    fixture.log.commitAll();
    expect((await leaderSync).assignment.toString()).toBe('left');
    expect((await followerSync).assignment.toString()).toBe('right');
    const group = await fixture.describe();
    expect(group).toMatchObject({
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
    });
    expect(group?.members.map(({ memberAssignment }) => memberAssignment.toString())).toEqual([
      'left',
      'right',
    ]);
    expect(group?.members[0]).toMatchObject({ clientId: 'client', clientHost: '/127.0.0.1' });
  });

  it('stores one assignment where a leader repeats its sync', async () => {
    const fixture = await Fixture.started();
    const [leader] = await joined(fixture, 1);
    fixture.log.isHolding = true;
    const sync = (text: string) =>
      fixture.sync({
        memberId: idOf(leader),
        assignments: [{ memberId: idOf(leader), assignment: Buffer.from(text) }],
      });
    const first = sync('first');
    const second = sync('second');
    expect((await first).errorCode).toBe(ErrorCodes.REBALANCE_IN_PROGRESS);
    fixture.log.commitAll();
    expect((await second).assignment.toString()).toBe('first');
    expect(fixture.log.batches).toHaveLength(1);
  });

  it('checks who syncs', async () => {
    const fixture = await Fixture.started();
    const [leader] = await joined(fixture, 1);
    const memberId = idOf(leader);
    const codes = [
      await fixture.sync({ memberId: 'nobody' }),
      await fixture.sync({ memberId, generationId: 2 }),
      await fixture.sync({ memberId, protocolType: 'connect', protocolName: 'range' }, 5),
      await fixture.sync({ memberId, protocolType: 'consumer', protocolName: 'other' }, 5),
      await fixture.sync({ memberId }, 5),
      await fixture.sync({ memberId, groupId: 'unknown' }),
      await fixture.sync({ memberId, groupId: '' }),
    ];
    expect(codes.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCodes.UNKNOWN_MEMBER_ID,
      ErrorCodes.ILLEGAL_GENERATION,
      ErrorCodes.INCONSISTENT_GROUP_PROTOCOL,
      ErrorCodes.INCONSISTENT_GROUP_PROTOCOL,
      ErrorCodes.INCONSISTENT_GROUP_PROTOCOL,
      ErrorCodes.UNKNOWN_MEMBER_ID,
      ErrorCodes.INVALID_GROUP_ID,
    ]);
    const named = await fixture.sync(
      { memberId, protocolType: 'consumer', protocolName: 'range' },
      5,
    );
    expect(named).toMatchObject({ errorCode: 0, protocolType: 'consumer', protocolName: 'range' });
  });

  it('sends waiting members back to join when another one comes', async () => {
    const fixture = await Fixture.started();
    const [, follower] = await joined(fixture, 2);
    const waiting = fixture.sync({ memberId: idOf(follower) });
    void fixture.join();
    expect((await waiting).errorCode).toBe(ErrorCodes.REBALANCE_IN_PROGRESS);
    expect((await fixture.sync({ memberId: idOf(follower) })).errorCode).toBe(
      ErrorCodes.REBALANCE_IN_PROGRESS,
    );
  });

  it('starts over where the assignment could not be stored', async () => {
    const fixture = await Fixture.started();
    const [leader, follower] = await joined(fixture, 2);
    const waiting = fixture.sync({ memberId: idOf(follower) });
    fixture.log.refusal = ErrorCodes.NOT_ENOUGH_REPLICAS;
    const refused = await fixture.sync({ memberId: idOf(leader) });
    expect(refused.errorCode).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    expect((await waiting).errorCode).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
    expect(await fixture.state()).toBe('PreparingRebalance');
  });

  it('starts over where storing takes longer than offsets.commit.timeout.ms', async () => {
    const fixture = await Fixture.started();
    const [leader] = await joined(fixture, 1);
    fixture.log.isHolding = true;
    const slow = fixture.sync({ memberId: idOf(leader) });
    await fixture.time.advance(5_000);
    expect((await slow).errorCode).toBe(ErrorCodes.REBALANCE_IN_PROGRESS);
    fixture.log.commitAll();
    await fixture.time.advance(0);
    expect(await fixture.state()).toBe('PreparingRebalance');
  });

  it('drops members that never sync', async () => {
    const fixture = await Fixture.started();
    const [leader, follower] = await joined(fixture, 2);
    const sync = fixture.sync({ memberId: idOf(leader), assignments: [] });
    expect((await sync).errorCode).toBe(ErrorCodes.NONE);
    for (let beats = 0; beats < 12; beats += 1) {
      await fixture.time.advance(5_000);
      await fixture.heartbeat(idOf(leader), 1);
      await fixture.heartbeat(idOf(follower), 1);
    }
    expect(await fixture.heartbeat(idOf(follower), 1)).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
    expect(await fixture.state()).toBe('PreparingRebalance');
  });

  it('ends when a session does, and lives on heartbeats', async () => {
    const fixture = await Fixture.started();
    const [leader, follower] = await fixture.stableGroup(2);
    await fixture.time.advance(9_000);
    expect(await fixture.heartbeat(idOf(leader), 1)).toBe(ErrorCodes.NONE);
    await fixture.time.advance(1_000);
    expect(await fixture.heartbeat(idOf(leader), 1)).toBe(ErrorCodes.REBALANCE_IN_PROGRESS);
    expect(await fixture.heartbeat(idOf(follower), 1)).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
    expect(await fixture.heartbeat(idOf(leader), 0)).toBe(ErrorCodes.ILLEGAL_GENERATION);
  });

  it('passes to the rest when one of two consumers leaves', async () => {
    const fixture = await Fixture.started();
    const [leader, follower] = await fixture.stableGroup(2);
    expect(await fixture.leave(idOf(leader), 'nobody')).toEqual([0, ErrorCodes.UNKNOWN_MEMBER_ID]);
    expect(await fixture.heartbeat(idOf(follower), 1)).toBe(ErrorCodes.REBALANCE_IN_PROGRESS);
    const again = await fixture.join({ memberId: idOf(follower) });
    expect(again).toMatchObject({ generationId: 2, leader: idOf(follower) });
    expect(again.members).toHaveLength(1);
  });

  it('leaves an empty group behind when all have left, one generation on', async () => {
    const fixture = await Fixture.started();
    const members = await fixture.stableGroup(2);
    await fixture.leave(...members.map(idOf));
    expect(await fixture.state()).toBe('Empty');
    expect(await (await fixture.successor()).describe()).toMatchObject({
      groupState: 'Empty',
      protocolType: 'consumer',
      members: [],
    });
    const [next] = await fixture.stableGroup(1);
    expect(next?.generationId).toBe(3);
  });

  it('answers a leave of versions 0 to 2 with one code', async () => {
    const fixture = await Fixture.started();
    const answer = await fixture.coordinator.leaveGroup(context(2), {
      groupId: GROUP,
      memberId: 'nobody',
      members: [],
    });
    expect(answer).toMatchObject({ errorCode: ErrorCodes.UNKNOWN_MEMBER_ID, members: [] });
  });

  it('lets a member with a pending id leave, so that the others need not wait', async () => {
    const fixture = await Fixture.started();
    const [leader] = await fixture.stableGroup(1);
    const { memberId } = await fixture.join({}, 4);
    const again = fixture.join({ memberId: idOf(leader) });
    expect(await isAnswered(again)).toBe(false);
    expect(await fixture.leave(memberId)).toEqual([0]);
    expect((await again).generationId).toBe(2);
  });
});
