/**
 * A leader epoch without records is only in memory: what a crash makes of that, for the log itself and
 * for the dialogue by which a follower finds out where it has to truncate.
 */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import { truncationPoint } from '../../../broker/replication/fetcher/truncation-point.ts';
import { divergenceOf } from '../../../broker/replication/leader/follower-fetch.ts';
import { readBatchHeader } from '../../../broker/records/batch-header.ts';
import { batchOf, LogFixture, readAll } from './log-fixture.ts';

const EPOCHS = 'leader-epoch-checkpoint';

async function append(log: PartitionLog, leaderEpoch: number, count = 1): Promise<void> {
  await log.append(batchOf({ count, tag: `e${String(leaderEpoch)}-` }), { leaderEpoch }).written;
}

/** What a leader does first. */
function lead(log: PartitionLog, leaderEpoch: number): void {
  log.assignEpochStartOffset(leaderEpoch, log.logEndOffset);
}

/** The follower asks, truncates and asks again until the leader has no objection; then it fetches. */
async function follow(follower: PartitionLog, leader: PartitionLog): Promise<void> {
  for (let round = 0; ; round += 1) {
    expect(round).toBeLessThan(10);
    const end = divergenceOf(leader, follower.logEndOffset, follower.latestEpoch);
    if (end === null) break;
    const { offset } = truncationPoint({ log: follower, highWatermark: 0 }, end);
    await follower.truncateTo(offset);
  }
  const bytes = await readAll(leader, { from: follower.logEndOffset });
  for (let at = 0; at < bytes.length;) {
    const header = readBatchHeader(bytes, at);
    const buffer = Buffer.from(bytes.subarray(at, at + header.sizeInBytes));
    await follower.appendAsFollower({ buffer, headers: [readBatchHeader(buffer, 0)] }).written;
    at += header.sizeInBytes;
  }
}

describe('a leader epoch that was announced', () => {
  it('is forgotten by a crash while it has no records, and nothing else is', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, 1, 3);
    await log.flush();
    lead(log, 4);
    expect(log.endOffsetForEpoch(4)).toEqual({ epoch: 4, endOffset: 3 });
    await fixture.crash(true);
    const again = await fixture.open({}, { recoveryPoint: 3 });
    expect([again.latestEpoch, again.logEndOffset]).toEqual([1, 3]);
    expect(again.endOffsetForEpoch(1)).toEqual({ epoch: 1, endOffset: 3 });
    // Who asks for it is told that it is not known, and not that it ends somewhere.
    expect(again.endOffsetForEpoch(4)).toBeNull();
    lead(again, 5);
    expect(again.endOffsetForEpoch(4)).toEqual({ epoch: 1, endOffset: 3 });
    await again.close();
  });

  it.each([
    ['before its first records were flushed', false],
    ['after they were', true],
  ])('is found again with its records by a crash %s', async (_when, isFlushed) => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, 1, 3);
    await log.flush();
    lead(log, 4);
    await append(log, 4, 2);
    if (isFlushed) await log.flush();
    expect((await fixture.read(EPOCHS)).toString()).toContain(isFlushed ? '4 3\n' : '1 0\n');
    await fixture.crash(true);
    const again = await fixture.open({}, { recoveryPoint: isFlushed ? 5 : 3 });
    expect([again.latestEpoch, again.epochOf(2), again.epochOf(3)]).toEqual([4, 1, 4]);
    expect(again.endOffsetForEpoch(1)).toEqual({ epoch: 1, endOffset: 3 });
    await again.close();
  });

  it('of a leader that had nothing to append is given up where the next leader knows of none', async () => {
    const [one, other] = [new LogFixture(), new LogFixture()];
    const former = await one.open();
    const next = await other.open();
    await append(former, 1, 3);
    await follow(next, former);
    lead(former, 2);
    lead(next, 3);
    await follow(former, next);
    expect(former.latestEpoch).toBe(1);
    await append(next, 3);
    await follow(former, next);
    expect(await readAll(former)).toEqual(await readAll(next));
    expect(former.endOffsetForEpoch(2)).toEqual({ epoch: 1, endOffset: 3 });
  });

  it('stands in no way of two replicas that take turns, append, and are killed', async () => {
    const step = fc.record({
      leader: fc.nat({ max: 1 }),
      appends: fc.nat({ max: 2 }),
      isFollowed: fc.boolean(),
      isFlushed: fc.boolean(),
      killed: fc.constantFrom(null, 0, 1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const fixtures = [new LogFixture(), new LogFixture()] as const;
        const logs = [await fixtures[0].open(), await fixtures[1].open()];
        const at = (index: number): PartitionLog => logs[index] ?? fail();
        for (const [index, { leader, appends, isFollowed, isFlushed, killed }] of steps.entries()) {
          lead(at(leader), index);
          // An elected leader has all that was committed: here, all that was followed.
          for (let count = 0; count < appends; count += 1) await append(at(leader), index);
          if (isFlushed) await at(leader).flush();
          if (isFollowed) await follow(at(1 - leader), at(leader));
          if (killed !== null) {
            const { recoveryPoint } = at(killed);
            await fixtures[killed === 0 ? 0 : 1].crash(true);
            logs[killed] = await fixtures[killed === 0 ? 0 : 1].open({}, { recoveryPoint });
          }
        }
        lead(at(0), steps.length);
        await follow(at(1), at(0));
        expect(await readAll(at(1))).toEqual(await readAll(at(0)));
        for (let offset = 0; offset < at(0).logEndOffset; offset += 1) {
          expect(at(1).epochOf(offset)).toBe(at(0).epochOf(offset));
        }
      }),
      { numRuns: 60 },
    );
  });
});

function fail(): never {
  throw new Error('there are two logs');
}
