/* eslint-disable jest/no-export -- a part of the scenario that console-tools.test.ts puts together */
/** Topics, records, groups and configuration with the tools of one version, and how a refusal looks to its user. */

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster, Deployment } from '../support/cluster.ts';
import { consumeKeyed, offsets, produceKeyed, untilUnlisted } from '../support/console.ts';
import { kafkaVersions } from '../support/java.ts';
import { linesOf, textRecords, valuesByKey } from '../support/records.ts';
import { KafkaTools } from '../support/kafka-tool.ts';

export function everydayWork(deployment: Deployment, cluster: () => Cluster): void {
  describe.each(kafkaVersions)('the tools of Kafka %s', (version) => {
    const topic = `events-${version}`;
    const group = `readers-${version}`;
    const records = textRecords(`first-${version}`, 100);
    let tools: KafkaTools;

    beforeAll(() => {
      tools = new KafkaTools(version, cluster().bootstrap);
    });

    it('create, list and describe a topic', async () => {
      const settings = ['--partitions', '3', '--config', 'retention.ms=86400000'];
      const created = await tools.output('topics', ['--create', '--topic', topic, ...settings]);
      expect(created).toContain(`Created topic ${topic}.`);
      expect(linesOf(await tools.output('topics', ['--list']))).toContain(topic);
      const [head = '', ...partitions] = linesOf(
        await tools.output('topics', ['--describe', '--topic', topic]),
      );
      expect(head).toMatch(
        /PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention.ms=86400000/,
      );
      expect(partitions).toHaveLength(3);
      for (const line of partitions) expect(line).toMatch(/Leader: (\d)\s+Replicas: \1\s+Isr: \1/);
      const leaders = new Set(partitions.map((line) => /Leader: (\d)/.exec(line)?.[1]));
      expect(leaders.size).toBe(deployment.brokerCount);
    });

    it('write records with keys, and read them in a group', async () => {
      await produceKeyed(tools, topic, records);
      const read = await consumeKeyed(tools, topic, ['--group', group, '--max-messages', '100']);
      expect(valuesByKey(read)).toEqual(valuesByKey(records));
    });

    it('go on where the group has stopped', async () => {
      const more = textRecords(`second-${version}`, 20);
      await produceKeyed(tools, topic, more);
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
      expect(changed).toMatch(
        /^\s*retention\.ms=3600000 .*DYNAMIC_TOPIC_CONFIG:retention\.ms=3600000/m,
      );
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
      for (const { address, id } of cluster().brokers) {
        expect(output).toContain(`${address} (id: ${String(id)} rack: null`);
      }
      for (const api of [
        'Produce(0)',
        'Fetch(1)',
        'Metadata(3)',
        'JoinGroup(11)',
        'ApiVersions(18)',
      ]) {
        const lines = linesOf(output).filter((line) => line.includes(`${api}: `));
        expect(lines).toHaveLength(deployment.brokerCount);
        for (const line of lines) expect(line).toMatch(/\[usable: \d+\]/);
      }
    });

    it('say why a topic cannot be made', async () => {
      const copies = String(deployment.brokerCount + 1);
      const settings = ['--partitions', '1', '--replication-factor', copies];
      const refused = await tools.run('topics', ['--create', '--topic', 'copied', ...settings]);
      expect(refused.code).toBe(1);
      expect(refused.stdout).toMatch(
        /^Error while executing topic command : .*replication factor/im,
      );
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
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
