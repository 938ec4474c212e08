/** Whom a replica follows, and when, as the controller changes its mind. */

import { afterEach, describe, expect, it } from '@jest/globals';
import { LogManager } from '../../../broker/log/log-manager.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import type { FollowerReplica } from '../../../broker/replication/fetcher/follower-replica.ts';
import type { Followers, LeaderOf } from '../../../broker/replication/fetcher/followers.ts';
import { ReplicaManager } from '../../../broker/replication/replica-manager.ts';
import { leaderPorts } from '../../support/leader-ports.ts';
import { settled } from '../../support/manual-time.ts';
import { InlineWorkers } from '../../support/sim/inline-workers.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import { defaultConfig, seededRandom, TestTime } from '../log/log-fixture.ts';

const OURS = 1;

/** Keeps what it is told, in order; a test may hold back the end of `unfollow`. */
class FakeFollowers implements Followers {
  readonly calls: string[] = [];
  unfollowing: Promise<void> = Promise.resolve();

  follow({ topic, index }: FollowerReplica, { leaderId, leaderEpoch }: LeaderOf): void {
    this.calls.push(
      `${topic}-${String(index)} follows ${String(leaderId)} in ${String(leaderEpoch)}`,
    );
  }

  unfollow(): Promise<void> {
    this.calls.push('unfollow');
    return this.unfollowing;
  }

  stop(): Promise<void> {
    this.calls.push('stop');
    return Promise.resolve();
  }
}

class Broker {
  readonly followers = new FakeFollowers();
  readonly led: number[] = [];
  readonly replicas: ReplicaManager;
  readonly logs: LogManager;

  private constructor(logs: LogManager) {
    this.logs = logs;
    this.replicas = new ReplicaManager({
      brokerId: OURS,
      logs,
      logger: silentLogger,
      brokerEpoch: () => null,
      leaderPorts: leaderPorts(),
      followers: this.followers,
      onBecomeLeader: ({ leaderEpoch }) => this.led.push(leaderEpoch),
      onResign: () => undefined,
      onControllerEpoch: () => undefined,
    });
  }

  static async open(): Promise<Broker> {
    const time = new TestTime();
    const fileSystem = new MemoryFileSystem(time);
    const shared = { clock: time, logger: silentLogger, fileSystem };
    return new Broker(
      await LogManager.openLogManager({
        ...shared,
        logDirs: ['/d1'],
        brokerId: OURS,
        clusterId: 'cluster-a',
        timers: time.timers,
        random: seededRandom(3),
        workers: new InlineWorkers(shared),
        configOf: () => defaultConfig,
        loadParallelism: 2,
        diskOperationsMax: 4,
        openFilesMax: 10,
        indexCacheBytes: 1 << 16,
        retentionCheckIntervalMs: 1000,
        onSegmentsDeleted: () => undefined,
        flushCheckIntervalMs: Infinity,
        recoveryPointCheckpointIntervalMs: 60_000,
        highWatermarkCheckpointIntervalMs: 5000,
        producerIdExpirationMs: 86_400_000,
        producerIdExpirationCheckIntervalMs: 600_000,
      }),
    );
  }

  async apply(leader: number, leaderEpoch: number): Promise<number | undefined> {
    const outcomes = await this.replicas.applyStates([
      {
        topic: 'orders',
        partition: 0,
        topicId: null,
        isNew: leaderEpoch === 0,
        state: { leader, leaderEpoch, isr: [1, 2], replicas: [1, 2, 3], partitionEpoch: 0 },
      },
    ]);
    return outcomes[0]?.errorCode;
  }

  async stop(): Promise<void> {
    await this.replicas.stop();
    await this.logs.stop();
  }
}

const opened: Broker[] = [];

async function open(): Promise<Broker> {
  const broker = await Broker.open();
  opened.push(broker);
  return broker;
}

afterEach(async () => {
  for (const broker of opened.splice(0)) await broker.stop();
});

describe('a replica manager', () => {
  it('lets a replica follow its leader, and another one in another epoch', async () => {
    const broker = await open();
    await broker.apply(2, 0);
    await broker.apply(3, 1);
    expect(broker.followers.calls).toEqual([
      'unfollow',
      'orders-0 follows 2 in 0',
      'unfollow',
      'orders-0 follows 3 in 1',
    ]);
  });

  it('leads only when nothing that it followed can reach its log any more', async () => {
    const broker = await open();
    await broker.apply(2, 0);
    let ended: () => void = () => undefined;
    broker.followers.unfollowing = new Promise((resolve) => (ended = resolve));
    const applied = broker.apply(OURS, 1);
    await settled();
    await settled();
    expect(broker.led).toEqual([]);
    expect(broker.replicas.get('orders', 0)?.isLeader).toBe(false);
    ended();
    expect(await applied).toBe(ErrorCodes.NONE);
    expect(broker.led).toEqual([1]);
  });

  it('goes on as it was for a state that is old', async () => {
    const broker = await open();
    await broker.apply(2, 4);
    expect(await broker.apply(3, 4)).toBe(ErrorCodes.STALE_CONTROLLER_EPOCH);
    expect(broker.followers.calls).toEqual(['unfollow', 'orders-0 follows 2 in 4']);
  });

  it('follows nobody while there is no leader', async () => {
    const broker = await open();
    await broker.apply(2, 0);
    await broker.apply(-1, 1);
    expect(broker.followers.calls.at(-1)).toBe('unfollow');
  });

  it('deletes a log only when nothing is fetched for it any more', async () => {
    const broker = await open();
    await broker.apply(2, 0);
    let ended: () => void = () => undefined;
    broker.followers.unfollowing = new Promise((resolve) => (ended = resolve));
    const stopped = broker.replicas.stopReplicas([
      { topic: 'orders', partition: 0, leaderEpoch: 1, deletePartition: true },
    ]);
    await settled();
    await settled();
    expect(broker.logs.get('orders', 0)).toBeDefined();
    ended();
    await stopped;
    expect(broker.logs.get('orders', 0)).toBeUndefined();
  });

  it('ends fetching before it stops', async () => {
    const broker = await open();
    await broker.apply(2, 0);
    await broker.replicas.stop();
    expect(broker.followers.calls.at(-1)).toBe('stop');
    expect(broker.replicas.get('orders', 0)?.state).toBeNull();
  });
});
