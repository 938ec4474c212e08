/** The clusters that the scenarios run against: brokers on loopback, with the store that they need. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ZooKeeperServer } from '../../support/zookeeper-server.ts';
import { startZooKeeper } from '../../support/zookeeper-server.ts';
import { apacheVersion, BrokerUnderTest } from './broker-under-test.ts';

export interface Deployment {
  readonly name: string;
  readonly brokerCount: number;
  readonly store: 'embedded' | 'zookeeper';
}

export const oneBroker: Deployment = {
  name: 'one broker on its embedded store',
  brokerCount: 1,
  store: 'embedded',
};

export const threeBrokers: Deployment = {
  name: 'three brokers on ZooKeeper',
  brokerCount: 3,
  store: 'zookeeper',
};

export interface Cluster {
  readonly bootstrap: string;
  /** For tools that go past the brokers; null with the embedded store. */
  readonly zookeeperConnect: string | null;
  readonly brokers: readonly BrokerUnderTest[];
  /** Ends everything and removes its files. */
  stop(): Promise<void>;
}

/** Resolves when every broker is ready. */
export async function startCluster(
  deployment: Deployment,
  properties: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'odradek-interop-'));
  const zookeeper = needsZooKeeper(deployment) ? await startZooKeeper() : null;
  const zookeeperConnect = zookeeper === null ? null : `${zookeeper.connect}/interop`;
  const brokers: BrokerUnderTest[] = [];
  const stop = async (): Promise<void> => stopAll({ folder, zookeeper, brokers });
  try {
    for (let id = 1; id <= deployment.brokerCount; id++) {
      const broker = await BrokerUnderTest.create({
        id,
        folder: join(folder, `broker-${String(id)}`),
        zookeeperConnect: zookeeperConnect ?? 'local:',
        properties,
      });
      brokers.push(broker);
      await broker.start();
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const bootstrap = brokers.map(({ address }) => address).join(',');
  return { bootstrap, zookeeperConnect, brokers, stop };
}

/** Apache Kafka has no store of its own in the versions that stand in here. */
function needsZooKeeper({ store }: Deployment): boolean {
  return store === 'zookeeper' || apacheVersion !== null;
}

/** Brokers one after another, so that each can hand over, then what they depend on. */
async function stopAll(parts: {
  readonly folder: string;
  readonly zookeeper: ZooKeeperServer | null;
  readonly brokers: readonly BrokerUnderTest[];
}): Promise<void> {
  for (const broker of parts.brokers) await broker.stop();
  await parts.zookeeper?.stop();
  await rm(parts.folder, { recursive: true, force: true });
}
