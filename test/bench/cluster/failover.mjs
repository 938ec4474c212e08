/** kill -9 of a leader under acks=all: how long until its partition is written to again. */

import { setTimeout as sleep } from 'node:timers/promises';

import { median } from '../long/long-cell.mjs';
import { oneClusterByOne, sessionTimeoutMs } from './broker-cluster.mjs';
import { topicView } from './cluster-metadata.mjs';
import { SteadyWriter } from './steady-writer.mjs';

const name = 'failover';
const topic = 'bench-failover';
const partitionCount = 3;
const steadyMs = 1000;

/** @type {import('../long/long-cell.mjs').LongCell} */
export const failoverCell = {
  name,
  description: `kill -9 of a partition's leader, session timeout ${sessionTimeoutMs / 1000} s: until an acks=all produce to it is acknowledged`,
  wanted: `< ${sessionTimeoutMs / 1000 + 1} s`,
  measure: (plan) => oneClusterByOne(plan, name, (cluster) => measureOne(cluster, plan)),
};

async function measureOne(cluster, { rounds }) {
  await cluster.createTopic(topic, partitionCount);
  const writer = await SteadyWriter.start(cluster.bootstrap, { topic, partitions: [0] });
  const times = [];
  try {
    for (let round = 0; round < Math.min(3, rounds); round++)
      times.push(await oneRound(cluster, writer));
  } finally {
    await writer.stop();
  }
  if (writer.failures.length > 0) throw new Error(`failed produces: ${writer.failures[0]}`);
  return {
    rate: `${median(times).toFixed(2)} s`,
    cost: `at most ${Math.max(...times).toFixed(2)} s`,
    costTotal: null,
  };
}

async function oneRound(cluster, writer) {
  await writer.firstSince(0, performance.now());
  await sleep(steadyMs);
  const { partitions } = await topicView(cluster.broker(1).port, topic);
  const { leader } = partitions.find(({ partition }) => partition === 0);
  const killedAt = performance.now();
  await cluster.broker(leader).kill();
  const ms = await writer.firstSince(0, killedAt + 100);
  await cluster.broker(leader).startAgain();
  await cluster.whole(topic, partitionCount);
  return (ms + 100) / 1000;
}
