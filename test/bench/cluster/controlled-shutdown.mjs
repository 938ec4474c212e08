/** SIGTERM for a broker that leads a thousand partitions: how long until others lead them, and what producers see. */

import { setTimeout as sleep } from 'node:timers/promises';

import { oneClusterByOne, untilView } from './broker-cluster.mjs';
import { SteadyWriter } from './steady-writer.mjs';

const name = 'controlled-shutdown';
const topic = 'bench-shutdown';
const leaderCount = 1000;
const stopped = 2;
const writtenCount = 12;
const steadyMs = 2000;

/** @type {import('../long/long-cell.mjs').LongCell} */
export const controlledShutdownCell = {
  name,
  description:
    'SIGTERM for one of three brokers, which leads 1,000 of 3,000 partitions with three replicas: until others lead all of them; acks=all produces that failed, and the longest time that one of 12 partitions was not written to',
  wanted: '< 2 s; 0 failed',
  measure: (plan) => oneClusterByOne(plan, name, (cluster) => measureOne(cluster, plan)),
};

async function measureOne(cluster, { scale }) {
  const count = 3 * Math.max(1, Math.round(leaderCount * scale));
  await cluster.createTopic(topic, count);
  const partitions = Array.from({ length: Math.min(count, writtenCount) }, (_, index) => index);
  const writer = await SteadyWriter.start(cluster.bootstrap, { topic, partitions });
  let moved, ended, gapMs;
  try {
    await sleep(steadyMs);
    const startedAt = performance.now();
    const stopping = cluster.broker(stopped).stop();
    await untilView(cluster.other(stopped).port, topic, (view) => {
      const left = view.partitions.filter(({ leader }) => leader === stopped || leader < 0);
      return left.length === 0 ? null : `${left.length} partitions are led by the one that stops`;
    });
    moved = (performance.now() - startedAt) / 1000;
    await stopping;
    ended = (performance.now() - startedAt) / 1000;
    await sleep(steadyMs);
    gapMs = writer.longestGapMs(startedAt);
  } finally {
    await writer.stop();
  }
  return {
    rate: `${moved.toFixed(2)} s, ${writer.failures.length} of ${writer.count} failed`,
    cost: `ended after ${ended.toFixed(2)} s; not written for at most ${gapMs.toFixed(0)} ms`,
    costTotal: null,
  };
}
