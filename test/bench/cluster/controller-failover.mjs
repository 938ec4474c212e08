/** kill -9 of the controller: from the end of its session until the next one has given every partition a leader. */

import { setTimeout as sleep } from 'node:timers/promises';

import { median } from '../long/long-cell.mjs';
import { oneClusterByOne, untilView } from './broker-cluster.mjs';
import { topicView } from './cluster-metadata.mjs';

const name = 'controller-failover';
const topic = 'bench-controller';
const partitionCount = 2000;
const pauseMs = 5;
const limitMs = 60_000;

/** @type {import('../long/long-cell.mjs').LongCell} */
export const controllerFailoverCell = {
  name,
  description:
    'kill -9 of the controller of 2,000 partitions with three replicas: from the end of its session until another one is the controller and every partition has a leader that lives',
  wanted: '< 2 s',
  measure,
};

async function measure(plan) {
  const ZooKeeper = await import('zookeeper').then(
    ({ default: it }) => it.default ?? it,
    () => null,
  );
  if (ZooKeeper === null) return "the npm package 'zookeeper'";
  return oneClusterByOne(plan, name, (cluster) => measureOne(cluster, plan, ZooKeeper));
}

async function measureOne(cluster, { rounds, scale }, ZooKeeper) {
  const count = Math.max(1, Math.round(partitionCount * scale));
  await cluster.createTopic(topic, count);
  const registrations = await Registrations.open(ZooKeeper, cluster.zookeeperConnect);
  const times = [];
  try {
    for (let round = 0; round < Math.min(3, rounds); round++)
      times.push(await oneRound(cluster, count, registrations));
  } finally {
    registrations.close();
  }
  return {
    rate: `${median(times).toFixed(2)} s`,
    cost: `at most ${Math.max(...times).toFixed(2)} s`,
    costTotal: null,
  };
}

async function oneRound(cluster, count, registrations) {
  const { controllerId } = await topicView(cluster.broker(1).port, topic);
  await cluster.broker(controllerId).kill();
  const goneAt = await registrations.gone(controllerId);
  for (const broker of cluster.brokers.filter((each) => each !== cluster.broker(controllerId)))
    await untilView(broker.port, topic, (view) => {
      const well = view.partitions.filter(({ leader }) => leader >= 0 && leader !== controllerId);
      if (well.length < count) return `${well.length} of ${count} partitions have a leader`;
      return view.controllerId === controllerId ? 'there is no other controller' : null;
    });
  const seconds = (performance.now() - goneAt) / 1000;
  await cluster.broker(controllerId).startAgain();
  await cluster.whole(topic, count);
  return seconds;
}

/** The brokers' nodes in ZooKeeper. */
class Registrations {
  #handle;

  static async open(ZooKeeper, connect) {
    const registrations = new Registrations();
    const handle = new ZooKeeper({});
    registrations.#handle = handle;
    const connected = new Promise((resolve) => handle.on('connect', resolve));
    handle.init({ connect, timeout: 30_000, debug_level: 0 });
    await connected;
    return registrations;
  }

  /** When that broker's session was seen to be over. */
  async gone(id) {
    const deadline = performance.now() + limitMs;
    while (await this.#exists(`/brokers/ids/${id}`)) {
      if (performance.now() > deadline) throw new Error(`broker ${id} is still registered`);
      await sleep(pauseMs);
    }
    return performance.now();
  }

  close() {
    this.#handle.close();
  }

  #exists(path) {
    return new Promise((resolve, reject) => {
      const code = this.#handle.a_exists(path, false, (answer) => resolve(answer === 0));
      if (code !== 0) reject(new Error(`ZooKeeper answers with ${code}`));
    });
  }
}
