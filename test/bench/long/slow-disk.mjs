/**
 * Two log.dirs, one of them on a slow disk: what a writer that is faster than that disk costs those who use the
 * other. In every round a producer and a consumer of the partition on the quick disk run twice: alone, and
 * beside the writer.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startFlood } from '../client/rdkafka-performance.mjs';
import { steadyLatency, warmUpSteady } from '../client/steady-latency.mjs';
import { roomMissing } from './disk-room.mjs';
import { failedFigure, median, milliseconds, withBrokers } from './long-cell.mjs';
import { makeSlowFolder, slowFolderMissing } from './slow-folder.mjs';
import { createTopic } from './topics.mjs';

const name = 'slow-disk';
const bytesPerSecond = 10e6;
const seconds = 30;
const disk = { bytesPerSecond: 20e6, dirtyBytes: 64e6, sizeBytes: 3e9 };
/** Until the writer has filled what memory the slow disk may have. */
const floodMs = 6000;

/** @type {import('./long-cell.mjs').LongCell} */
export const slowDiskCell = {
  name,
  description:
    'a writer without a limit on one log.dir, whose disk takes 20 MB/s: p99 of produce and of produce to fetch at 10 MB/s on another log.dir, as times that without the writer',
  wanted: '<= 2x; <= 2x',
  measure,
};

async function measure(plan) {
  const missing =
    slowFolderMissing() ?? roomMissing(plan.folder, disk.sizeBytes + 2e9 * plan.kinds.length);
  if (missing !== null) return missing;
  const slow = makeSlowFolder(plan.folder, disk);
  const slowDir = (index) => join(slow.path, String(index));
  const logDirs = (index) => [join(plan.folder, `${name}-${index}`, 'logs'), slowDir(index)];
  const properties = (index) => ({ 'log.dirs': logDirs(index).join(',') });
  try {
    return await withBrokers(plan, { name, properties }, async (brokers) => {
      const topics = [];
      for (const [index, broker] of brokers.entries()) {
        topics.push(await placeTopics(broker, slowDir(index)));
        await warmUpSteady(clientsOf(broker, plan, topics[index]));
      }
      return await inTurn(brokers, { ...plan, topics, slow });
    });
  } finally {
    slow.remove();
  }
}

async function inTurn(brokers, plan) {
  const runs = brokers.map(() => []);
  const failures = new Map();
  for (let round = 0; round < Math.min(3, plan.rounds); round++)
    for (const [index, broker] of brokers.entries()) {
      if (failures.has(index)) continue;
      await oneRound(broker, { ...plan, ...plan.topics[index] }).then(
        (run) => runs[index].push(run),
        (error) => failures.set(index, failedFigure(error)),
      );
    }
  return runs.map((all, index) => failures.get(index) ?? figureOf(all));
}

/** A broker puts a new partition where the fewest are: so one of two lies on each disk. */
async function placeTopics(broker, slowDir) {
  const topics = ['bench-one', 'bench-other'];
  for (const topic of topics) {
    await createTopic(broker.bootstrap, { topic });
    for (let tries = 0; broker.folderOf(topic) === null && tries < 100; tries++) await sleep(100);
  }
  const isSlow = (topic) => broker.folderOf(topic)?.startsWith(slowDir) === true;
  const [flooded, quick] = [topics.find(isSlow), topics.find((topic) => !isSlow(topic))];
  if (flooded === undefined || quick === undefined)
    throw new Error(`${broker.name} put both partitions into one log.dir`);
  return { flooded, quick };
}

function clientsOf({ bootstrap }, { clientCpu: cpu }, { quick: topic }) {
  return { bootstrap, topic, cpu, bytesPerSecond, withConsumer: true };
}

async function oneRound(broker, plan) {
  const { bootstrap } = broker;
  const { clientCpu: cpu, scale, flooded, slow } = plan;
  const counted = Math.max(5, seconds * Math.min(1, scale));
  const options = { ...clientsOf(broker, plan, plan), seconds: counted };
  slow.flush();
  const alone = await steadyLatency(options).report;
  const flood = startFlood({ bootstrap, topic: flooded, cpu });
  try {
    await sleep(floodMs);
    const [before, startedAt] = [slow.writtenBytes(), performance.now()];
    const beside = await steadyLatency(options).report;
    const rate = (slow.writtenBytes() - before) / (performance.now() - startedAt) / 1e3;
    if (rate < disk.bytesPerSecond / 2e6)
      throw new Error(`the slow disk was not busy: ${rate.toFixed(1)} MB/s`);
    return { alone, beside, rate };
  } finally {
    flood.end();
    await flood.output;
  }
}

function figureOf(runs) {
  const ratio = (kind) =>
    median(runs.map(({ alone, beside }) => beside[kind].p99 / alone[kind].p99)).toFixed(2);
  const text = (kind) =>
    ['alone', 'beside']
      .map((which) => milliseconds(median(runs.map((run) => run[which][kind].p99))))
      .join(' -> ');
  return {
    rate: `${ratio('produce')}x; ${ratio('fetch')}x`,
    cost: `p99 produce ${text('produce')}, fetch ${text('fetch')} ms`,
    costTotal: null,
  };
}
