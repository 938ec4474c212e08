/**
 * Several whole brokers in this process on one embedded store, whose sessions can be expired. Broker
 * ids are 0, 1, 2 ...; each has files of its own in memory.
 */

import assert from 'node:assert/strict';
import { afterEach } from '@jest/globals';
import { systemClock } from '../../broker/platform/clock.ts';
import { silentLogger } from '../../broker/platform/logger.ts';
import type { EmbeddedStore } from '../../broker/zookeeper/embedded/embedded-store.ts';
import { openEmbeddedStore } from '../../broker/zookeeper/embedded/embedded-store.ts';
import { brokerPath, partitionStatePath } from '../../broker/zookeeper/paths.ts';
import type { ZooKeeperSession } from '../../broker/zookeeper/port.ts';
import { watchData } from '../../broker/zookeeper/watches.ts';
import type { PartitionState } from '../../broker/zookeeper/znodes/partition-state.ts';
import { decodePartitionState } from '../../broker/zookeeper/znodes/partition-state.ts';
import { MemoryFileSystem } from './sim/memory-file-system.ts';
import type { TestBrokerOptions } from './test-broker.ts';
import { TestBroker } from './test-broker.ts';

export class TestCluster {
  readonly store: EmbeddedStore;
  /** Of the test itself. */
  readonly session: ZooKeeperSession;
  readonly brokers: TestBroker[] = [];

  private constructor(store: EmbeddedStore, session: ZooKeeperSession) {
    this.store = store;
    this.session = session;
  }

  static async open(): Promise<TestCluster> {
    const store = await openEmbeddedStore({
      fileSystem: new MemoryFileSystem(systemClock),
      path: '/store',
      logger: silentLogger,
    });
    return new TestCluster(store, await store.openSession());
  }

  /** Not started yet. */
  make(id: number, options: TestBrokerOptions = {}): TestBroker {
    const broker = TestBroker.make({
      ...options,
      properties: {
        'broker.id': String(id),
        // Never connected to: the cluster is given. But a broker on `local:` counts as alone.
        'zookeeper.connect': 'store-of-the-test:2181',
        ...options.properties,
      },
      cluster: { openSession: this.store.openSession, close: () => Promise.resolve() },
    });
    this.brokers.push(broker);
    return broker;
  }

  async start(count: number): Promise<readonly TestBroker[]> {
    const added = Array.from({ length: count }, (_, id) => this.make(id));
    for (const broker of added) await broker.broker.start();
    return added;
  }

  /** The state of a partition, as soon as it fits. */
  partitionState(
    topic: string,
    fits: (state: PartitionState) => boolean,
    partition = 0,
  ): Promise<PartitionState> {
    const path = partitionStatePath(topic, partition);
    return new Promise((resolve) => {
      const watch = watchData(this.session, path, (node) => {
        if (node?.data == null) return;
        const state = decodePartitionState(node.data, path);
        if (!fits(state)) return;
        watch.stop();
        resolve(state);
      });
    });
  }

  /** As a ZooKeeper does that has not heard of the broker for too long. */
  async expire(brokerId: number): Promise<void> {
    const owner = (await this.session.exists(brokerPath(brokerId)))?.ephemeralOwner;
    assert(owner !== undefined && owner !== null, `broker ${String(brokerId)} is registered`);
    await this.store.expire(owner);
  }

  async stop(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.stop()));
    await this.store.close();
  }
}

/** Opens clusters that are stopped after each test. */
export function testClusters(): () => Promise<TestCluster> {
  const opened: TestCluster[] = [];
  afterEach(async () => {
    for (const cluster of opened.splice(0)) await cluster.stop();
  });
  return async () => {
    const cluster = await TestCluster.open();
    opened.push(cluster);
    return cluster;
  };
}
