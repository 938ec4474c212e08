import { describe, expect, it } from '@jest/globals';
import { FetchSessionCache } from '../../../../broker/server/fetch-sessions/fetch-session-cache.ts';
import type { FetchSession } from '../../../../broker/server/fetch-sessions/fetch-session.ts';
import { SessionPartitions } from '../../../../broker/server/fetch-sessions/session-partitions.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { askFor } from './requests-of-sessions.ts';

const EVICTION_MS = 120_000;

class Harness {
  readonly time = new ManualTime();
  readonly cache: FetchSessionCache;
  #nextRandom = 0;

  constructor(slotCount: number) {
    this.cache = new FetchSessionCache({
      slotCount,
      clock: this.time,
      random: { integer: () => this.#nextRandom++ },
    });
  }

  /** The next id that is drawn, less one. */
  set nextRandom(value: number) {
    this.#nextRandom = value;
  }

  add(partitionCount: number, { isPrivileged = false } = {}): FetchSession | null {
    return this.cache.create({
      isPrivileged,
      usesTopicIds: false,
      partitionCount,
      partitions: () => partitionsOf(partitionCount),
    });
  }

  has(session: FetchSession | null): boolean {
    return session !== null && this.cache.get(session.id) === session;
  }
}

function partitionsOf(count: number): SessionPartitions {
  const partitions = new SessionPartitions({ usesTopicIds: false });
  for (let index = 0; index < count; index += 1) {
    partitions.put({ topic: 'orders', topicId: '' }, askFor(index));
  }
  return partitions;
}

function grow(session: FetchSession | null, count: number): void {
  for (let index = 0; index < count; index += 1) {
    session?.partitions.put({ topic: 'more', topicId: '' }, askFor(index));
  }
}

describe('the cache of fetch sessions', () => {
  it('keeps no more than its slots, and counts their partitions', () => {
    const harness = new Harness(2);
    expect(harness.add(3)).not.toBeNull();
    expect(harness.add(4)).not.toBeNull();
    expect(harness.add(1000)).toBeNull();
    expect(harness.cache).toMatchObject({ size: 2, partitionCount: 7, evictedCount: 0 });
  });

  it('has no sessions without slots', () => {
    expect(new Harness(0).add(1)).toBeNull();
  });

  it('draws ids above 0 that no other session has', () => {
    const harness = new Harness(3);
    expect(harness.add(1)?.id).toBe(1);
    harness.nextRandom = 0;
    expect(harness.add(1)?.id).toBe(2);
    harness.nextRandom = 0x7fffffff - 1;
    expect(harness.add(1)?.id).toBe(0x7fffffff);
  });

  it('gives the slot of the one that was not used for longest, once that is over two minutes', async () => {
    const harness = new Harness(2);
    const first = harness.add(50);
    await harness.time.advance(1);
    const second = harness.add(50);
    await harness.time.advance(1);
    if (first !== null) harness.cache.touch(first);
    await harness.time.advance(EVICTION_MS - 1);
    expect(harness.add(1)).toBeNull();
    await harness.time.advance(1);
    const third = harness.add(1);
    expect([first, second, third].map((it) => harness.has(it))).toEqual([true, false, true]);
    expect(harness.cache.evictedCount).toBe(1);
  });

  it('gives the slot of the smallest to a larger one, if it is older than two minutes', async () => {
    const harness = new Harness(3);
    const sessions = [5, 3, 4].map((count) => harness.add(count));
    const touchAll = (): void => {
      for (const session of sessions) if (session !== null) harness.cache.touch(session);
    };
    await harness.time.advance(EVICTION_MS);
    touchAll();
    expect(harness.add(100)).toBeNull();
    await harness.time.advance(1);
    touchAll();
    expect(harness.add(3)).toBeNull();
    const larger = harness.add(4);
    expect(larger).not.toBeNull();
    expect(sessions.map((it) => harness.has(it))).toEqual([true, false, true]);
    // The new one is young: the next to go is another.
    expect(harness.add(5)).not.toBeNull();
    expect(sessions.map((it) => harness.has(it))).toEqual([true, false, false]);
    expect(harness.has(larger)).toBe(true);
  });

  it("gives a follower the slot of a consumer of any age, never a consumer a follower's", async () => {
    const harness = new Harness(2);
    const small = harness.add(10);
    const large = harness.add(20);
    const follower = harness.add(1, { isPrivileged: true });
    expect([small, large, follower].map((it) => harness.has(it))).toEqual([false, true, true]);
    const other = harness.add(1, { isPrivileged: true });
    expect([large, follower, other].map((it) => harness.has(it))).toEqual([false, true, true]);
    await harness.time.advance(EVICTION_MS + 1);
    for (const it of [follower, other]) if (it !== null) harness.cache.touch(it);
    expect(harness.add(1000)).toBeNull();
    // A larger follower may take a smaller one's.
    expect(harness.add(2, { isPrivileged: true })).not.toBeNull();
    expect([follower, other].map((it) => harness.has(it))).toEqual([false, true]);
  });

  it('counts a session by the partitions that it has now', async () => {
    const harness = new Harness(2);
    const grown = harness.add(1);
    const stable = harness.add(5);
    await harness.time.advance(EVICTION_MS + 1);
    grow(grown, 9);
    for (const it of [grown, stable]) if (it !== null) harness.cache.touch(it);
    expect(harness.cache.partitionCount).toBe(15);
    expect(harness.add(6)).not.toBeNull();
    expect([grown, stable].map((it) => harness.has(it))).toEqual([true, false]);
    expect(harness.cache.partitionCount).toBe(16);
  });

  it('gives the slots of removed sessions away', () => {
    const harness = new Harness(1);
    const first = harness.add(5);
    harness.cache.remove(first?.id ?? 0);
    expect(harness.cache.partitionCount).toBe(0);
    expect(harness.add(1)).not.toBeNull();
    expect(harness.has(first)).toBe(false);
  });
});
