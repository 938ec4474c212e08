/**
 * The command-line tools of Apache Kafka 2.8.1, 3.9.1 and 4.3.1 against the broker: the everyday work with
 * topics, records, groups and configuration, and what a refused request looks like to its user.
 */

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { apacheVersion } from './support/broker-under-test.ts';
import type { Cluster } from './support/cluster.ts';
import { oneBroker, startCluster, threeBrokers } from './support/cluster.ts';
import { kafkaVersions } from './support/java.ts';
import type { TextRecord } from './support/records.ts';
import { linesOf, textRecords, toLines, valuesByKey } from './support/records.ts';
import { KafkaTools, runTool } from './support/kafka-tool.ts';

jest.setTimeout(120_000);

const keyed = ['--property', 'parse.key=true', '--property', 'key.separator=:'];
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

describe.each([oneBroker, threeBrokers])('against $name', (deployment) => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(deployment);
  });

  afterAll(async () => {
    await cluster.stop();
  });

  describe.each(kafkaVersions)('the tools of Kafka %s', (version) => {
    const topic = `events-${version}`;
    const group = `readers-${version}`;
    const records = textRecords(`first-${version}`, 100);
    let tools: KafkaTools;

    beforeAll(() => {
      tools = new KafkaTools(version, cluster.bootstrap);
    });

    it('create, list and describe a topic', async () => {
      const settings = ['--partitions', '3', '--config', 'retention.ms=86400000'];
      const created = await tools.output('topics', ['--create', '--topic', topic, ...settings]);
      expect(created).toContain(`Created topic ${topic}.`);
      expect(linesOf(await tools.output('topics', ['--list']))).toContain(topic);
      const [head = '', ...partitions] = linesOf(
        await tools.output('topics', ['--describe', '--topic', topic]),
      );
      expect(head).toMatch(/PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention.ms=86400000/);
      expect(partitions).toHaveLength(3);
      for (const line of partitions) expect(line).toMatch(/Leader: (\d)\s+Replicas: \1\s+Isr: \1/);
      const leaders = new Set(partitions.map((line) => /Leader: (\d)/.exec(line)?.[1]));
      expect(leaders.size).toBe(deployment.brokerCount);
    });

    it('write records with keys, and read them in a group', async () => {
      await tools.output('console-producer', ['--topic', topic, ...keyed], toLines(records));
      const read = await consumeKeyed(tools, topic, ['--group', group, '--max-messages', '100']);
      expect(valuesByKey(read)).toEqual(valuesByKey(records));
    });

    it('go on where the group has stopped', async () => {
      const more = textRecords(`second-${version}`, 20);
      await tools.output('console-producer', ['--topic', topic, ...keyed], toLines(more));
      const read = await consumeKeyed(tools, topic, ['--group', group, '--max-messages', '20']);
      expect(valuesByKey(read)).toEqual(valuesByKey(more));
    });

    it('show the group, its offsets and its lag', async () => {
      expect(linesOf(await tools.output('consumer-groups', ['--list']))).toContain(group);
      const described = await tools.output('consumer-groups', ['--describe', '--group', group]);
      const rows = linesOf(described).map((line) => line.trim().split(/\s+/));
      const partitions = rows.filter(([first, second]) => first === group && second === topic);
      expect(partitions.map((row) => row[2]).sort()).toEqual(['0', '1', '2']);
      expect(partitions.map((row) => row[5])).toEqual(['0', '0', '0']);
      expect(sum(partitions.map((row) => Number(row[3])))).toBe(120);
      expect(sum(partitions.map((row) => Number(row[4])))).toBe(120);
    });

    it('show the offsets of the partitions', async () => {
      const latest = await offsets(tools, topic, '-1');
      expect([...latest.keys()].sort()).toEqual(['0', '1', '2']);
      expect(sum([...latest.values()])).toBe(120);
      expect([...(await offsets(tools, topic, '-2')).values()]).toEqual([0, 0, 0]);
      // From a time in the future on there is nothing.
      expect(sum([...(await offsets(tools, topic, '4000000000000')).values()])).toBe(0);
    });

    it("change and show a topic's configuration", async () => {
      const entity = ['--entity-type', 'topics', '--entity-name', topic];
      const change = ['--alter', '--add-config', 'retention.ms=3600000,max.message.bytes=200000'];
      await tools.output('configs', [...entity, ...change]);
      const changed = await tools.output('configs', [...entity, '--describe']);
      expect(changed).toMatch(/^\s*retention\.ms=3600000 .*DYNAMIC_TOPIC_CONFIG:retention\.ms=3600000/m);
      expect(changed).toContain('max.message.bytes=200000');
      await tools.output('configs', [...entity, '--alter', '--delete-config', 'retention.ms']);
      const removed = await tools.output('configs', [...entity, '--describe']);
      expect(removed).not.toContain('retention.ms');
      expect(removed).toContain('max.message.bytes=200000');
    });

    it('say which value of a configuration is refused', async () => {
      const entity = ['--entity-type', 'topics', '--entity-name', topic];
      const change = ['--alter', '--add-config', 'retention.ms=soon'];
      const { code, stdout, stderr } = await tools.run('configs', [...entity, ...change]);
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(/InvalidConfigurationException|InvalidRequestException/);
      expect(stdout + stderr).toMatch(/Invalid value soon for configuration retention\.ms/);
    });

    it('show what the brokers support', async () => {
      const output = await tools.output('broker-api-versions', []);
      for (const { address, id } of cluster.brokers) {
        expect(output).toContain(`${address} (id: ${String(id)} rack: null`);
      }
      for (const api of ['Produce(0)', 'Fetch(1)', 'Metadata(3)', 'JoinGroup(11)', 'ApiVersions(18)']) {
        const lines = linesOf(output).filter((line) => line.includes(`${api}: `));
        expect(lines).toHaveLength(deployment.brokerCount);
        for (const line of lines) expect(line).toMatch(/\[usable: \d+\]/);
      }
    });

    it('say why a topic cannot be made', async () => {
      const copies = String(apacheVersion === null ? 3 : deployment.brokerCount + 1);
      const settings = ['--partitions', '1', '--replication-factor', copies];
      const refused = await tools.run('topics', ['--create', '--topic', 'copied', ...settings]);
      expect(refused.code).toBe(1);
      expect(refused.stdout).toMatch(/^Error while executing topic command : .*replication factor/im);
      expect(refused.stderr).toMatch(/InvalidReplicationFactorException/);
      const again = await tools.run('topics', ['--create', '--topic', topic]);
      expect(again.code).toBe(1);
      expect(again.stdout).toContain(`Topic '${topic}' already exists.`);
      const misnamed = await tools.run('topics', ['--create', '--topic', 'a/b']);
      expect(misnamed.code).toBe(1);
      expect(misnamed.stdout).toContain('a/b');
      expect(linesOf(await tools.output('topics', ['--list']))).not.toContain('copied');
    });

    it('delete a topic', async () => {
      await tools.output('topics', ['--create', '--topic', `short-${version}`]);
      await tools.output('topics', ['--delete', '--topic', `short-${version}`]);
      await expect(untilUnlisted(tools, `short-${version}`)).resolves.toBe(true);
    });
  });

  describe.each(kafkaVersions)('the console producer of Kafka %s', (version) => {
    it.each(codecs)('writes with compression %s what every console consumer reads', async (codec) => {
      const topic = `packed-${version}-${codec}`;
      const records = textRecords(`${version}-${codec}`, 200);
      const writer = new KafkaTools(version, cluster.bootstrap);
      const settings = ['--topic', topic, '--compression-codec', codec, ...keyed];
      await writer.output('console-producer', settings, toLines(records));
      // Each codec meets each reader once, over the versions of the producers.
      const reader = kafkaVersions[(codecs.indexOf(codec) + kafkaVersions.indexOf(version)) % 3] ?? version;
      const tools = new KafkaTools(reader, cluster.bootstrap);
      expect(await consumeKeyed(tools, topic, ['--max-messages', '200'])).toEqual(records);
    });

    it.each(['0', '1', 'all'])('writes with acks=%s', async (acks) => {
      const topic = `acks-${version}-${acks}`;
      const records = textRecords(`${version}-${acks}`, 50);
      const tools = new KafkaTools(version, cluster.bootstrap);
      await tools.output('topics', ['--create', '--topic', topic]);
      const settings = ['--topic', topic, '--request-required-acks', acks, ...keyed];
      await tools.output('console-producer', settings, toLines(records));
      expect(await consumeKeyed(tools, topic, ['--max-messages', '50'])).toEqual(records);
    });
  });
});

