/** What an administrator asks of the controller, and what every broker and its folder then have to show. */

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { deleteTopics } from '../../../broker/protocol/messages/delete-topics.ts';
import { describeConfigs } from '../../../broker/protocol/messages/describe-configs.ts';
import { electLeaders } from '../../../broker/protocol/messages/elect-leaders.ts';
import { incrementalAlterConfigs } from '../../../broker/protocol/messages/incremental-alter-configs.ts';
import { makeTopic, only } from '../../support/requests.ts';
import { until } from '../support/until.ts';
import { withConnection } from '../takeover/connection.ts';
import { hasPreferredLeader } from './cluster-view.ts';
import type { MixedCluster } from './mixed-cluster.ts';

const ELECTION_NOT_NEEDED = 84;
const timeoutMs = 20_000;
const topicResource = 2;
const alteredKey = 'max.message.bytes';

/** A topic comes, is altered, and goes; the leaders are the preferred ones afterwards. */
export async function administer(cluster: MixedCluster, controllerId: number): Promise<void> {
  const topic = `administered-${String(Date.now())}`;
  await createTopic(cluster, controllerId, topic);
  // By a broker that is not the controller.
  const other = cluster.members.find(({ id }) => id !== controllerId)?.address ?? '';
  await alterTopic(cluster, other, { topic, value: '543210' });
  await electPreferredLeaders(cluster, controllerId);
  await deleteTopic(cluster, controllerId, topic);
}

export async function createTopic(
  cluster: MixedCluster,
  controllerId: number,
  topic: string,
  numPartitions = 3,
): Promise<void> {
  await withConnection(cluster.member(controllerId).address, async (connection) => {
    await makeTopic(connection, topic, { numPartitions, replicationFactor: 3 });
  });
  await cluster.settled([topic]);
}

async function electPreferredLeaders(cluster: MixedCluster, controllerId: number): Promise<void> {
  const request = { electionType: 0, topicPartitions: null, timeoutMs };
  const answer = await withConnection(cluster.member(controllerId).address, (connection) =>
    connection.send(electLeaders, 2, request),
  );
  assert.equal(answer.errorCode, 0, 'leaders can be elected');
  const failed = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult
      .filter(({ errorCode }) => errorCode !== 0 && errorCode !== ELECTION_NOT_NEEDED)
      .map((result) => `${topic}-${String(result.partitionId)}: ${String(result.errorCode)}`),
  );
  assert.deepEqual(failed, [], 'every preferred leader is elected');
  await until('every broker knows the preferred leaders', async () => {
    const views = await cluster.views();
    return views.every(({ partitions }) => partitions.every(hasPreferredLeader));
  });
}

async function alterTopic(
  cluster: MixedCluster,
  address: string,
  { topic, value }: { readonly topic: string; readonly value: string },
): Promise<void> {
  const configs = [{ name: alteredKey, configOperation: 0, value }];
  const resources = [{ resourceType: topicResource, resourceName: topic, configs }];
  const answer = await withConnection(address, (connection) =>
    connection.send(incrementalAlterConfigs, 1, { resources, validateOnly: false }),
  );
  assert.equal(only(answer.responses).errorCode, 0, 'a topic can be altered');
  await until(`every broker has ${alteredKey} of ${topic}`, async () => {
    const values = await Promise.all(
      cluster.members.map((member) => alteredValue(member.address, topic)),
    );
    return values.every((each) => each === value);
  });
}

async function alteredValue(address: string, resourceName: string): Promise<string | null> {
  const resource = { resourceType: topicResource, resourceName, configurationKeys: [alteredKey] };
  const request = { resources: [resource], includeSynonyms: false, includeDocumentation: false };
  const answer = await withConnection(address, (connection) =>
    connection.send(describeConfigs, 4, request),
  );
  return only(only(answer.results).configs).value;
}

async function deleteTopic(
  cluster: MixedCluster,
  controllerId: number,
  topic: string,
): Promise<void> {
  const request = { topics: [], topicNames: [topic], timeoutMs };
  const answer = await withConnection(cluster.member(controllerId).address, (connection) =>
    connection.send(deleteTopics, 4, request),
  );
  assert.equal(only(answer.responses).errorCode, 0, 'a topic can be deleted');
  await until(`${topic} is gone everywhere`, async () => {
    const views = await cluster.views();
    if (views.some(({ topics }) => topics.includes(topic))) return false;
    // A controller of Apache Kafka that is deposed before keeps unsent requests, and fails in its next term.
    if (!(await cluster.hasNoNodes(topic))) return false;
    const names = await Promise.all(cluster.members.map(({ logDir }) => readdir(logDir)));
    // Folders with another ending are to be deleted after a while.
    return !names.flat().some((name) => name.startsWith(topic) && /-\d+$/.test(name));
  });
}
