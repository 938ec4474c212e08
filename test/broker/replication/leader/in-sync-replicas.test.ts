/** Who is in sync: what a leader proposes, and what it makes of the answers. */

import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { LAG_MS, LedPartition, stateOf, written } from './led-partition.ts';

describe('a follower', () => {
  it('joins with the fetch that shows that it has all of the epochs before, and all committed', () => {
    const led = new LedPartition({ highWatermark: 2, end: 8 }).lead(stateOf([1, 2]));
    led.fetch(3, 7);
    expect(led.isrChanges.proposals).toHaveLength(0);
    led.fetch(3, 8);
    expect(led.isrChanges.last.change).toEqual({
      topic: 'orders',
      partition: 0,
      topicId: null,
      leaderEpoch: 5,
      partitionEpoch: 7,
      isr: [
        { brokerId: 1, brokerEpoch: 11 },
        { brokerId: 2, brokerEpoch: -1 },
        { brokerId: 3, brokerEpoch: 23 },
      ],
    });
    expect(led.partition.inSyncReplicas).toEqual([1, 2]);
  });

  it('does not join while its broker is not known to run', () => {
    const led = new LedPartition().lead(stateOf([1, 2]));
    led.alive.delete(3);
    led.fetch(3, 0);
    expect(led.isrChanges.proposals).toHaveLength(0);
    led.alive.add(3);
    led.fetch(3, 0);
    expect(led.isrChanges.proposals).toHaveLength(1);
  });

  it('leaves when it has had something missing for too long, not before', async () => {
    const led = new LedPartition().lead().grow(10);
    led.fetch(2, 10);
    led.fetch(3, 4);
    await led.time.advance(LAG_MS);
    led.tick();
    expect(led.isrChanges.proposals).toHaveLength(0);
    await led.time.advance(1);
    led.tick();
    const members = led.isrChanges.last.change.isr.map(({ brokerId }) => brokerId);
    // Broker 2 is silent too, but it lacks nothing.
    expect(members).toEqual([1, 2]);
  });

  it('stays while it keeps up with a log that is never still', async () => {
    const led = new LedPartition().lead({ isr: [1, 2], replicas: [1, 2] });
    for (let round = 0; round < 20; round += 1) {
      const { writtenEndOffset } = led.log;
      led.grow(10).fetch(2, writtenEndOffset);
      await led.time.advance(LAG_MS / 2);
      led.tick();
    }
    expect(led.isrChanges.proposals).toHaveLength(0);
  });
});

describe('a change of the in-sync replicas', () => {
  it('is the only one until it is answered', async () => {
    const led = new LedPartition().lead(stateOf([1]));
    led.fetch(2, 0);
    led.fetch(3, 0);
    expect(led.isrChanges.proposals).toHaveLength(1);
    await led.isrChanges.last.answer(written([1, 2]));
    expect(led.partition.inSyncReplicas).toEqual([1, 2]);
    led.fetch(3, 0);
    expect(led.isrChanges.last.change.partitionEpoch).toBe(8);
  });

  it('rests for a moment after it was refused', async () => {
    const led = new LedPartition().lead(stateOf([1, 2]));
    led.fetch(3, 0);
    await led.isrChanges.last.answer({ kind: 'refused', errorCode: ErrorCodes.INELIGIBLE_REPLICA });
    led.fetch(3, 0);
    expect(led.isrChanges.proposals).toHaveLength(1);
    await led.time.advance(1000);
    led.fetch(3, 0);
    expect(led.isrChanges.proposals).toHaveLength(2);
  });

  it('may have been written when it is outdated: both sets count until more is known', async () => {
    const led = new LedPartition().lead(stateOf([1, 2])).grow(4);
    led.fetch(2, 4);
    led.fetch(3, 4);
    await led.isrChanges.last.answer({
      kind: 'outdated',
      errorCode: ErrorCodes.INVALID_UPDATE_VERSION,
    });
    await led.time.advance(LAG_MS + 1);
    led.grow(2).fetch(2, 6);
    led.tick();
    expect([led.highWatermark, led.isrChanges.proposals.length]).toEqual([4, 1]);
    led.partition.noteCommittedState({ leaderEpoch: 5, isr: [1, 2], partitionEpoch: 9 });
    expect(led.highWatermark).toBe(6);
  });

  it('is known from UpdateMetadata too, and its own late answer changes nothing', async () => {
    const led = new LedPartition().lead(stateOf([1, 2]));
    led.fetch(3, 0);
    const first = led.isrChanges.last;
    led.partition.noteCommittedState({ leaderEpoch: 5, isr: [1, 2, 3], partitionEpoch: 8 });
    expect(led.partition.inSyncReplicas).toEqual([1, 2, 3]);
    expect(first.signal.aborted).toBe(true);
    led.grow(5).fetch(2, 5);
    await led.time.advance(LAG_MS + 1);
    led.tick();
    expect(led.isrChanges.proposals).toHaveLength(2);
    await first.answer(written([1, 2, 3]));
    expect(led.isrChanges.proposals).toHaveLength(2);
    await led.isrChanges.last.answer(written([1, 2], { partitionEpoch: 9 }));
    expect(led.partition.inSyncReplicas).toEqual([1, 2]);
    expect(led.highWatermark).toBe(5);
  });

  it('is not ended by UpdateMetadata of the state that it is based on, or of another epoch', async () => {
    const led = new LedPartition().lead(stateOf([1, 2])).grow(3);
    led.fetch(2, 3);
    led.fetch(3, 3);
    led.partition.noteCommittedState({ leaderEpoch: 5, isr: [1, 2], partitionEpoch: 7 });
    led.partition.noteCommittedState({ leaderEpoch: 4, isr: [1], partitionEpoch: 9 });
    await led.time.advance(LAG_MS + 1);
    led.grow(1).fetch(2, 4);
    expect(led.highWatermark).toBe(3);
    expect(led.partition.inSyncReplicas).toEqual([1, 2]);
  });

  it('ends with the leader’s term', async () => {
    const led = new LedPartition().lead(stateOf([1, 2]));
    led.fetch(3, 0);
    const proposal = led.isrChanges.last;
    led.lead(stateOf([1], 6));
    expect(proposal.signal.aborted).toBe(true);
    await proposal.answer(written([1, 2, 3]));
    expect(led.partition.inSyncReplicas).toEqual([1]);
    led.fetch(3, 0);
    led.partition.stop();
    expect(led.isrChanges.last.signal.aborted).toBe(true);
    await led.isrChanges.last.fail(new Error('aborted'));
  });

  it('is settled by an answer that tells of another leader epoch only when that one begins', async () => {
    const led = new LedPartition().lead(stateOf([1, 2])).grow(2);
    led.fetch(2, 2);
    led.fetch(3, 2);
    await led.isrChanges.last.answer(written([3], { leaderEpoch: 6, partitionEpoch: 12 }));
    led.grow(1).fetch(2, 3);
    expect([led.highWatermark, led.partition.inSyncReplicas]).toEqual([2, [1, 2]]);
  });
});
