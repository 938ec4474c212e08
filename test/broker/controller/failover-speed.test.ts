/** How long a controller takes for 2,000 partitions; printed, not judged: see the benchmarks. */

import { afterEach, expect, it } from '@jest/globals';
import { systemClock } from '../../../broker/platform/clock.ts';
import { ControllerCluster, FakeBroker, json } from './cluster-fixture.ts';
import { topicPath } from '../../../broker/zookeeper/paths.ts';

const TOPICS = 200;
const PARTITIONS = 10;

let cluster: ControllerCluster | null = null;

afterEach(async () => {
  await cluster?.stop();
});

it('takes over 2,000 partitions, and moves those of a broker that dies or stops', async () => {
  cluster = await ControllerCluster.start();
  const brokers = [1, 2, 3].map((id) => new FakeBroker(id));
  for (const broker of brokers) await cluster.join(broker);
  const [first, second, third] = brokers;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three');
  const partitions: Record<string, number[]> = {};
  for (let index = 0; index < PARTITIONS; index += 1) {
    partitions[String(index)] = [0, 1, 2].map((place) => ((index + place) % 3) + 1);
  }
  const data = json({ version: 1, partitions });
  const names = Array.from({ length: TOPICS }, (_, index) => `topic-${String(index)}`);
  const timed = async (what: string, step: () => Promise<unknown>): Promise<void> => {
    const begin = systemClock.monotonicMs();
    await step();
    await cluster?.settle();
    const elapsed = Math.round(systemClock.monotonicMs() - begin);
    process.stdout.write(`${what}: ${String(elapsed)} ms, brokers in this process included\n`);
  };
  const led = async (name: string): Promise<unknown> => (await cluster?.state(name, 9))?.['leader'];
  const until = async (isDone: () => Promise<boolean>): Promise<void> => {
    for (let count = 0; count < 500 && !(await isDone()); count += 1) await cluster?.settle(10);
  };
  await timed('creation', async () => {
    for (const name of names) void cluster?.session.create(topicPath(name), data);
    await until(async () => (await led(names.at(-1) ?? '')) === 1);
  });
  await timed('controlled shutdown of a third of 2,000', async () => {
    await cluster?.controller.controlledShutdown({ brokerId: 3, brokerEpoch: -1 });
  });
  await timed('death of another broker', () => cluster?.leave(second) ?? Promise.resolve());
  await timed('failover of the controller', async () => {
    await cluster?.leave(first);
    await until(async () => (await led(names.at(-1) ?? '')) === -1);
  });
  expect(await cluster.controllerEpoch()).toBeGreaterThan(1);
}, 60_000);
