/** What a leader lets followers fetch, and what it learns from that. */

import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import type { ErrorCode } from '../../../../broker/model/error-codes.ts';
import { errorCodeOf } from '../../../../broker/model/kafka-error.ts';
import { LedPartition, stateOf } from './led-partition.ts';

function refusal(action: () => unknown): ErrorCode {
  try {
    action();
  } catch (error) {
    return errorCodeOf(error);
  }
  return ErrorCodes.NONE;
}

/** Epoch 1 has 0 to 9, epoch 3 has 10 to 19, and 5 is led now. */
function withEpochs(): LedPartition {
  const led = new LedPartition({ end: 20 });
  led.log.assignEpochStartOffset(1, 0);
  led.log.assignEpochStartOffset(3, 10);
  return led.lead();
}

describe('a fetch of a follower', () => {
  it('says what the follower has, but only the first time that it is looked at', () => {
    const led = new LedPartition().lead({ isr: [1, 2] }).grow(10);
    led.fetch(2, 4);
    led.fetch(2, 9, {}, false);
    expect(led.highWatermark).toBe(4);
  });

  it('is told where the logs part, and says nothing then', () => {
    const led = withEpochs();
    expect(led.fetch(2, 15, { lastFetchedEpoch: 2 })).toEqual({ epoch: 1, endOffset: 10 });
    expect(led.fetch(2, 15, { lastFetchedEpoch: 1 })).toEqual({ epoch: 1, endOffset: 10 });
    expect(led.fetch(2, 25, { lastFetchedEpoch: 3 })).toEqual({ epoch: 3, endOffset: 20 });
    led.fetch(3, 20, { lastFetchedEpoch: 3 });
    expect(led.highWatermark).toBe(0);
    expect(led.fetch(2, 12, { lastFetchedEpoch: 3 })).toBeNull();
    expect(led.highWatermark).toBe(12);
  });

  it('is told where the logs part even if no record of the epoch could be written so far', () => {
    const led = withEpochs();
    // As the log does when the first append of the epoch fails.
    led.log.epochs.pop();
    expect(led.partition.endOffsetForEpoch(4)).toEqual({ epoch: 3, endOffset: 20 });
    expect(led.fetch(2, 23, { lastFetchedEpoch: 4 })).toEqual({ epoch: 3, endOffset: 20 });
    expect(led.partition.endOffsetForEpoch(6)).toBeNull();
  });

  it('is out of range where the log begins later, ends before, or does not know the epoch', () => {
    const led = withEpochs();
    led.log.logStartOffset = 5;
    const fetches = [
      () => led.fetch(2, 4, { lastFetchedEpoch: 1 }),
      () => led.fetch(2, 21),
      () => led.fetch(2, 15, { lastFetchedEpoch: 6 }),
    ];
    for (const fetch of fetches) expect(refusal(fetch)).toBe(ErrorCodes.OFFSET_OUT_OF_RANGE);
    expect(led.highWatermark).toBe(0);
  });

  it('is refused from a broker without a replica, with what it can do about it', () => {
    const led = new LedPartition().lead();
    const unknown = ErrorCodes.UNKNOWN_LEADER_EPOCH;
    const wrong = ErrorCodes.NOT_LEADER_OR_FOLLOWER;
    expect(refusal(() => led.fetch(4, 0, { epoch: 5 }))).toBe(unknown);
    expect(refusal(() => led.fetch(4, 0))).toBe(wrong);
    const alone = new LedPartition().lead({ replicas: [1], isr: [1] });
    expect(refusal(() => alone.fetch(2, 0, { epoch: 5 }))).toBe(unknown);
  });

  it('is refused in another epoch, and by a follower', () => {
    const led = new LedPartition().lead();
    expect(refusal(() => led.fetch(2, 0, { epoch: 4 }))).toBe(ErrorCodes.FENCED_LEADER_EPOCH);
    expect(refusal(() => led.fetch(2, 0, { epoch: 6 }))).toBe(ErrorCodes.UNKNOWN_LEADER_EPOCH);
    led.partition.becomeFollower({ ...stateOf([2, 1], 6), leader: 2 });
    expect(refusal(() => led.fetch(2, 0, { epoch: 6 }))).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
  });

  it('is refused from an earlier life of a broker that has come back', () => {
    const led = new LedPartition().lead({ isr: [1, 2] }).grow(10);
    led.fetch(2, 3, { brokerEpoch: 40 });
    const late = (): unknown => led.fetch(2, 10, { brokerEpoch: 39 });
    expect(refusal(late)).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    expect(led.highWatermark).toBe(3);
  });
});

describe('what consumers may read from followers', () => {
  it('are offsets that in-sync followers have, between their ends', () => {
    const led = new LedPartition().lead(stateOf([1, 2])).grow(10);
    led.fetch(2, 8, { logStartOffset: 2 });
    led.fetch(3, 9);
    expect([1, 2, 8, 9].map((offset) => led.partition.followersWith(offset))).toEqual([
      [],
      [2],
      [2],
      [],
    ]);
  });
});
