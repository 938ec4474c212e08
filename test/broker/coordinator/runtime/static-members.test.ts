import { describe, expect, it } from '@jest/globals';
import type { JoinGroupResponse } from '../../../../broker/coordinator/runtime/messages.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { Fixture, context, isAnswered, GROUP } from '../coordinator-fixture.ts';

async function staticGroup(
  fixture: Fixture,
  ...instances: readonly string[]
): Promise<readonly JoinGroupResponse[]> {
  const joins = instances.map((groupInstanceId) => fixture.join({ groupInstanceId }, 9));
  await fixture.time.advance(6_000);
  const members = await Promise.all(joins);
  const assignments = members.map(({ memberId }) => ({
    memberId,
    assignment: Buffer.from('work'),
  }));
  await Promise.all(
    members.map(({ memberId, leader }, index) =>
      fixture.sync({
        memberId,
        groupInstanceId: instances[index] ?? null,
        assignments: memberId === leader ? assignments : [],
      }),
    ),
  );
  return members;
}

describe('static members', () => {
  it('join without a detour for their id, which starts with the instance id', async () => {
    const fixture = await Fixture.started();
    const [first] = await staticGroup(fixture, 'a', 'b');
    expect(first?.memberId).toMatch(/^a-/);
    expect(first?.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual(['a', 'b']);
  });

  it('replace their former selves without a rebalance, and keep their assignment', async () => {
    const fixture = await Fixture.started();
    const [, former] = await staticGroup(fixture, 'a', 'b');
    const again = await fixture.join({ groupInstanceId: 'b' }, 9);
    expect(again).toMatchObject({
      errorCode: 0,
      generationId: 1,
      skipAssignment: false,
      members: [],
    });
    expect(again.memberId).not.toBe(former?.memberId);
    expect(await fixture.state()).toBe('Stable');
    const { assignment } = await fixture.sync({ memberId: again.memberId, groupInstanceId: 'b' });
    expect(assignment.toString()).toBe('work');
    expect(await fixture.heartbeat(former?.memberId ?? '', 1, 'b')).toBe(
      ErrorCodes.FENCED_INSTANCE_ID,
    );
    const stored = await (await fixture.successor()).describe();
    expect(stored?.members.map(({ memberId }) => memberId)).toContain(again.memberId);
  });

  it('skip the assignment as leaders from version 9 on, and follow their former selves before', async () => {
    const fixture = await Fixture.started();
    const [leader] = await staticGroup(fixture, 'a', 'b');
    const before = await fixture.join({ groupInstanceId: 'a' }, 8);
    expect(before).toMatchObject({ leader: leader?.memberId, members: [], skipAssignment: false });
    const since = await fixture.join({ groupInstanceId: 'a' }, 9);
    expect(since).toMatchObject({ leader: since.memberId, skipAssignment: true });
    expect(since.members).toHaveLength(2);
  });

  it('stay under their old id where the new one could not be stored', async () => {
    const fixture = await Fixture.started();
    const [leader] = await staticGroup(fixture, 'a');
    fixture.log.refusal = ErrorCodes.NOT_ENOUGH_REPLICAS;
    const refused = await fixture.join({ groupInstanceId: 'a' }, 9);
    expect(refused).toMatchObject({
      errorCode: ErrorCodes.COORDINATOR_NOT_AVAILABLE,
      memberId: '',
    });
    expect(await fixture.heartbeat(leader?.memberId ?? '', 1, 'a')).toBe(ErrorCodes.NONE);
  });

  it('fence the one whose join or sync was still waiting', async () => {
    const fixture = await Fixture.started();
    const first = fixture.join({ groupInstanceId: 'a' }, 9);
    const second = fixture.join({ groupInstanceId: 'a' }, 9);
    expect((await first).errorCode).toBe(ErrorCodes.FENCED_INSTANCE_ID);
    await fixture.time.advance(3_000);
    const { memberId, errorCode } = await second;
    expect(errorCode).toBe(ErrorCodes.NONE);
    fixture.log.isHolding = true;
    const waiting = fixture.sync({ memberId, groupInstanceId: 'a' });
    const third = fixture.join({ groupInstanceId: 'a' }, 9);
    expect((await waiting).errorCode).toBe(ErrorCodes.FENCED_INSTANCE_ID);
    expect(await third).toMatchObject({ errorCode: 0, generationId: 2 });
  });

  it('are members of a generation that they did not join in time, while they send heartbeats', async () => {
    const fixture = await Fixture.started();
    const [a, b] = await staticGroup(fixture, 'a', 'b');
    const again = fixture.join({ memberId: a?.memberId ?? '', groupInstanceId: 'a' }, 9);
    for (let beats = 0; beats < 12; beats += 1) {
      expect(await isAnswered(again)).toBe(false);
      await fixture.time.advance(5_000);
      await fixture.heartbeat(b?.memberId ?? '', 1, 'b');
    }
    const { generationId, members } = await again;
    expect(generationId).toBe(2);
    expect(members.map(({ memberId }) => memberId)).toContain(b?.memberId);
  });

  it('hold a rebalance that they missed only until their session ends', async () => {
    const fixture = await Fixture.started();
    const [, lazy] = await staticGroup(fixture, 'a', 'b');
    const [a] = await fixture.describe().then((group) => group?.members ?? []);
    const again = fixture.join({ memberId: a?.memberId ?? '', groupInstanceId: 'a' }, 9);
    expect(await isAnswered(again)).toBe(false);
    await fixture.time.advance(10_000);
    expect((await again).members).toHaveLength(1);
    expect(await fixture.heartbeat(lazy?.memberId ?? '', 1, 'b')).toBe(
      ErrorCodes.UNKNOWN_MEMBER_ID,
    );
  });

  it('are removed by an administrator who knows only the instance id', async () => {
    const fixture = await Fixture.started();
    await staticGroup(fixture, 'a', 'b');
    const member = { memberId: '', reason: null };
    const answer = await fixture.coordinator.leaveGroup(context(4), {
      groupId: GROUP,
      memberId: '',
      members: [
        { ...member, groupInstanceId: 'b' },
        { ...member, groupInstanceId: 'c' },
      ],
    });
    expect(answer.errorCode).toBe(ErrorCodes.NONE);
    expect(answer.members.map(({ errorCode }) => errorCode)).toEqual([
      0,
      ErrorCodes.UNKNOWN_MEMBER_ID,
    ]);
    expect(await fixture.state()).toBe('PreparingRebalance');
  });
});
