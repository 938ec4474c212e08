import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../../broker/model/kafka-error.ts';
import { releasePayload } from '../../../../broker/model/payload.ts';
import type { PartitionFetch } from '../../../../broker/replication/purgatory/fetch-purgatory.ts';
import { FetchPurgatory } from '../../../../broker/replication/purgatory/fetch-purgatory.ts';
import type { Partition } from '../../../../broker/replication/partition.ts';
import { ManualTime, settled } from '../../../support/manual-time.ts';
import { FakeSpan } from '../../network/fakes.ts';

const LIMITS = { maxWaitMs: 500, minBytes: 10, maxBytes: 1000 };

/** A partition whose reads give spans of what was added; every span is kept for its releases. */
class FakePartition {
  readonly spans: FakeSpan[] = [];
  readonly asked: { readonly maxBytes: number; readonly minOneBatch: boolean }[] = [];
  size = 0;
  error: Error | null = null;
  readonly log = { logStartOffset: 0 };
  highWatermark = 7;
  readonly lastStableOffset = 7;
  readonly #listeners = new Set<() => void>();

  get listenerCount(): number {
    return this.#listeners.size;
  }

  requireLeader(): void {
    if (this.error !== null) throw this.error;
  }

  read(limits: { readonly maxBytes: number; readonly minOneBatch: boolean }): {
    payload: FakeSpan[];
    size: number;
  } {
    this.asked.push(limits);
    const size = limits.minOneBatch ? this.size : Math.min(this.size, limits.maxBytes);
    if (size === 0) return { payload: [], size: 0 };
    const span = new FakeSpan(Buffer.alloc(size));
    this.spans.push(span);
    return { payload: [span], size };
  }

