/**
 * One entry for each API that the broker advertises: a request that asks for what is there, and the
 * error codes that a client is answered who may do nothing.
 */

import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { alterConfigs } from '../../../broker/protocol/messages/alter-configs.ts';
import { alterPartition } from '../../../broker/protocol/messages/alter-partition.ts';
import { controlledShutdown } from '../../../broker/protocol/messages/controlled-shutdown.ts';
import { createPartitions } from '../../../broker/protocol/messages/create-partitions.ts';
import { createTopics } from '../../../broker/protocol/messages/create-topics.ts';
import { deleteGroups } from '../../../broker/protocol/messages/delete-groups.ts';
import { deleteRecords } from '../../../broker/protocol/messages/delete-records.ts';
import { deleteTopics } from '../../../broker/protocol/messages/delete-topics.ts';
import { describeCluster } from '../../../broker/protocol/messages/describe-cluster.ts';
import { describeConfigs } from '../../../broker/protocol/messages/describe-configs.ts';
import { describeGroups } from '../../../broker/protocol/messages/describe-groups.ts';
import { electLeaders } from '../../../broker/protocol/messages/elect-leaders.ts';
import { findCoordinator } from '../../../broker/protocol/messages/find-coordinator.ts';
import { heartbeat } from '../../../broker/protocol/messages/heartbeat.ts';
import { incrementalAlterConfigs } from '../../../broker/protocol/messages/incremental-alter-configs.ts';
import { initProducerId } from '../../../broker/protocol/messages/init-producer-id.ts';
import { joinGroup } from '../../../broker/protocol/messages/join-group.ts';
import { leaderAndIsr } from '../../../broker/protocol/messages/leader-and-isr.ts';
import { leaveGroup } from '../../../broker/protocol/messages/leave-group.ts';
import { listGroups } from '../../../broker/protocol/messages/list-groups.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import { offsetCommit } from '../../../broker/protocol/messages/offset-commit.ts';
import { offsetFetch } from '../../../broker/protocol/messages/offset-fetch.ts';
import { stopReplica } from '../../../broker/protocol/messages/stop-replica.ts';
import { syncGroup } from '../../../broker/protocol/messages/sync-group.ts';
import { updateMetadata } from '../../../broker/protocol/messages/update-metadata.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import { newTopic } from '../../support/requests.ts';
import { recordRefusals } from './record-refusals.ts';
import type { Refusal } from './reassignment-refusals.ts';
import { reassignmentRefusals } from './reassignment-refusals.ts';

const TOPIC = ErrorCodes.TOPIC_AUTHORIZATION_FAILED;
const GROUP = ErrorCodes.GROUP_AUTHORIZATION_FAILED;
const CLUSTER = ErrorCodes.CLUSTER_AUTHORIZATION_FAILED;
/** Stands for something that the client must not see. */
const SHOWN = 1000;

const sender = { controllerId: 0, controllerEpoch: 1_000_000 };
const config = { name: 'retention.ms', value: '1', configOperation: 0 };
const topicResource = { resourceType: 2, resourceName: 'orders' };
const brokerResource = { resourceType: 4, resourceName: '' };

