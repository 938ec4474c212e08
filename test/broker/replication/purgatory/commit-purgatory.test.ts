/** Appends that wait for the in-sync replicas. */

import { describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../../../broker/model/error-codes.ts';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { CommitPurgatory } from '../../../../broker/replication/purgatory/commit-purgatory.ts';
import { settled } from '../../../support/manual-time.ts';
import { LAG_MS, LedPartition, stateOf, written } from '../leader/led-partition.ts';

const TIMEOUT_MS = 500;

class Produced {
  readonly led = new LedPartition().lead();
  readonly purgatory = new CommitPurgatory(this.led.time, this.led.time);
  readonly outcomes: (ErrorCode | null)[] = [];

  /** Appends, and waits as a produce with acks=all does. */
  produce(count: number, minInSyncReplicas = 1): void {
    const { partition, time, log } = this.led;
    this.led.grow(count);
    const { tenure } = partition;
    const appended = { endOffset: log.logEndOffset, tenure, minInSyncReplicas };
    const place = this.outcomes.push(partition.commitOutcome(appended)) - 1;
    if (this.outcomes[place] !== null) return;
    const deadlineMs = time.monotonicMs() + TIMEOUT_MS;
    void this.purgatory.wait(partition.commits, appended, deadlineMs).then((code) => {
      this.outcomes[place] = code;
    });
  }
}

describe('an append with acks=all', () => {
  it('needs no wait where the leader is alone', () => {
    const { led, purgatory } = new Produced();
    led.lead({ leaderEpoch: 6, replicas: [1], isr: [1] }).grow(3);
    const { tenure } = led.partition;
    const outcome = led.partition.commitOutcome({ endOffset: 3, tenure, minInSyncReplicas: 1 });
    expect([outcome, purgatory.waitingCount]).toEqual([ErrorCodes.NONE, 0]);
    expect(led.time.count).toBe(0);
  });

  it('is done when all in-sync replicas have it, each at its time', async () => {
    const produced = new Produced();
    for (const count of [2, 2, 2]) produced.produce(count);
    produced.led.fetch(2, 6);
    produced.led.fetch(3, 4);
    await settled();
    expect(produced.outcomes).toEqual([0, 0, null]);
    produced.led.fetch(3, 6);
    await settled();
    expect(produced.outcomes).toEqual([0, 0, 0]);
    expect([produced.purgatory.waitingCount, produced.led.partition.commits.count]).toEqual([0, 0]);
  });

  it('times out, each at its time, and leaves nothing behind', async () => {
    const produced = new Produced();
    produced.produce(1);
    await produced.led.time.advance(200);
    produced.produce(1);
    await produced.led.time.advance(300);
    expect(produced.outcomes).toEqual([ErrorCodes.REQUEST_TIMED_OUT, null]);
    await produced.led.time.advance(200);
    expect(produced.outcomes[1]).toBe(ErrorCodes.REQUEST_TIMED_OUT);
    expect([produced.purgatory.waitingCount, produced.led.partition.commits.count]).toEqual([0, 0]);
    expect(produced.led.time.count).toBe(0);
  });

  it('does not wait at all where there is no time', async () => {
    const { led, purgatory } = new Produced();
    const appended = { endOffset: 1, tenure: 1, minInSyncReplicas: 1 };
    const waiting = purgatory.wait(led.partition.commits, appended, led.time.monotonicMs());
    expect(await waiting).toBe(ErrorCodes.REQUEST_TIMED_OUT);
    expect(led.time.count).toBe(0);
  });

  it('fails when too few are in sync by the time that they have it', async () => {
    const produced = new Produced();
    const { led } = produced;
    produced.produce(4, 3);
    led.fetch(2, 4);
    await led.time.advance(100);
    // Broker 3 never had it, and has gone.
    led.alive.delete(3);
    led.partition.noteCommittedState({ leaderEpoch: 5, isr: [1, 2], partitionEpoch: 8 });
    await settled();
    expect(produced.outcomes).toEqual([ErrorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND]);
  });

  it('fails when the leader resigns, is stopped, or loses its disk', async () => {
    const ends = [
      (led: LedPartition) => led.partition.becomeFollower({ ...stateOf([2], 6), leader: 2 }),
      (led: LedPartition) => led.partition.stop(),
      (led: LedPartition) => led.partition.fail(),
    ];
    const codes: (ErrorCode | null | undefined)[] = [];
    for (const end of ends) {
      const produced = new Produced();
      produced.produce(1);
      end(produced.led);
      await settled();
      codes.push(produced.outcomes[0]);
      expect(produced.purgatory.waitingCount).toBe(0);
    }
    const wrong = ErrorCodes.NOT_LEADER_OR_FOLLOWER;
    expect(codes).toEqual([wrong, wrong, ErrorCodes.KAFKA_STORAGE_ERROR]);
  });

  it('waits on where the same leader goes on in a newer epoch, as its log has not changed', async () => {
    const produced = new Produced();
    const { led } = produced;
    produced.produce(2);
    led.lead({ leaderEpoch: 6, isr: [1, 2] });
    await settled();
    expect(produced.outcomes).toEqual([null]);
    led.fetch(2, 2);
    await settled();
    expect(produced.outcomes).toEqual([ErrorCodes.NONE]);
  });

  it('fails where it has led again since, as the records may have been cut off', () => {
    const { led } = new Produced();
    const { tenure } = led.partition;
    led.partition.becomeFollower({ ...stateOf([2, 1], 6), leader: 2 });
    led.lead({ leaderEpoch: 7, isr: [1] }).grow(9);
    const appended = { endOffset: 1, tenure, minInSyncReplicas: 1 };
    expect(led.partition.commitOutcome(appended)).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
  });

  it('is done once those that are behind have left', async () => {
    const produced = new Produced();
    const { led } = produced;
    led.fetch(3, 0);
    await led.time.advance(LAG_MS - 100);
    produced.produce(1);
    led.fetch(2, 1);
    await led.time.advance(101);
    led.tick();
    await led.isrChanges.last.answer(written([1, 2]));
    expect(produced.outcomes).toEqual([ErrorCodes.NONE]);
  });
});
