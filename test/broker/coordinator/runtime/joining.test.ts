import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { Fixture, GROUP, isAnswered, subscription } from '../coordinator-fixture.ts';

const named = (...names: readonly string[]) =>
  names.map((name) => ({ name, metadata: Buffer.from(name) }));

describe('joining a group', () => {
  it('answers all members with one generation after the initial delay', async () => {
    const fixture = await Fixture.started();
    const first = fixture.join();
    const second = fixture.join();
    await fixture.time.advance(2_999);
    expect(await isAnswered(first)).toBe(false);
    await fixture.time.advance(3_001);
    const [leader, follower] = await Promise.all([first, second]);
    expect(leader).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range' });
    expect(leader.leader).toBe(leader.memberId);
    expect(leader.members.map(({ memberId }) => memberId)).toEqual([
      leader.memberId,
      follower.memberId,
    ]);
    expect(follower).toMatchObject({ leader: leader.memberId, members: [], generationId: 1 });
    expect(await fixture.state()).toBe('CompletingRebalance');
  });

  it('extends the initial delay while members keep coming, up to the rebalance time-out', async () => {
    const fixture = await Fixture.started();
    const first = fixture.join({ rebalanceTimeoutMs: 7_000 });
    for (let count = 0; count < 3; count += 1) {
      await fixture.time.advance(2_000);
      void fixture.join({ rebalanceTimeoutMs: 7_000 });
      expect(await isAnswered(first)).toBe(false);
    }
    await fixture.time.advance(1_000);
    expect((await first).members).toHaveLength(4);
  });

  it('gives a new dynamic member an id to come back with, from version 4 on', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 0 });
    const { errorCode, memberId } = await fixture.join({}, 4);
    expect(errorCode).toBe(ErrorCodes.MEMBER_ID_REQUIRED);
    expect(memberId).toMatch(/^client-/);
    const again = fixture.join({ memberId }, 4);
    await fixture.time.advance(0);
    expect(await again).toMatchObject({ errorCode: 0, memberId, generationId: 1 });
  });

  it('forgets an id that nobody came back with', async () => {
    const fixture = await Fixture.started();
    const { memberId } = await fixture.join({}, 4);
    await fixture.time.advance(10_000);
    expect((await fixture.join({ memberId }, 4)).errorCode).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
  });

  it('refuses session time-outs out of bounds, empty group ids and unknown members', async () => {
    const fixture = await Fixture.started();
    const invalid = ErrorCodes.INVALID_SESSION_TIMEOUT;
    expect((await fixture.join({ sessionTimeoutMs: 5_999 })).errorCode).toBe(invalid);
    expect((await fixture.join({ sessionTimeoutMs: 1_800_001 })).errorCode).toBe(invalid);
    expect((await fixture.join({ groupId: '' })).errorCode).toBe(ErrorCodes.INVALID_GROUP_ID);
    const unknown = await fixture.join({ memberId: 'nobody' });
    expect(unknown.errorCode).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
    expect(await fixture.state()).toBe('Dead');
  });

  it('chooses the protocol that all know and most prefer', async () => {
    const fixture = await Fixture.started();
    const joins = [
      fixture.join({ protocols: named('range', 'sticky', 'own') }),
      fixture.join({ protocols: named('sticky', 'range') }),
      fixture.join({ protocols: named('sticky', 'range') }),
    ];
    await fixture.time.advance(6_000);
    const [leader] = await Promise.all(joins);
    expect(leader?.protocolName).toBe('sticky');
    expect(leader?.members.map(({ metadata }) => metadata.toString())).toEqual([
      'sticky',
      'sticky',
      'sticky',
    ]);
  });

  it('refuses members that share no protocol or have another protocol type', async () => {
    const fixture = await Fixture.started();
    void fixture.join({ protocols: named('range') });
    const inconsistent = ErrorCodes.INCONSISTENT_GROUP_PROTOCOL;
    expect((await fixture.join({ protocols: named('other') })).errorCode).toBe(inconsistent);
    const connect = await fixture.join({ protocolType: 'connect', protocols: named('range') });
    expect(connect.errorCode).toBe(inconsistent);
    expect((await fixture.join({ groupId: 'g', protocols: [] })).errorCode).toBe(inconsistent);
    expect((await fixture.join({ groupId: 'g', protocolType: '' })).errorCode).toBe(inconsistent);
  });

  it('treats other protocol types as opaque', async () => {
    const fixture = await Fixture.started({ initialRebalanceDelayMs: 0 });
    const request = { protocolType: 'connect', protocols: named('sessioned') };
    const { memberId } = await fixture.join(request, 7);
    const join = fixture.join({ ...request, memberId }, 7);
    await fixture.time.advance(0);
    expect(await join).toMatchObject({ protocolType: 'connect', protocolName: 'sessioned' });
  });

  it('answers failures with an empty protocol name before version 7 and null from it on', async () => {
    const fixture = await Fixture.started();
    expect((await fixture.join({ memberId: 'nobody' }, 6)).protocolName).toBe('');
    expect((await fixture.join({ memberId: 'nobody' }, 7)).protocolName).toBeNull();
  });

  it('takes the session time-out for the rebalance time-out in version 0', async () => {
    const fixture = await Fixture.started();
    const first = fixture.join({ rebalanceTimeoutMs: -1 }, 0);
    for (let count = 0; count < 4; count += 1) {
      await fixture.time.advance(2_400);
      void fixture.join({ rebalanceTimeoutMs: -1 }, 0);
      expect(await isAnswered(first)).toBe(false);
    }
    await fixture.time.advance(400);
    expect((await first).members).toHaveLength(5);
  });

  it('refuses members past group.max.size, and tells pending ones apart from members', async () => {
    const fixture = await Fixture.started({ groupSizeMax: 2 });
    const joins = [fixture.join(), fixture.join()];
    expect((await fixture.join()).errorCode).toBe(ErrorCodes.GROUP_MAX_SIZE_REACHED);
    await fixture.time.advance(6_000);
    const [leader] = await Promise.all(joins);
    expect(leader?.members).toHaveLength(2);
    expect((await fixture.join()).errorCode).toBe(ErrorCodes.GROUP_MAX_SIZE_REACHED);
  });

  it('rebalances a Stable group for a new member and drops who does not come back in time', async () => {
    const fixture = await Fixture.started();
    const [leader, lazy] = await fixture.stableGroup(2);
    const added = fixture.join();
    expect(await fixture.heartbeat(leader?.memberId ?? '', 1)).toBe(
      ErrorCodes.REBALANCE_IN_PROGRESS,
    );
    const again = fixture.join({ memberId: leader?.memberId ?? '' });
    for (let beats = 0; beats < 11; beats += 1) {
      await fixture.time.advance(5_000);
      await fixture.heartbeat(lazy?.memberId ?? '', 1);
    }
    expect(await isAnswered(again)).toBe(false);
    await fixture.time.advance(5_000);
    expect((await again).members).toHaveLength(2);
    expect(await added).toMatchObject({ generationId: 2, leader: leader?.memberId });
    expect(await fixture.heartbeat(lazy?.memberId ?? '', 1)).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
  });

  it('elects a leader that joined where the old one did not', async () => {
    const fixture = await Fixture.started();
    const [leader, follower] = await fixture.stableGroup(2);
    const again = fixture.join({
      memberId: follower?.memberId ?? '',
      protocols: [{ name: 'range', metadata: subscription(['t', 'u']) }],
    });
    await fixture.time.advance(10_000);
    expect((await again).leader).toBe(follower?.memberId);
    expect(await fixture.heartbeat(leader?.memberId ?? '', 1)).toBe(ErrorCodes.UNKNOWN_MEMBER_ID);
  });

  it('answers a follower that repeats itself in a Stable group, and rebalances for the leader', async () => {
    const fixture = await Fixture.started();
    const [leader, follower] = await fixture.stableGroup(2);
    const repeated = await fixture.join({ memberId: follower?.memberId ?? '' });
    expect(repeated).toMatchObject({ errorCode: 0, generationId: 1, members: [] });
    expect(await fixture.state()).toBe('Stable');
    void fixture.join({ memberId: leader?.memberId ?? '' });
    expect(await fixture.state()).toBe('PreparingRebalance');
  });

  it('completes 1000 joins in one generation quickly', async () => {
    const fixture = await Fixture.started();
    const members = await fixture.stableGroup(1000);
    expect(members[0]?.members).toHaveLength(1000);
    expect(await fixture.state(GROUP)).toBe('Stable');
  });
});