describe('the topic tool of Kafka 2.8.1, past the brokers', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ ...threeBrokers, brokerCount: 1 });
  });

  afterAll(async () => {
    await cluster.stop();
  });

  it('creates, lists and deletes a topic by ZooKeeper, and the broker follows', async () => {
    const past = async (...args: string[]): Promise<string> => {
      const address = ['--zookeeper', cluster.zookeeperConnect ?? ''];
      const { code, stdout, stderr } = await runTool('2.8.1', 'topics', [...address, ...args]);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('ERROR')]);
      return stdout;
    };
    const tools = new KafkaTools('3.9.1', cluster.bootstrap);
    const settings = ['--partitions', '2', '--replication-factor', '1'];
    expect(await past('--create', '--topic', 'past', ...settings)).toContain('Created topic past.');
    expect(linesOf(await past('--list'))).toContain('past');
    const records = textRecords('past', 30);
    await tools.output('console-producer', ['--topic', 'past', ...keyed], toLines(records));
    const read = await consumeKeyed(tools, 'past', ['--max-messages', '30']);
    expect(valuesByKey(read)).toEqual(valuesByKey(records));
    await past('--delete', '--topic', 'past');
    await expect(untilUnlisted(tools, 'past')).resolves.toBe(true);
  });
});

/** From the beginning, unless the group has an offset. The time limit is for tests that fail. */
async function consumeKeyed(
  tools: KafkaTools,
  topic: string,
  args: readonly string[],
): Promise<readonly TextRecord[]> {
  const format = ['--property', 'print.key=true', '--property', 'key.separator=:'];
  const options = ['--topic', topic, '--from-beginning', '--timeout-ms', '20000', ...format];
  const output = await tools.output('console-consumer', [...options, ...args]);
  return linesOf(output).map((line) => {
    const [key = '', value = ''] = line.split(':');
    return { key, value };
  });
}

/** By partition. */
async function offsets(
  tools: KafkaTools,
  topic: string,
  time: string,
): Promise<ReadonlyMap<string, number>> {
  const output = await tools.output('get-offsets', ['--topic', topic, '--time', time]);
  return new Map(
    linesOf(output).map((line) => {
      const [, partition = '', offset = ''] = line.split(':');
      return [partition, Number(offset)];
    }),
  );
}

/** A deletion is asked for, and done a moment later: asked a few times, then it is false. */
async function untilUnlisted(tools: KafkaTools, topic: string): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    if (!linesOf(await tools.output('topics', ['--list'])).includes(topic)) return true;
  }
  return false;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
