/** A broker that is registered in a cluster with topics, and that no controller has told of them yet. */

import { describe, expect, it } from '@jest/globals';
import { ConnectionError } from '../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { metadata } from '../../broker/protocol/messages/metadata.ts';
import { ZERO_UUID } from '../../broker/protocol/wire/uuid.ts';
import { brokerPath, paths, persistentPaths, topicPath } from '../../broker/zookeeper/paths.ts';
import { ensurePaths } from '../../broker/zookeeper/persistent.ts';
import { watchData } from '../../broker/zookeeper/watches.ts';
import { encodeController } from '../../broker/zookeeper/znodes/controller.ts';
import { batchOf, produceTo } from '../support/requests.ts';
import type { TestBroker } from '../support/test-broker.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import { testClusters } from '../support/test-cluster.ts';

const open = testClusters();
const request = {
  topics: [{ name: 'orders', topicId: ZERO_UUID }],
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
};

/** It is registered; its start goes on. */
async function registered(cluster: TestCluster): Promise<TestBroker> {
  const broker = cluster.make(1);
  broker.broker.start().catch(() => undefined);
  await new Promise<void>((resolve) => {
    const watch = watchData(cluster.session, brokerPath(1), (node) => {
      if (node === null) return;
      watch.stop();
      resolve();
    });
  });
  return broker;
}

async function clusterWithTopic(): Promise<TestCluster> {
  const cluster = await open();
  await ensurePaths(cluster.session, persistentPaths);
  const data = JSON.stringify({ version: 1, partitions: { '0': [1] } });
  await cluster.session.create(topicPath('orders'), Buffer.from(data));
  return cluster;
}

describe('a broker without news of its controller', () => {
  it('neither calls a topic unknown nor answers what there is', async () => {
    const cluster = await clusterWithTopic();
    // Of a broker that does nothing.
    const silent = encodeController({ brokerId: 9, timestampMs: 1 });
    await cluster.session.create(paths.controller, silent, { ephemeral: true });
    const broker = await registered(cluster);
    const client = await broker.connect();
    const produced = await produceTo(client, 'orders', batchOf(['a']));
    expect(produced.errorCode).toBe(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    await expect(client.send(metadata, 9, request)).rejects.toBeInstanceOf(ConnectionError);
  });

  it('answers who has waited as soon as there is one', async () => {
    const cluster = await clusterWithTopic();
    const broker = await registered(cluster);
    const client = await broker.connect();
    const { topics } = await client.send(metadata, 9, request);
    expect(topics).toMatchObject([{ errorCode: 0, partitions: [{ leaderId: 1 }] }]);
  });
});
