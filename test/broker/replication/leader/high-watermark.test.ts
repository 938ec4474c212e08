/** How far a leader says that everything is committed. */

import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { LAG_MS, LedPartition, stateOf, written } from './led-partition.ts';

describe('the high watermark of a leader', () => {
  it('is the end of what is written where there is no other replica', () => {
    const led = new LedPartition().lead({ replicas: [1], isr: [1] });
    led.log.append(3);
    expect(led.highWatermark).toBe(0);
    led.log.write();
    expect(led.highWatermark).toBe(3);
    expect(led.log.highWatermarks.at(-1)).toBe(3);
  });

  it('is the smallest end of the in-sync replicas', () => {
    const led = new LedPartition().lead().grow(10);
    expect(led.highWatermark).toBe(0);
    led.fetch(2, 7);
    expect(led.highWatermark).toBe(0);
    led.fetch(3, 4);
    expect(led.highWatermark).toBe(4);
    led.fetch(3, 10);
    expect(led.highWatermark).toBe(7);
  });

  it('does not go back with a follower that has lost something', () => {
    const led = new LedPartition().lead({ isr: [1, 2], replicas: [1, 2] }).grow(10);
    led.fetch(2, 8);
    led.fetch(2, 3);
    expect(led.highWatermark).toBe(8);
    led.grow(1).fetch(2, 7);
    expect(led.highWatermark).toBe(8);
    led.fetch(2, 11);
    expect(led.highWatermark).toBe(11);
  });

  it('does not wait for a replica that is out of sync, unless that is about to join', async () => {
    const led = new LedPartition().lead(stateOf([1, 2])).grow(10);
    led.fetch(2, 10);
    expect(led.highWatermark).toBe(10);
    // It has everything, and its joining is on its way to the controller: it counts.
    led.fetch(3, 10);
    led.grow(5).fetch(2, 15);
    expect(led.highWatermark).toBe(10);
    await led.isrChanges.last.answer({ kind: 'refused', errorCode: ErrorCodes.INELIGIBLE_REPLICA });
    // It is caught up, and will ask again.
    expect(led.highWatermark).toBe(10);
    led.alive.delete(3);
    led.tick();
    expect(led.highWatermark).toBe(15);
  });

  it('waits for one that is leaving, until that is written', async () => {
    const led = new LedPartition().lead(stateOf([1, 2])).grow(10);
    await led.time.advance(LAG_MS + 1);
    led.tick();
    expect(led.isrChanges.last.change.isr).toEqual([{ brokerId: 1, brokerEpoch: 11 }]);
    expect(led.highWatermark).toBe(0);
    await led.isrChanges.last.answer(written([1]));
    expect(led.highWatermark).toBe(10);
  });

  it('waits while fewer are in sync than min.insync.replicas wants, if there can be more', async () => {
    const led = new LedPartition().lead(stateOf([1]));
    led.minInSyncReplicas = 2;
    led.grow(10).fetch(2, 10);
    expect(led.highWatermark).toBe(0);
    await led.isrChanges.last.answer(written([1, 2]));
    expect(led.highWatermark).toBe(10);
    const alone = new LedPartition().lead({ replicas: [1], isr: [1] });
    alone.minInSyncReplicas = 2;
    expect(alone.grow(4).highWatermark).toBe(4);
  });

  it('forgets with each epoch what followers had, as they may have truncated since', () => {
    const led = new LedPartition().lead().grow(10);
    led.fetch(2, 10);
    led.fetch(3, 6);
    led.lead({ leaderEpoch: 6 });
    led.fetch(3, 10);
    expect(led.highWatermark).toBe(6);
    led.fetch(2, 10);
    expect(led.highWatermark).toBe(10);
  });

  it('begins within what is left of the log', () => {
    expect(new LedPartition({ highWatermark: 90, end: 40 }).highWatermark).toBe(40);
  });

  it('is as new as what clients saw before only when it has passed the epoch before', () => {
    const led = new LedPartition({ highWatermark: 3, end: 9 }).lead();
    expect(led.partition.knowsCommittedEnd).toBe(false);
    led.fetch(2, 9);
    led.fetch(3, 8);
    expect(led.partition.knowsCommittedEnd).toBe(false);
    led.fetch(3, 9);
    expect(led.partition.knowsCommittedEnd).toBe(true);
  });
});

describe('the high watermark of a follower', () => {
  function following(): LedPartition {
    const led = new LedPartition({ highWatermark: 2, end: 6 });
    led.partition.becomeFollower({ ...stateOf([2, 1]), leader: 2 });
    return led;
  }

  it('is the leader’s as far as its own log is written', () => {
    const { partition, log } = following();
    partition.noteLeader({ highWatermark: 5, logStartOffset: 0 });
    expect(partition.highWatermark).toBe(5);
    log.append(4);
    partition.noteLeader({ highWatermark: 9, logStartOffset: 0 });
    expect(partition.highWatermark).toBe(6);
    log.write();
    expect(partition.highWatermark).toBe(9);
  });

  it('stays where a new leader knows of less, and goes back with the log', async () => {
    const { partition } = following();
    partition.noteLeader({ highWatermark: 5, logStartOffset: 0 });
    partition.becomeFollower({ ...stateOf([3, 1], 6), leader: 3 });
    partition.noteLeader({ highWatermark: 1, logStartOffset: 0 });
    expect(partition.highWatermark).toBe(5);
    await partition.truncateTo(4);
    expect(partition.highWatermark).toBe(4);
  });

  it('bounds how far the log start follows the leader’s', () => {
    const { partition, log } = following();
    partition.noteLeader({ highWatermark: 4, logStartOffset: 5 });
    expect(log.logStartOffset).toBe(4);
  });
});