/** The error codes of an answer, by API key: what is asked for is there, and would be allowed. */
export const refusals = new Map<number, Refusal>([
  ...recordRefusals,
  [
    metadata.key,
    [
      async (client) => {
        const wanted = ['orders', 'made-on-demand'];
        const request = {
          ...metadata.request.initial,
          topics: wanted.map((name) => ({ name, topicId: ZERO_UUID })),
          allowAutoTopicCreation: true,
        };
        const answer = await client.send(metadata, 12, request);
        const all = await client.send(metadata, 12, { ...request, topics: null });
        return [...answer.topics, ...all.topics].map(({ errorCode }) => errorCode);
      },
      [TOPIC, TOPIC],
    ],
  ],
  [
    leaderAndIsr.key,
    [
      async (client) => {
        const request = { ...leaderAndIsr.request.initial, ...sender };
        return [(await client.send(leaderAndIsr, 7, request)).errorCode];
      },
      [CLUSTER],
    ],
  ],
  [
    controlledShutdown.key,
    [
      async (client) => {
        const request = { brokerId: 0, brokerEpoch: -1n };
        return [(await client.send(controlledShutdown, 3, request)).errorCode];
      },
      [CLUSTER],
    ],
  ],
  [
    alterPartition.key,
    [
      async (client) => {
        const request = { brokerId: 0, brokerEpoch: -1n, topics: [] };
        return [(await client.send(alterPartition, 3, request)).errorCode];
      },
      [CLUSTER],
    ],
  ],
  ...reassignmentRefusals,
  [
    electLeaders.key,
    [
      async (client) => {
        const topicPartitions = [{ topic: 'orders', partitions: [0] }];
        const request = { electionType: 0, topicPartitions, timeoutMs: 1000 };
        const { errorCode, replicaElectionResults } = await client.send(electLeaders, 2, request);
        const results = replicaElectionResults.flatMap(({ partitionResult }) => partitionResult);
        return [errorCode, ...results.map((it) => it.errorCode)];
      },
      [CLUSTER, CLUSTER],
    ],
  ],
  [
    stopReplica.key,
    [
      async (client) => {
        const partitionStates = [{ partitionIndex: 0, leaderEpoch: -2, deletePartition: true }];
        const request = {
          ...stopReplica.request.initial,
          ...sender,
          topicStates: [{ topicName: 'orders', partitionStates }],
        };
        return [(await client.send(stopReplica, 4, request)).errorCode];
      },
      [CLUSTER],
    ],
  ],
  [
    updateMetadata.key,
    [
      async (client) => {
        const request = { ...updateMetadata.request.initial, ...sender };
        return [(await client.send(updateMetadata, 8, request)).errorCode];
      },
      [CLUSTER],
    ],
  ],
  [
    offsetCommit.key,
    [
      async (client) => {
        const [partition] = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: null }];
        const answer = await client.send(offsetCommit, 8, {
          ...offsetCommit.request.initial,
          groupId: 'g',
          topics: [
            {
              name: 'orders',
              partitions: [{ ...partition, committedLeaderEpoch: -1, commitTimestamp: -1n }],
            },
          ],
        });
        return answer.topics.flatMap(({ partitions }) => partitions.map((it) => it.errorCode));
      },
      [GROUP],
    ],
  ],
  [
    offsetFetch.key,
    [
      async (client) => {
        const single = { ...offsetFetch.request.initial, groupId: 'g', topics: null };
        const many = {
          ...offsetFetch.request.initial,
          groups: [{ groupId: 'g', memberId: null, memberEpoch: -1, topics: null }],
        };
        const old = await client.send(offsetFetch, 7, single);
        const answer = await client.send(offsetFetch, 9, many);
        return [old.errorCode, ...answer.groups.map(({ errorCode }) => errorCode)];
      },
      [GROUP, GROUP],
    ],
  ],
  [
    findCoordinator.key,
    [
      async (client) => {
        const ask = async (keyType: number): Promise<number> =>
          (
            await client.send(findCoordinator, 3, {
              ...findCoordinator.request.initial,
              key: 'g',
              keyType,
            })
          ).errorCode;
        return [await ask(0), await ask(1)];
      },
      [GROUP, ErrorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED],
    ],
  ],
  [
    joinGroup.key,
    [
      async (client) => {
        const request = { ...joinGroup.request.initial, groupId: 'g', protocolType: 'consumer' };
        return [(await client.send(joinGroup, 5, request)).errorCode];
      },
      [GROUP],
    ],
  ],
  [
    heartbeat.key,
    [
      async (client) => {
        const request = { ...heartbeat.request.initial, groupId: 'g' };
        return [(await client.send(heartbeat, 4, request)).errorCode];
      },
      [GROUP],
    ],
  ],
  [
    leaveGroup.key,
    [
      async (client) => {
        const request = { ...leaveGroup.request.initial, groupId: 'g' };
        return [(await client.send(leaveGroup, 5, request)).errorCode];
      },
      [GROUP],
    ],
  ],
  [
    syncGroup.key,
    [
      async (client) => {
        const request = { ...syncGroup.request.initial, groupId: 'g' };
        return [(await client.send(syncGroup, 5, request)).errorCode];
      },
      [GROUP],
    ],
  ],
  [
    describeGroups.key,
    [
      async (client) => {
        const request = { ...describeGroups.request.initial, groups: ['g'] };
        const answer = await client.send(describeGroups, 5, request);
        return answer.groups.map(({ errorCode }) => errorCode);
      },
      [GROUP],
    ],
  ],
  [
    listGroups.key,
    [
      async (client) => {
        const answer = await client.send(listGroups, 4, listGroups.request.initial);
        return [answer.errorCode, ...answer.groups.map(() => SHOWN)];
      },
      [ErrorCodes.NONE],
    ],
  ],
  [
    deleteGroups.key,
    [
      async (client) => {
        const answer = await client.send(deleteGroups, 2, { groupsNames: ['g'] });
        return answer.results.map(({ errorCode }) => errorCode);
      },
      [GROUP],
    ],
  ],
  [
    createTopics.key,
    [
      async (client) => {
        const request = { topics: [newTopic('new')], timeoutMs: 1000, validateOnly: false };
        const answer = await client.send(createTopics, 7, request);
        return answer.topics.map(({ errorCode }) => errorCode);
      },
      [TOPIC],
    ],
  ],
  [
    deleteTopics.key,
    [
      async (client) => {
        const answer = await client.send(deleteTopics, 6, {
          ...deleteTopics.request.initial,
          topics: [{ name: 'orders', topicId: ZERO_UUID }],
          timeoutMs: 1000,
        });
        return answer.responses.map(({ errorCode }) => errorCode);
      },
      [TOPIC],
    ],
  ],
  [
    deleteRecords.key,
    [
      async (client) => {
        const answer = await client.send(deleteRecords, 2, {
          topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: -1n }] }],
          timeoutMs: 1000,
        });
        return answer.topics.flatMap(({ partitions }) => partitions.map((it) => it.errorCode));
      },
      [TOPIC],
    ],
  ],
  [
    createPartitions.key,
    [
      async (client) => {
        const answer = await client.send(createPartitions, 3, {
          topics: [{ name: 'orders', count: 5, assignments: null }],
          timeoutMs: 1000,
          validateOnly: false,
        });
        return answer.results.map(({ errorCode }) => errorCode);
      },
      [TOPIC],
    ],
  ],
  [
    initProducerId.key,
    [
      async (client) => {
        const request = { ...initProducerId.request.initial, transactionalId: null };
        return [(await client.send(initProducerId, 4, request)).errorCode];
      },
      [CLUSTER],
    ],
  ],
  [
    describeConfigs.key,
    [
      async (client) => {
        const resources = [topicResource, brokerResource];
        const answer = await client.send(describeConfigs, 4, {
          resources: resources.map((it) => ({ ...it, configurationKeys: null })),
          includeSynonyms: false,
          includeDocumentation: false,
        });
        return answer.results.flatMap(({ errorCode, configs }) => [
          errorCode,
          ...configs.map(() => SHOWN),
        ]);
      },
      [TOPIC, CLUSTER],
    ],
  ],
  [
    alterConfigs.key,
    [
      async (client) => {
        const answer = await client.send(alterConfigs, 2, {
          resources: [{ ...topicResource, configs: [config] }],
          validateOnly: false,
        });
        return answer.responses.map(({ errorCode }) => errorCode);
      },
      [TOPIC],
    ],
  ],
  [
    incrementalAlterConfigs.key,
    [
      async (client) => {
        const answer = await client.send(incrementalAlterConfigs, 1, {
          resources: [topicResource, brokerResource].map((it) => ({ ...it, configs: [config] })),
          validateOnly: false,
        });
        return answer.responses.map(({ errorCode }) => errorCode);
      },
      [TOPIC, CLUSTER],
    ],
  ],
  [
    describeCluster.key,
    [
      async (client) => {
        const request = { includeClusterAuthorizedOperations: false, endpointType: 1 };
        const answer = await client.send(describeCluster, 1, request);
        return [answer.errorCode, ...answer.brokers.map(() => SHOWN)];
      },
      [CLUSTER],
    ],
  ],
  // As in Kafka, everybody may ask which versions there are: clients cannot speak before.
  [18, [() => Promise.resolve([]), []]],
]);
