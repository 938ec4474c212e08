/* eslint-disable jest/no-export -- a part of the scenario that clients.test.ts puts together */
/** The Java client: every step of java/InteropClient.java's walk. */

import { expect, it } from '@jest/globals';
import type { Cluster } from '../support/cluster.ts';
import { kafkaVersions } from '../support/java.ts';
import { runJavaClient } from '../support/java-client.ts';
import { linesOf } from '../support/records.ts';

const steps = [
  'describeCluster',
  'createTopics',
  'describeTopics',
  'describeConfigs, incrementalAlterConfigs',
  ...['none', 'gzip', 'snappy', 'lz4', 'zstd'].map((codec) => `send ${codec}`),
  'read what was sent, in order',
  'beginningOffsets, endOffsets',
  'offsetsForTimes',
  'seek',
  'commit and resume',
  'listConsumerGroups, describeConsumerGroups, listConsumerGroupOffsets',
  'deleteTopics',
];

export function javaClients(cluster: () => Cluster): void {
  it.each(kafkaVersions)('the Java client %s does all that applications do', async (version) => {
    const args = ['walk', cluster().bootstrap, `walk-${version}`];
    const { code, stdout, stderr } = await runJavaClient(version, args);
    expect(linesOf(stdout)).toEqual(steps.map((step) => `ok ${step}`));
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/ERROR|Exception/)]);
  });
}
