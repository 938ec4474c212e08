/**
 * The command-line tools of Apache Kafka 2.8.1, 3.9.1 and 4.3.1 against the broker: the everyday work with
 * topics, records, groups and configuration, and the tool that reads the files of a partition.
 */

import { afterAll, beforeAll, describe, jest } from '@jest/globals';
import { compressionAndAcks } from './console-tools/compression-and-acks.ts';
import { everydayWork } from './console-tools/everyday-work.ts';
import { logFiles } from './console-tools/log-files.ts';
import { pastTheBrokers } from './console-tools/past-the-brokers.ts';
import type { Cluster } from './support/cluster.ts';
import { oneBroker, startCluster, threeBrokers } from './support/cluster.ts';

jest.setTimeout(120_000);

describe.each([oneBroker, threeBrokers])('against $name', (deployment) => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(deployment);
  });

  afterAll(async () => {
    await cluster.stop();
  });

  everydayWork(deployment, () => cluster);
  if (deployment.store === 'embedded') compressionAndAcks(() => cluster);
  else pastTheBrokers(() => cluster);
  // Last: it stops and kills the brokers, and reads what all the tests before have left.
  logFiles(() => cluster);
});
