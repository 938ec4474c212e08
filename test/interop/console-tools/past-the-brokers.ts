/* eslint-disable jest/no-export -- a part of the scenario that console-tools.test.ts puts together */
/** The topic tool of Kafka 2.8.1 may write to ZooKeeper itself; the brokers are to follow. */

import { expect, it } from '@jest/globals';
import type { Cluster } from '../support/cluster.ts';
import { consumeKeyed, produceKeyed, untilUnlisted } from '../support/console.ts';
import { linesOf, textRecords, valuesByKey } from '../support/records.ts';
import { KafkaTools, runTool } from '../support/kafka-tool.ts';

export function pastTheBrokers(cluster: () => Cluster): void {
  it('creates, lists and deletes a topic by ZooKeeper, and the broker follows', async () => {
    const past = async (...args: string[]): Promise<string> => {
      const address = ['--zookeeper', cluster().zookeeperConnect ?? ''];
      const { code, stdout, stderr } = await runTool('2.8.1', 'topics', [...address, ...args]);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('ERROR')]);
      return stdout;
    };
    const tools = new KafkaTools('3.9.1', cluster().bootstrap);
    const settings = ['--partitions', '2', '--replication-factor', '1'];
    expect(await past('--create', '--topic', 'past', ...settings)).toContain('Created topic past.');
    expect(linesOf(await past('--list'))).toContain('past');
    const records = textRecords('past', 30);
    await produceKeyed(tools, 'past', records);
    const read = await consumeKeyed(tools, 'past', ['--max-messages', '30']);
    expect(valuesByKey(read)).toEqual(valuesByKey(records));
    await past('--delete', '--topic', 'past');
    await expect(untilUnlisted(tools, 'past')).resolves.toBe(true);
  });
}
