/** Answers for the admin client of kafkajs: every change succeeds, there is one group and one key. */

import { alterConfigs } from '../../../broker/protocol/messages/alter-configs.ts';
import { createPartitions } from '../../../broker/protocol/messages/create-partitions.ts';
import { createTopics } from '../../../broker/protocol/messages/create-topics.ts';
import { deleteGroups } from '../../../broker/protocol/messages/delete-groups.ts';
import { deleteRecords } from '../../../broker/protocol/messages/delete-records.ts';
import { deleteTopics } from '../../../broker/protocol/messages/delete-topics.ts';
import { describeConfigs } from '../../../broker/protocol/messages/describe-configs.ts';
import { describeGroups } from '../../../broker/protocol/messages/describe-groups.ts';
import { listGroups } from '../../../broker/protocol/messages/list-groups.ts';
import { listPartitionReassignments } from '../../../broker/protocol/messages/list-partition-reassignments.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import { route } from './scripted-broker.ts';
import type { Route } from './scripted-broker.ts';

const NOT_ASKED = -0x80000000;

export function kafkajsAdminRoutes(): readonly Route[] {
  return [
    route(createTopics, ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name }) => ({
        name,
        topicId: ZERO_UUID,
        errorCode: 0,
        errorMessage: null,
        topicConfigErrorCode: 0,
        numPartitions: 1,
        replicationFactor: 1,
        configs: [],
      })),
    })),
    route(deleteTopics, ({ topicNames }) => ({
      throttleTimeMs: 0,
      responses: topicNames.map((name) => ({
        name,
        topicId: ZERO_UUID,
        errorCode: 0,
        errorMessage: null,
      })),
    })),
    route(createPartitions, ({ topics }) => ({
      throttleTimeMs: 0,
      results: topics.map(({ name }) => ({ name, errorCode: 0, errorMessage: null })),
    })),
    route(deleteRecords, ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, offset }) => ({
          partitionIndex,
          lowWatermark: offset,
          errorCode: 0,
        })),
      })),
    })),
    route(describeConfigs, ({ resources }) => ({
      throttleTimeMs: 0,
      results: resources.map(({ resourceType, resourceName }) => ({
        errorCode: 0,
        errorMessage: null,
        resourceType,
        resourceName,
        configs: [
          {
            name: 'retention.ms',
            value: '60000',
            readOnly: false,
            isDefault: false,
            configSource: 1,
            isSensitive: false,
            synonyms: [{ name: 'log.retention.ms', value: null, source: 5 }],
            configType: 5,
            documentation: null,
          },
        ],
      })),
    })),
    route(alterConfigs, ({ resources }) => ({
      throttleTimeMs: 0,
      responses: resources.map(({ resourceType, resourceName }) => ({
        errorCode: 0,
        errorMessage: null,
        resourceType,
        resourceName,
      })),
    })),
    route(listGroups, () => ({
      throttleTimeMs: 0,
      errorCode: 0,
      groups: [{ groupId: 'g', protocolType: 'consumer', groupState: '', groupType: '' }],
    })),
    route(describeGroups, ({ groups }) => ({
      throttleTimeMs: 0,
      groups: groups.map((groupId) => ({
        errorCode: 0,
        groupId,
        groupState: 'Empty',
        protocolType: 'consumer',
        protocolData: '',
        members: [],
        authorizedOperations: NOT_ASKED,
      })),
    })),
    route(deleteGroups, ({ groupsNames }) => ({
      throttleTimeMs: 0,
      results: groupsNames.map((groupId) => ({ groupId, errorCode: 0 })),
    })),
    route(listPartitionReassignments, () => ({
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      topics: [],
    })),
  ];
}
