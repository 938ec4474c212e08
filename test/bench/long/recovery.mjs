/** kill -9 under load's end, with everything just written: how long until every partition answers again. */

import { setTimeout as sleep } from 'node:timers/promises';

import { produceLarge } from '../cells.mjs';
import { roomMissing } from './disk-room.mjs';
import { oneByOne } from './long-cell.mjs';
import { allPartitionsServed } from './partition-offsets.mjs';
import { createTopic } from './topics.mjs';

const name = 'recovery';
const writtenBytes = 10e9;
const partitionCount = 8;
const limitMs = 600_000;
/**
 * A broker that was killed is registered until its ZooKeeper session has timed out, and Apache Kafka refuses to
 * start before. Both brokers wait as long.
 */
const sessionMs = 6000;
const sessionGraceMs = 3000;
const topic = 'bench-recovery';

/** @type {import('./long-cell.mjs').LongCell} */
export const recoveryCell = {
  name,
  description:
    'kill -9 with 10 GB written to 8 partitions in segments of 1 GiB; from the start of the process until every partition answers, with every acknowledged record (one run)',
  wanted: '< 5 s',
  measure,
};

async function measure(plan) {
  const bytes = writtenBytes * plan.scale;
  // One broker after the other, but their folders stay until the end.
  const missing = roomMissing(plan.folder, bytes * plan.kinds.length);
  const properties = () => ({ 'zookeeper.session.timeout.ms': String(sessionMs) });
  return (
    missing ?? oneByOne(plan, { name, properties }, (broker) => measureOne(broker, plan, bytes))
  );
}

async function measureOne(broker, { clientCpu: cpu, scale }, bytes) {
  const { bootstrap, port } = broker;
  const segmentBytes = String(Math.round(2 ** 30 * Math.min(1, scale)));
  const settings = { 'retention.bytes': '-1', 'segment.bytes': segmentBytes };
  await createTopic(bootstrap, { topic, partitions: partitionCount, settings });
  await allPartitionsServed(port, { topic, count: partitionCount, limitMs });
  const { count } = await produceLarge({ bootstrap, topic, cpu, limitMs }, bytes);
  await broker.kill();
  await sleep(sessionMs + sessionGraceMs);
  const startedAt = performance.now();
  await broker.startAgain();
  const found = await allPartitionsServed(port, { topic, count: partitionCount, limitMs });
  const seconds = (performance.now() - startedAt) / 1000;
  if (found < count) throw new Error(`${count - found} of ${count} acknowledged records are lost`);
  const { user, system } = broker.cpuSeconds();
  return {
    rate: `${seconds.toFixed(2)} s`,
    cost: `${user.toFixed(1)} + ${system.toFixed(1)} s`,
    costTotal: null,
  };
}
