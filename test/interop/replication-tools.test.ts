/**
 * The command-line tools of Apache Kafka 2.8.1, 3.9.1 and 4.3.1 for replicas and their leaders, against
 * three brokers on ZooKeeper: reassignments with throttles, that end, are cancelled, or were written
 * to ZooKeeper past the brokers; preferred leaders; and partitions that lack replicas.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Cluster } from './support/cluster.ts';
import { startCluster, threeBrokers } from './support/cluster.ts';
import { consumeKeyed, produceKeyed } from './support/console.ts';
import { kafkaVersions } from './support/java.ts';
import { KafkaTools, runTool } from './support/kafka-tool.ts';
import { linesOf, textRecords, valuesByKey } from './support/records.ts';

jest.setTimeout(120_000);

const TWO_MEGABYTES = 2 * 1024 * 1024;
const RECORD_SIZE = 50_000;

let cluster: Cluster;
let folder: string;

beforeAll(async () => {
  // Leaders move when the tests say so.
  cluster = await startCluster(threeBrokers, { 'auto.leader.rebalance.enable': 'false' });
  folder = await mkdtemp(join(tmpdir(), 'odradek-reassign-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await cluster.stop();
});

/** The file that the tool reads, for partition 0 of the topic. */
async function planOf(topic: string, replicas: readonly number[]): Promise<string> {
  const path = join(folder, `${topic}-${replicas.join('-')}.json`);
  const partitions = [{ topic, partition: 0, replicas }];
  await writeFile(path, JSON.stringify({ version: 1, partitions }));
  return path;
}

/** Runs `--verify` until it says that the reassignment is over; what it printed last. */
async function untilComplete(verify: () => Promise<string>): Promise<string> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const output = await verify();
    if (/Reassignment of partition \S+ is (complete|completed)/.test(output)) return output;
  }
  throw new Error('the reassignment does not end');
}

describe.each(kafkaVersions)('the tools of Kafka %s', (version) => {
  const topic = `moved-${version}`;
  const records = textRecords(version, 50);
  let tools: KafkaTools;

  /** The line of partition 0. */
  async function described(): Promise<string> {
    const lines = linesOf(await tools.output('topics', ['--describe', '--topic', topic]));
    return lines.find((line) => line.includes('Partition: 0')) ?? '';
  }

  async function reassign(action: readonly string[], replicas: readonly number[]): Promise<string> {
    const plan = ['--reassignment-json-file', await planOf(topic, replicas)];
    return tools.output('reassign-partitions', [...action, ...plan]);
  }

  beforeAll(async () => {
    tools = new KafkaTools(version, cluster.bootstrap);
    const placement = ['--replica-assignment', '1:2'];
    await tools.output('topics', ['--create', '--topic', topic, ...placement]);
    await produceKeyed(tools, topic, records, ['--request-required-acks', 'all']);
  });

  it('move replicas with a throttle, and take the throttle away when that is done', async () => {
    const started = await reassign(['--execute', '--throttle', '50000000'], [3, 2]);
    expect(started).toContain('Successfully started partition reassignment');
    const verified = await untilComplete(() => reassign(['--verify'], [3, 2]));
    expect(verified).toMatch(/Clearing broker-level throttles on brokers? 1,2,3/);
    expect(verified).toContain(`Clearing topic-level throttles on topic ${topic}`);
    expect(await described()).toMatch(/Leader: 3\s+Replicas: 3,2\s+Isr: (2,3|3,2)/);
    const options = ['--entity-type', 'topics', '--entity-name', topic, '--describe'];
    expect(await tools.output('configs', options)).not.toContain('throttled');
    const read = await consumeKeyed(tools, topic, ['--max-messages', '50']);
    expect(valuesByKey(read)).toEqual(valuesByKey(records));
  });

  it('elect the preferred leader', async () => {
    // The same replicas in another order: the leader stays.
    await reassign(['--execute'], [2, 3]);
    await untilComplete(() => reassign(['--verify'], [2, 3]));
    expect(await described()).toMatch(/Leader: 3\s+Replicas: 2,3/);
    const options = ['--election-type', 'preferred', '--topic', topic, '--partition', '0'];
    const elected = await tools.output('leader-election', options);
    expect(elected).toContain('Successfully completed leader election (PREFERRED) for partitions');
    expect(await described()).toMatch(/Leader: 2\s+Replicas: 2,3/);
    const again = await tools.output('leader-election', options);
    expect(again).toContain('Valid replica already elected for partitions');
  });

  it('show a reassignment that is held back, and cancel it', async () => {
    const large = Array.from({ length: TWO_MEGABYTES / RECORD_SIZE }, (_, place) => ({
      key: `large-${String(place)}`,
      value: 'x'.repeat(RECORD_SIZE),
    }));
    await produceKeyed(tools, topic, large);
    await reassign(['--execute', '--throttle', '1'], [1, 3]);
    const listed = await tools.output('reassign-partitions', ['--list']);
    expect(listed).toMatch(new RegExp(`${topic}-0: replicas: .*adding: 1\\..*removing: 2\\.`));
    const verified = await reassign(['--verify'], [1, 3]);
    expect(verified).toContain(`Reassignment of partition ${topic}-0 is still in progress`);
    const cancelled = await reassign(['--cancel'], [1, 3]);
    expect(cancelled).toContain(`Successfully cancelled partition reassignment for: ${topic}-0`);
    expect(await described()).toMatch(/Leader: 2\s+Replicas: (2,3|3,2)\s+Isr: (2,3|3,2)/);
    expect(await tools.output('reassign-partitions', ['--list'])).toContain(
      'No partition reassignments found.',
    );
  });
});

describe('the tool of Kafka 2.8.1 past the brokers', () => {
  it('moves replicas by ZooKeeper, and a broker carries it out', async () => {
    const topic = 'past';
    const tools = new KafkaTools('3.9.1', cluster.bootstrap);
    const placement = ['--replica-assignment', '1:2'];
    await tools.output('topics', ['--create', '--topic', topic, ...placement]);
    const plan = ['--reassignment-json-file', await planOf(topic, [3, 1])];
    const past = async (action: string): Promise<string> => {
      const address = ['--zookeeper', cluster.zookeeperConnect ?? ''];
      const args = [...address, action, ...plan];
      const { code, stdout, stderr } = await runTool('2.8.1', 'reassign-partitions', args);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('ERROR')]);
      return stdout;
    };
    expect(await past('--execute')).toContain('Successfully started partition reassignment');
    await untilComplete(() => past('--verify'));
    const described = await tools.output('topics', ['--describe', '--topic', topic]);
    expect(described).toMatch(/Leader: [13]\s+Replicas: 3,1\s+Isr: (1,3|3,1)/);
  });
});

describe('partitions that lack a replica', () => {
  it('are listed until it is back', async () => {
    const tools = kafkaVersions.map((version) => new KafkaTools(version, cluster.bootstrap));
    const listed = (tool: KafkaTools): Promise<string> =>
      tool.output('topics', ['--describe', '--under-replicated-partitions']);
    const third = cluster.brokers.find(({ id }) => id === 3);
    await third?.stop();
    for (const tool of tools) {
      expect(await listed(tool)).toMatch(
        /Topic: past\s+Partition: 0\s+Leader: 1\s+Replicas: 3,1\s+Isr: 1\s/,
      );
    }
    await third?.start();
    for (const tool of tools) {
      let output = await listed(tool);
      for (let attempt = 0; attempt < 10 && output.trim() !== ''; attempt += 1) {
        output = await listed(tool);
      }
      expect(output.trim()).toBe('');
    }
  });
});
