/** Three brokers of one kind on one ZooKeeper, which all share the brokers' core. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { findZooKeeper } from '../../../scripts/lib/zookeeper.mjs';
import { RunningBroker, startZooKeeper } from '../brokers.mjs';
import { failedFigure } from '../long/long-cell.mjs';
import { createTopic } from '../long/topics.mjs';
import { topicView } from './cluster-metadata.mjs';

export const sessionTimeoutMs = 6000;
const brokerIds = [1, 2, 3];
const limitMs = 180_000;
const pauseMs = 20;

const properties = {
  'zookeeper.session.timeout.ms': String(sessionTimeoutMs),
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'auto.create.topics.enable': 'false',
  // Leaders go where a cell wants them.
  'auto.leader.rebalance.enable': 'false',
};

export class BrokerCluster {
  /** By broker id. */
  #brokers = new Map();

  /** `host:port/path` of its ZooKeeper. */
  zookeeperConnect;

  constructor(zookeeperConnect) {
    this.zookeeperConnect = zookeeperConnect;
  }

  /** @param {{kind: import('../brokers.mjs').BrokerKind, folder: string, cpu: number, zookeeper: string, name: string}} options */
  static async start({ kind, folder, cpu, zookeeper, name }) {
    const cluster = new BrokerCluster(`${zookeeper}/${name}`);
    try {
      for (const id of brokerIds) {
        const own = { ...properties, 'broker.id': String(id) };
        const place = join(folder, `${name}-${id}`);
        const broker = { kind: cluster.#onZooKeeper(kind), folder: place, cpu, properties: own };
        cluster.#brokers.set(id, await RunningBroker.start(broker));
      }
      for (const broker of cluster.brokers) await allKnown(broker);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get name() {
    return this.broker(1).name;
  }

  get bootstrap() {
    return this.brokers.map(({ bootstrap }) => bootstrap).join(',');
  }

  get brokers() {
    return [...this.#brokers.values()];
  }

  /** @param {number} id @returns {RunningBroker} */
  broker(id) {
    return this.#brokers.get(id);
  }

  /** One that is not that. @param {number} id */
  other(id) {
    return this.broker(brokerIds.find((each) => each !== id));
  }

  /** Of all brokers. */
  cpuSeconds() {
    const each = this.brokers.map((broker) => broker.cpuSeconds());
    const sum = (key) => each.reduce((total, seconds) => total + seconds[key], 0);
    return { user: sum('user'), system: sum('system') };
  }

  /** With three replicas, all of which are in sync when it resolves. */
  async createTopic(topic, partitions) {
    await createTopic(this.bootstrap, { topic, partitions, replicationFactor: 3 });
    await this.whole(topic, partitions);
  }

  /** Until every broker knows all partitions, with a leader and three replicas in sync. */
  async whole(topic, count) {
    for (const broker of this.brokers)
      await untilView(broker.port, topic, ({ partitions }) => {
        const well = partitions.filter(({ leader, isr }) => leader >= 0 && isr.length === 3);
        return well.length === count ? null : `${well.length} of ${count} partitions are whole`;
      });
  }

  async stop() {
    for (const broker of this.brokers) await broker.stop();
  }

  #onZooKeeper(kind) {
    return {
      ...kind,
      prepare: async (folder, port) => {
        const prepared = await kind.prepare(folder, port);
        const connect = { 'zookeeper.connect': this.zookeeperConnect };
        return { ...prepared, properties: { ...prepared.properties, ...connect } };
      },
    };
  }
}

/** Before that the controller does not know of all, either. */
function allKnown({ port }) {
  return untilView(port, 'unknown', ({ brokerCount, controllerId }) =>
    brokerCount === brokerIds.length && controllerId >= 0 ? null : `${brokerCount} brokers`,
  );
}

/**
 * @param {number} port of the broker that is asked
 * @param {string} topic
 * @param {(view: import('./cluster-metadata.mjs').TopicView) => string | null} trouble null: it is as it is to be
 */
export async function untilView(port, topic, trouble) {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await topicView(port, topic).then(trouble, (error) => error.message);
    if (found === null) return;
    if (performance.now() > deadline) throw new Error(`after ${limitMs / 1000} s: ${found}`);
    await sleep(pauseMs);
  }
}

/**
 * A ZooKeeper for the clusters of all kinds.
 *
 * @template T
 * @param {import('../long/long-cell.mjs').LongPlan} plan
 * @param {string} name
 * @param {(start: (kind: import('../brokers.mjs').BrokerKind, index: number) => Promise<BrokerCluster>) => Promise<T>} task
 * @returns {Promise<T | string>}
 */
export async function withZooKeeper(plan, name, task) {
  if (findZooKeeper() === null) return 'ZooKeeper with a Java';
  const { folder, brokerCpu: cpu, clientCpu } = plan;
  const own = await startZooKeeper({ folder: join(folder, `${name}-zookeeper`), cpu: clientCpu });
  const zookeeper = own.connect;
  try {
    return await task((kind, index) =>
      BrokerCluster.start({ kind, folder, cpu, zookeeper, name: `${name}-${index}` }),
    );
  } finally {
    await own.stop();
  }
}

/** One cluster after the other; a failure of one is its figure. */
export function oneClusterByOne(plan, name, measureOne) {
  return withZooKeeper(plan, name, async (start) => {
    const figures = [];
    for (const [index, kind] of plan.kinds.entries())
      figures.push(await measureCluster(() => start(kind, index), measureOne).catch(failedFigure));
    return figures;
  });
}

async function measureCluster(start, measureOne) {
  const cluster = await start();
  try {
    return await measureOne(cluster);
  } finally {
    await cluster.stop();
  }
}
