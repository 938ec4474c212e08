import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { throttledReplicas } from '../../../../broker/config/throttled-replicas.ts';
import { ByteRate } from '../../../../broker/replication/throttle/byte-rate.ts';
import type { ReplicationThrottles } from '../../../../broker/replication/throttle/replication-quota.ts';
import { replicationThrottles } from '../../../../broker/replication/throttle/replication-quota.ts';
import { ManualTime } from '../../../support/manual-time.ts';

function throttles(
  time: ManualTime,
  rates: { leader?: number; follower?: number },
  lists: { leader?: readonly string[]; follower?: readonly string[] } = {},
): ReplicationThrottles {
  return replicationThrottles({
    brokerId: 3,
    clock: time,
    config: () => ({
      leaderReplicationThrottledRate: rates.leader ?? Infinity,
      followerReplicationThrottledRate: rates.follower ?? Infinity,
      replicationQuotaWindowNum: 11,
      replicationQuotaWindowSizeSeconds: 1,
    }),
    topicConfig: () => ({
      leaderThrottledReplicas: throttledReplicas(lists.leader ?? []),
      followerThrottledReplicas: throttledReplicas(lists.follower ?? []),
    }),
  });
}

describe('the throttle of replication', () => {
  it('bounds the replicas that the topic names, of this broker', () => {
    const rates = { leader: 1000, follower: 1000 };
    const lists = { leader: ['0:3', '1:4', '02:03'], follower: ['*'] };
    const { leader, follower } = throttles(new ManualTime(), rates, lists);
    expect([0, 1, 2, 3].map((it) => leader.isThrottled('orders', it))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(follower.isThrottled('orders', 7)).toBe(true);
  });

  it('bounds nothing without a rate, whatever topics name', () => {
    const { leader, follower } = throttles(new ManualTime(), { leader: 10 }, { follower: ['*'] });
    expect(follower.isThrottled('orders', 0)).toBe(false);
    follower.record(1_000_000);
    expect(follower.isExceeded()).toBe(false);
    expect(leader.isThrottled('orders', 0)).toBe(false);
  });

  it('is exceeded until enough time has passed, and follows a rate that changes', async () => {
    const time = new ManualTime();
    const rates = { follower: 1000 };
    const { follower } = throttles(time, rates, { follower: ['*'] });
    expect(follower.isExceeded()).toBe(false);
    follower.record(1000);
    expect(follower.isExceeded()).toBe(false);
    follower.record(2000);
    expect(follower.isExceeded()).toBe(true);
    await time.advance(2999);
    expect(follower.isExceeded()).toBe(true);
    await time.advance(1);
    expect(follower.isExceeded()).toBe(false);
    rates.follower = 500;
    expect(follower.isExceeded()).toBe(true);
    rates.follower = Infinity;
    expect(follower.isExceeded()).toBe(false);
  });

  it('lets through as much in the long run as the rate allows', async () => {
    const time = new ManualTime();
    const { follower } = throttles(time, { follower: 10_000 }, { follower: ['*'] });
    let bytes = 0;
    for (let tick = 0; tick < 600; tick += 1) {
      if (!follower.isExceeded()) {
        follower.record(7000);
        bytes += 7000;
      }
      await time.advance(100);
    }
    expect(bytes / 60).toBeGreaterThan(9000);
    expect(bytes / 60).toBeLessThan(11_500);
  });
});

describe('a rate of bytes', () => {
  it('is that of the windows that it keeps', async () => {
    const step = fc.record({ bytes: fc.nat(1000), pauseMs: fc.nat(700) });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const time = new ManualTime(0);
      const rate = new ByteRate({ clock: time, windowCount: 4, windowMs: 250 });
      const recorded: { window: number; bytes: number }[] = [];
      for (const { bytes, pauseMs } of steps) {
        rate.record(bytes);
        recorded.push({ window: Math.floor(time.monotonicMs() / 250), bytes });
        await time.advance(pauseMs);
        const now = Math.floor(time.monotonicMs() / 250);
        const kept = recorded.filter(({ window }) => window > now - 4);
        const total = kept.reduce((sum, it) => sum + it.bytes, 0);
        const longestMs = time.monotonicMs() - Math.max(0, now - 3) * 250;
        expect(rate.bytesPerSecond).toBeGreaterThanOrEqual(
          (total * 1000) / Math.max(longestMs, 250) - 1e-6,
        );
        expect(rate.bytesPerSecond).toBeLessThanOrEqual((total * 1000) / 250 + 1e-6);
      }
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