  onProgress(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  grow(size: number): void {
    this.size += size;
    this.progress();
  }

  progress(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function fetchOf(partition: FakePartition | null): PartitionFetch {
  return {
    // The purgatory uses no more of a partition than the fake has.
    partition: partition as unknown as Partition | null,
    missingCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    offset: 0,
    maxBytes: 1000,
    currentLeaderEpoch: -1,
    committedOnly: false,
    follower: null,
    clientRack: null,
  };
}

function setUp(): {
  readonly time: ManualTime;
  readonly purgatory: FetchPurgatory;
  readonly partition: FakePartition;
  readonly abort: AbortController;
} {
  const time = new ManualTime();
  return {
    time,
    purgatory: new FetchPurgatory(time),
    partition: new FakePartition(),
    abort: new AbortController(),
  };
}

/** Every span is released exactly once, those of the answer by whoever sent it. */
function expectReleased(...partitions: readonly FakePartition[]): void {
  for (const { spans } of partitions) {
    expect(spans.map(({ releases }) => releases)).toEqual(spans.map(() => 1));
  }
}

describe('a fetch', () => {
  it('is answered at once when there is enough', async () => {
    const { time, purgatory, partition, abort } = setUp();
    partition.size = 10;
    const [result] = await purgatory.fetch([fetchOf(partition)], LIMITS, abort.signal);
    expect(result).toMatchObject({ errorCode: 0, highWatermark: 7 });
    expect(time.count).toBe(0);
    releasePayload(result?.payload ?? []);
    expectReleased(partition);
  });

  it('waits through progress that is not enough, and keeps no span meanwhile', async () => {
    const { time, purgatory, partition, abort } = setUp();
    partition.size = 3;
    const fetching = purgatory.fetch([fetchOf(partition)], LIMITS, abort.signal);
    await settled();
    expect(purgatory.waitingCount).toBe(1);
    partition.grow(3);
    await settled();
    expect(purgatory.waitingCount).toBe(1);
    partition.grow(4);
    const [result] = await fetching;
    releasePayload(result?.payload ?? []);
    expectReleased(partition);
    expect([purgatory.waitingCount, partition.listenerCount, time.count]).toEqual([0, 0, 0]);
  });

  it('is answered with what there is when the time is over', async () => {
    const { time, purgatory, partition, abort } = setUp();
    partition.size = 3;
    const fetching = purgatory.fetch([fetchOf(partition)], LIMITS, abort.signal);
    await time.advance(499);
    expect(purgatory.waitingCount).toBe(1);
    await time.advance(1);
    const [result] = await fetching;
    expect(result?.payload).toHaveLength(1);
    releasePayload(result?.payload ?? []);
    expectReleased(partition);
  });

  it('is answered when nobody waits any more, and before it begins to wait', async () => {
    const { purgatory, partition, abort } = setUp();
    const fetching = purgatory.fetch([fetchOf(partition)], LIMITS, abort.signal);
    await settled();
    abort.abort();
    expect(await fetching).toHaveLength(1);
    expect(await purgatory.fetch([fetchOf(partition)], LIMITS, abort.signal)).toHaveLength(1);
    expect(partition.listenerCount).toBe(0);
  });

  it('is answered at once with an error of any partition', async () => {
    const { purgatory, partition, abort } = setUp();
    partition.size = 3;
    const fetches = [fetchOf(partition), fetchOf(null)];
    const [first, second] = await purgatory.fetch(fetches, LIMITS, abort.signal);
    expect(first?.errorCode).toBe(0);
    expect(second?.errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    releasePayload(first?.payload ?? []);
    expectReleased(partition);
  });

  it('ends its wait when the leader resigns', async () => {
    const { purgatory, partition, abort } = setUp();
    const fetching = purgatory.fetch([fetchOf(partition)], LIMITS, abort.signal);
    await settled();
    partition.error = new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    partition.progress();
    const [result] = await fetching;
    expect(result?.errorCode).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
  });

  it('answers UNKNOWN_SERVER_ERROR to a defect, and hands it on', async () => {
    const { purgatory, partition, abort } = setUp();
    partition.error = new TypeError('a defect');
    const [result] = await purgatory.fetch([fetchOf(partition)], LIMITS, abort.signal);
    expect(result).toMatchObject({
      errorCode: ErrorCodes.UNKNOWN_SERVER_ERROR,
      defect: partition.error,
    });
  });

  it('gives one batch of the first partition that has any, and shares what is left', async () => {
    const { purgatory, abort } = setUp();
    const partitions = [new FakePartition(), new FakePartition(), new FakePartition()];
    [0, 900, 900].forEach((size, place) => partitions[place]?.grow(size));
    const limits = { ...LIMITS, maxBytes: 100 };
    const results = await purgatory.fetch(partitions.map(fetchOf), limits, abort.signal);
    expect(results.map(({ payload }) => payload.length)).toEqual([0, 1, 0]);
    expect(partitions.map(({ asked }) => asked[0])).toMatchObject([
      { maxBytes: 100, minOneBatch: true },
      { maxBytes: 100, minOneBatch: true },
      { maxBytes: 0, minOneBatch: false },
    ]);
    for (const { payload } of results) releasePayload(payload);
    expectReleased(...partitions);
  });
});

describe('a throttle of what followers read', () => {
  const follower = { replicaId: 2, brokerEpoch: -1, logStartOffset: 0, lastFetchedEpoch: -1 };

  it('holds back whoever is not in sync, and counts what both get', async () => {
    const time = new ManualTime();
    const counted: number[] = [];
    let isExceeded = true;
    const throttle = {
      isThrottled: (topic: string) => topic === 'orders',
      isExceeded: () => isExceeded,
      record: (bytes: number) => void counted.push(bytes),
    };
    const purgatory = new FetchPurgatory(time, { throttle });
    const partition = new FollowedPartition();
    partition.grow(100);
    const ask = async (): Promise<number | undefined> => {
      const fetching = purgatory.fetch(
        [{ ...fetchOf(partition), follower }],
        LIMITS,
        new AbortController().signal,
      );
      await time.advance(LIMITS.maxWaitMs);
      return (await fetching)[0]?.payload.length;
    };
    expect(await ask()).toBe(0);
    partition.inSyncReplicas = [1, 2];
    expect(await ask()).toBe(1);
    partition.inSyncReplicas = [1];
    isExceeded = false;
    expect(await ask()).toBe(1);
    expect(counted).toEqual([100, 100]);
  });
});

describe('the high watermark', () => {
  const ask = (
    partition: FollowedPartition,
    tellsHighWatermark: boolean,
  ): {
    readonly time: ManualTime;
    readonly purgatory: FetchPurgatory;
    readonly fetching: Promise<unknown>;
  } => {
    const time = new ManualTime();
    const purgatory = new FetchPurgatory(time, { tellsHighWatermark });
    const follower = { replicaId: 2, brokerEpoch: -1, logStartOffset: 0, lastFetchedEpoch: -1 };
    const fetches = [{ ...fetchOf(partition), follower }];
    const fetching = purgatory.fetch(fetches, LIMITS, new AbortController().signal);
    return { time, purgatory, fetching };
  };

  it('that rises is told to a follower at once where consumers read from followers', async () => {
    const partition = new FollowedPartition();
    partition.told = 7;
    const { purgatory, fetching } = ask(partition, true);
    await settled();
    partition.highWatermark = 8;
    partition.progress();
    expect(await fetching).toMatchObject([{ highWatermark: 8, payload: [] }]);
    expect([partition.told, purgatory.waitingCount, partition.listenerCount]).toEqual([8, 0, 0]);
    const second = ask(partition, true);
    await settled();
    expect(second.purgatory.waitingCount).toBe(1);
    await second.time.advance(LIMITS.maxWaitMs);
    await second.fetching;
  });

  it('goes along with the next answer elsewhere', async () => {
    const partition = new FollowedPartition();
    const { time, purgatory, fetching } = ask(partition, false);
    await settled();
    partition.highWatermark = 8;
    partition.progress();
    await settled();
    expect(purgatory.waitingCount).toBe(1);
    await time.advance(LIMITS.maxWaitMs);
    expect(await fetching).toMatchObject([{ highWatermark: 8 }]);
  });
});

class FollowedPartition extends FakePartition {
  told = -1;
  readonly topic = 'orders';
  readonly index = 0;
  inSyncReplicas: readonly number[] = [1];

  hasTold(_replicaId: number, highWatermark: number): boolean {
    return this.told >= highWatermark;
  }

  noteTold(_replicaId: number, highWatermark: number): void {
    this.told = highWatermark;
  }

  acceptFollowerFetch(): null {
    return null;
  }

  readAsFollower(limits: { readonly maxBytes: number; readonly minOneBatch: boolean }): {
    payload: FakeSpan[];
    size: number;
  } {
    return this.read(limits);
  }

  onWritten(listener: () => void): () => void {
    return this.onProgress(listener);
  }
}
