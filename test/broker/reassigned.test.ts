/** Replicas that move between whole brokers. */

import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { deleteTopics } from '../../broker/protocol/messages/delete-topics.ts';
import { systemClock } from '../../broker/platform/clock.ts';
import { ZERO_UUID } from '../../broker/protocol/wire/uuid.ts';
import { BROKER_RESOURCE, ReplicatedCluster } from '../support/replicated-cluster.ts';
import { fetchFrom, only, recordsOf } from '../support/requests.ts';
import { testClusters } from '../support/test-cluster.ts';

const open = testClusters();
const MIN_IN_SYNC = { 'min.insync.replicas': '2' };
const MEGABYTE = 1024 * 1024;

/** Writes all the time, one record after the other, to whoever leads. */
class Load {
  /** By offset. */
  readonly acknowledged = new Map<number, string>();
  readonly #cluster: ReplicatedCluster;
  readonly #running: Promise<void>;
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(cluster: ReplicatedCluster) {
    this.#cluster = cluster;
    this.#running = this.#run();
  }

  /** Resolves when so many more are acknowledged. */
  async more(count: number): Promise<void> {
    const wanted = this.acknowledged.size + count;
    while (this.acknowledged.size < wanted) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.#isOver; count += 1) {
      const { leader } = await this.#cluster.cluster.partitionState('orders', () => true);
      const offset = await this.#cluster.tryProduce(leader, 'orders', String(count));
      if (offset !== null) this.acknowledged.set(offset, String(count));
      this.#wake();
    }
  }
}

/** What that broker tells consumers of, by offset, as soon as it knows that the last one is committed. */
async function replicaHas(
  cluster: ReplicatedCluster,
  id: number,
  acknowledged: ReadonlyMap<number, string>,
): Promise<void> {
  const last = Math.max(...acknowledged.keys());
  for (;;) {
    const { records } = await fetchFrom(cluster.client(id), 'orders', { maxWaitMs: 500 });
    const found = new Map((await recordsOf(records)).map((it) => [it.offset, it.value]));
    if (!found.has(last)) continue;
    for (const [offset, value] of acknowledged) expect(found.get(offset)).toBe(value);
    return;
  }
}

async function fill(cluster: ReplicatedCluster, count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    await cluster.produce(0, 'orders', [Buffer.alloc(100_000, round)]);
  }
}

describe('replicas that move', () => {
  it('take everything along that is acknowledged meanwhile', async () => {
    const cluster = await ReplicatedCluster.start(await open(), 4);
    await cluster.makeTopic('orders', [[0, 1]], MIN_IN_SYNC);
    const load = new Load(cluster);
    await load.more(5);
    expect(await cluster.reassign('orders', [2, 3])).toBe(ErrorCodes.NONE);
    expect((await cluster.settled('orders')).partitions.get(0)).toEqual([2, 3]);
    const moved = { leader: 2, isr: expect.arrayContaining([2, 3]) };
    expect(await cluster.cluster.partitionState('orders', () => true)).toMatchObject(moved);
    await load.more(5);
    expect(await cluster.reassign('orders', [0, 1, 2])).toBe(ErrorCodes.NONE);
    await cluster.settled('orders');
    await load.more(5);
    await load.stop();
    for (const id of [0, 1, 2]) await replicaHas(cluster, id, load.acknowledged);
    const gone = await fetchFrom(cluster.client(3), 'orders');
    expect(gone.errorCode).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
  });

  it('are held to the throttle, stay where they were after a cancellation, and can move again', async () => {
    const limits = { 'replica.fetch.max.bytes': '100000', 'log.segment.bytes': '1048576' };
    const cluster = await ReplicatedCluster.start(await open(), 2, () => limits);
    await cluster.makeTopic('orders', [[0]], {
      'leader.replication.throttled.replicas': '*',
      'follower.replication.throttled.replicas': '*',
    });
    await fill(cluster, 10);
    const throttle = (rate: number): Promise<void> =>
      cluster.setConfig(
        { type: BROKER_RESOURCE, name: '0' },
        { 'leader.replication.throttled.rate': String(rate) },
      );
    await throttle(1);
    expect(await cluster.reassign('orders', [1])).toBe(ErrorCodes.NONE);
    expect((await cluster.assignment('orders', () => true)).addingReplicas.get(0)).toEqual([1]);
    expect(await cluster.reassign('orders', null)).toBe(ErrorCodes.NONE);
    expect((await cluster.settled('orders')).partitions.get(0)).toEqual([0]);
    expect(await cluster.reassign('orders', null)).toBe(ErrorCodes.NO_REASSIGNMENT_IN_PROGRESS);

    await throttle(400_000);
    const startMs = systemClock.monotonicMs();
    expect(await cluster.reassign('orders', [1])).toBe(ErrorCodes.NONE);
    expect((await cluster.settled('orders')).partitions.get(0)).toEqual([1]);
    // A million bytes, of which some go at once, and what was cancelled has counted, too.
    const tookMs = systemClock.monotonicMs() - startMs;
    expect(tookMs).toBeGreaterThan(1000);
    expect(tookMs).toBeLessThan(10_000);
  }, 30_000);

  it('do not keep a topic from being deleted', async () => {
    const cluster = await ReplicatedCluster.start(await open(), 3);
    await cluster.makeTopic('orders', [[0, 1]], {
      'follower.replication.throttled.replicas': '*',
    });
    await cluster.setConfig(
      { type: BROKER_RESOURCE, name: '2' },
      { 'follower.replication.throttled.rate': '1' },
    );
    await fill(cluster, 3);
    expect(await cluster.reassign('orders', [2, 0])).toBe(ErrorCodes.NONE);
    const { responses } = await cluster.client(0).send(deleteTopics, 6, {
      topics: [{ name: 'orders', topicId: ZERO_UUID }],
      topicNames: [],
      timeoutMs: 10_000,
    });
    expect(only(responses).errorCode).toBe(ErrorCodes.NONE);
    await cluster.gone('orders');
    await cluster.makeTopic('orders', [[2, 0]], MIN_IN_SYNC);
    expect(await cluster.produce(2, 'orders', ['new'])).toBe(0);
    for (const id of [0, 1, 2]) expect(cluster.broker(id).fatal).toEqual([]);
  });

  it('go on under another controller', async () => {
    const cluster = await ReplicatedCluster.start(await open(), 4);
    await cluster.makeTopic('orders', [[1, 2]], {
      ...MIN_IN_SYNC,
      'follower.replication.throttled.replicas': '*',
    });
    const resource = { type: BROKER_RESOURCE, name: '3' };
    await cluster.setConfig(resource, { 'follower.replication.throttled.rate': '1' });
    const acknowledged = new Map<number, string>();
    for (const value of ['a', 'b', 'c']) {
      acknowledged.set(await cluster.produce(1, 'orders', [value]), value);
    }
    await cluster.produce(1, 'orders', [Buffer.alloc(MEGABYTE / 2)]);
    await cluster.produce(1, 'orders', [Buffer.alloc(MEGABYTE / 4)]);
    expect(await cluster.reassign('orders', [3, 2])).toBe(ErrorCodes.NONE);
    await cluster.broker(0).stop();
    expect((await cluster.assignment('orders', () => true)).addingReplicas.get(0)).toEqual([3]);
    await cluster.setConfig(resource, { 'follower.replication.throttled.rate': '100000000' });
    expect((await cluster.settled('orders')).partitions.get(0)).toEqual([3, 2]);
    acknowledged.set(await cluster.produce(3, 'orders', ['d']), 'd');
    for (const id of [2, 3]) await replicaHas(cluster, id, acknowledged);
  }, 30_000);
});
