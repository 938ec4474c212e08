/** What three copies of everything cost: acks=all, two of which must have it. */

import { setTimeout as sleep } from 'node:timers/promises';

import { largeBatches, deepQueue } from '../cells.mjs';
import { produce } from '../client/rdkafka-performance.mjs';
import { failedFigure, median } from '../long/long-cell.mjs';
import { withZooKeeper } from './broker-cluster.mjs';

const name = 'cluster-produce';
const topic = 'bench-cluster';
const partitionCount = 3;
const bytesPerRound = 600e6;
const restMs = 500;

/** @type {import('../long/long-cell.mjs').LongCell} */
export const clusterProduceCell = {
  name,
  description:
    'three brokers on one core: 1 KB records in batches of 256 KB, acks=all, three replicas, min.insync.replicas=2; CPU of all brokers',
  wanted: 'CPU <= 1',
  measure,
};

function measure(plan) {
  return withZooKeeper(plan, name, async (start) => {
    const clusters = [];
    try {
      for (const [index, kind] of plan.kinds.entries()) clusters.push(await start(kind, index));
      return await inTurn(clusters, plan);
    } finally {
      for (const cluster of clusters) await cluster.stop();
    }
  });
}

async function inTurn(clusters, plan) {
  const runs = clusters.map(() => []);
  const failures = new Map();
  // The first run is not counted: code is compiled.
  for (let round = -1; round < plan.rounds; round++)
    for (const [index, cluster] of clusters.entries()) {
      if (failures.has(index)) continue;
      try {
        if (round === -1) await cluster.createTopic(topic, partitionCount);
        const run = await oneRound(cluster, plan);
        if (round >= 0) runs[index].push(run);
      } catch (error) {
        failures.set(index, failedFigure(error));
      }
    }
  return runs.map((all, index) => failures.get(index) ?? figureOf(all));
}

async function oneRound(cluster, { clientCpu: cpu, scale }) {
  for (const broker of cluster.brokers) await broker.settle(topic);
  await sleep(restMs);
  const { bootstrap } = cluster;
  const count = Math.ceil((bytesPerRound * scale) / 1024);
  const before = cluster.cpuSeconds();
  const settings = [...largeBatches, ...deepQueue];
  const options = { bootstrap, topic, cpu, count, recordSize: 1024, acks: -1, settings };
  const { bytes, elapsedMs } = await produce(options);
  await sleep(restMs);
  const after = cluster.cpuSeconds();
  const user = (after.user - before.user) / (bytes / 1e9);
  const system = (after.system - before.system) / (bytes / 1e9);
  return { rate: bytes / elapsedMs / 1000, user, system, total: user + system };
}

function figureOf(runs) {
  const of = (key) => median(runs.map((run) => run[key]));
  return {
    rate: `${of('rate').toFixed(0)} MB/s, ${(1000 / of('total')).toFixed(0)} MB per CPU s`,
    cost: `${of('user').toFixed(2)} + ${of('system').toFixed(2)} s/GB`,
    costTotal: of('total'),
  };
}
