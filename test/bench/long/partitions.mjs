/** Thousands of partitions, a few records in each: how a broker starts with them, and what it costs at rest. */

import { setTimeout as sleep } from 'node:timers/promises';

import { produce } from '../client/rdkafka-performance.mjs';
import { median, oneByOne } from './long-cell.mjs';
import { allPartitionsServed } from './partition-offsets.mjs';
import { createTopic } from './topics.mjs';

const name = 'partitions';
const partitionCount = 5000;
const recordsEach = 10;
const startCount = 3;
const restMs = 10_000;
/** At rest: what it does by itself after a start has ended, and a second goes by with less CPU than this. */
const settledPercent = 5;
const settleStepMs = 1000;
const settleLimitMs = 60_000;
const limitMs = 180_000;
const topic = 'bench-partitions';

/** @type {import('./long-cell.mjs').LongCell} */
export const partitionsCell = {
  name,
  description:
    '5,000 partitions: from the start of the process after a clean stop until every one answers; then, once it uses less than 5 % CPU in a second (at most 60 s later), resident memory and CPU over 10 s at rest',
  wanted: '< 3 s; < 300 MiB; < 2 %',
  measure: (plan) => oneByOne(plan, { name }, (broker) => measureOne(broker, plan)),
};

async function measureOne(broker, { clientCpu: cpu, scale, rounds }) {
  const { bootstrap, port } = broker;
  const count = Math.max(1, Math.round(partitionCount * scale));
  await createTopic(bootstrap, { topic, partitions: count });
  await allPartitionsServed(port, { topic, count, limitMs });
  const records = count * recordsEach;
  await produce({ bootstrap, topic, cpu, count: records, recordSize: 100, settings: [], limitMs });
  const starts = [];
  for (let round = 0; round < Math.min(startCount, rounds); round++) {
    await broker.stop();
    const startedAt = performance.now();
    await broker.startAgain();
    const found = await allPartitionsServed(port, { topic, count, limitMs });
    starts.push((performance.now() - startedAt) / 1000);
    if (found !== records) throw new Error(`${found} of ${records} records after a clean stop`);
  }
  const { percent, mebibytes } = await atRest(broker);
  return {
    rate: `${median(starts).toFixed(2)} s, ${mebibytes.toFixed(0)} MiB`,
    cost: `at rest ${percent.toFixed(1)} %`,
    costTotal: null,
  };
}

async function atRest(broker) {
  const deadline = performance.now() + settleLimitMs;
  while ((await percentOver(broker, settleStepMs)) >= settledPercent)
    if (performance.now() > deadline) break;
  const percent = await percentOver(broker, restMs);
  return { percent, mebibytes: broker.memory().now };
}

/** CPU of all its threads. */
async function percentOver(broker, durationMs) {
  const before = broker.cpuSeconds();
  const startedAt = performance.now();
  await sleep(durationMs);
  const after = broker.cpuSeconds();
  const used = after.user + after.system - before.user - before.system;
  return (100 * used) / ((performance.now() - startedAt) / 1000);
}
