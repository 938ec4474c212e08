/**
 * What a consumer that reads a cold backlog costs a producer beside it. In every round the producer runs twice:
 * alone, and while the backlog, just dropped from memory, is read from its beginning to its end.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { produceLarge } from '../cells.mjs';
import { consume } from '../client/rdkafka-performance.mjs';
import { steadyLatency, warmSeconds, warmUpSteady } from '../client/steady-latency.mjs';
import { failedFigure, median, milliseconds, withBrokers } from './long-cell.mjs';
import { makeCold, roomMissing } from './disk-room.mjs';
import { createTopic } from './topics.mjs';

const name = 'cold';
const backlogBytes = 10e9;
const bytesPerSecond = 10e6;
const aloneSeconds = 30;
const limitSeconds = 600;
const backlog = 'bench-backlog';
const steady = 'bench-steady';
const readSettings = ['fetch.message.max.bytes=1048576', 'queued.max.messages.kbytes=65536'];

/** @type {import('./long-cell.mjs').LongCell} */
export const coldCell = {
  name,
  description:
    'p99 of produce at 10 MB/s while a consumer reads a cold backlog of 10 GB, and how many times that of the producer alone; p50 and p99 of alone -> beside it',
  wanted: '<= 1.5x',
  measure,
};

async function measure(plan) {
  const bytes = backlogBytes * plan.scale;
  const missing = roomMissing(plan.folder, (bytes + 2e9) * plan.kinds.length);
  if (missing !== null) return missing;
  return withBrokers(plan, { name }, async (brokers) => {
    const runs = brokers.map(() => []);
    const failures = new Map();
    for (const broker of brokers) {
      await fill(broker, plan, bytes);
      await warmUpSteady(producerOf(broker, plan));
    }
    for (let round = 0; round < Math.min(3, plan.rounds); round++)
      for (const [index, broker] of brokers.entries()) {
        if (failures.has(index)) continue;
        await oneRound(broker, plan, bytes).then(
          (run) => runs[index].push(run),
          (error) => failures.set(index, failedFigure(error)),
        );
      }
    return runs.map((all, index) => failures.get(index) ?? figureOf(all));
  });
}

async function fill(broker, { clientCpu: cpu }, bytes) {
  const { bootstrap } = broker;
  const settings = { 'retention.bytes': '-1', 'segment.bytes': String(2 ** 30) };
  await createTopic(bootstrap, { topic: backlog, settings });
  await createTopic(bootstrap, { topic: steady });
  const limitMs = limitSeconds * 1000;
  await produceLarge({ bootstrap, topic: backlog, cpu, limitMs }, bytes);
}

function producerOf({ bootstrap }, { clientCpu: cpu }) {
  return { bootstrap, topic: steady, cpu, bytesPerSecond };
}

async function oneRound(broker, plan, bytes) {
  const { clientCpu: cpu, scale } = plan;
  const options = producerOf(broker, plan);
  await broker.settle(steady);
  const seconds = Math.max(3, aloneSeconds * Math.min(1, scale));
  const alone = (await steadyLatency({ ...options, seconds }).report).produce;
  await makeCold(broker.folderOf(backlog));
  const before = broker.diskReadBytes();
  const producer = steadyLatency({ ...options, seconds: limitSeconds });
  let read;
  try {
    await sleep(warmSeconds * 1000);
    read = await readBacklog(broker, cpu, bytes);
  } finally {
    producer.end();
    await Promise.allSettled([producer.report]);
  }
  const diskBytes = broker.diskReadBytes() - before;
  if (diskBytes < bytes / 2) throw new Error('the backlog was not cold: it came from memory');
  return { alone, beside: (await producer.report).produce, readRate: bytes / read.elapsedMs / 1e3 };
}

/** The reader gives way to the producer: what is measured is the broker, not a core that both share. */
function readBacklog({ bootstrap }, cpu, bytes) {
  return consume({
    ...{ bootstrap, topic: backlog, cpu, count: Math.ceil(bytes / 1024) },
    ...{ settings: readSettings, limitMs: limitSeconds * 1000, isGentle: true },
  });
}

function figureOf(runs) {
  const of = (key, part) => median(runs.map((run) => run[key][part]));
  const ratio = median(runs.map(({ alone, beside }) => beside.p99 / alone.p99));
  const text = (part) =>
    `${milliseconds(of('alone', part))} -> ${milliseconds(of('beside', part))}`;
  const rate = median(runs.map(({ readRate }) => readRate));
  return {
    rate: `${milliseconds(of('beside', 'p99'))} ms, ${ratio.toFixed(2)}x`,
    cost: `p50 ${text('p50')}, p99 ${text('p99')} ms; read at ${rate.toFixed(0)} MB/s`,
    costTotal: null,
  };
}
