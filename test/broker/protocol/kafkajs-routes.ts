/** Answers that lead kafkajs through its producer, its consumer and its admin client: one topic, one group. */

import { apiByKey } from '../../../broker/protocol/api-table.ts';
import { apiVersions } from '../../../broker/protocol/messages/api-versions.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { findCoordinator } from '../../../broker/protocol/messages/find-coordinator.ts';
import { heartbeat } from '../../../broker/protocol/messages/heartbeat.ts';
import { initProducerId } from '../../../broker/protocol/messages/init-producer-id.ts';
import { joinGroup } from '../../../broker/protocol/messages/join-group.ts';
import { leaveGroup } from '../../../broker/protocol/messages/leave-group.ts';
import { listOffsets } from '../../../broker/protocol/messages/list-offsets.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import { offsetCommit } from '../../../broker/protocol/messages/offset-commit.ts';
import { offsetFetch } from '../../../broker/protocol/messages/offset-fetch.ts';
import { produce } from '../../../broker/protocol/messages/produce.ts';
import { syncGroup } from '../../../broker/protocol/messages/sync-group.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import { kafkajsAdminRoutes } from './kafkajs-admin-routes.ts';
import { route } from './scripted-broker.ts';
import type { Route } from './scripted-broker.ts';

export const TOPIC = 'golden';
const MEMBER = 'member-1';
const MEMBER_ID_REQUIRED = 79;
const EARLIEST = -2n;
const NOT_ASKED = -0x80000000;

/** What the script remembers: the last batch produced, which is what is fetched. */
export interface Script {
  batch: Buffer;
  recordCount: number;
  /** Fetches past the end park until this is true. */
  isDraining: boolean;
}

export function kafkajsRoutes(port: number, script: Script): readonly Route[] {
  return [
    ...clusterRoutes(port),
    ...recordRoutes(script),
    ...groupRoutes(port),
    ...kafkajsAdminRoutes(),
  ];
}

function clusterRoutes(port: number): readonly Route[] {
  return [
    route(apiVersions, () => ({
      ...apiVersions.response.initial,
      apiKeys: [...apiByKey.values()].map(({ key, versions: [minVersion, maxVersion] }) => ({
        apiKey: key,
        minVersion,
        maxVersion,
      })),
    })),
    route(metadata, (request) => ({
      ...metadata.response.initial,
      brokers: [{ nodeId: 0, host: '127.0.0.1', port, rack: null }],
      clusterId: 'golden-cluster',
      controllerId: 0,
      topics: (request.topics ?? [{ name: TOPIC }]).map(({ name }) => ({
        errorCode: 0,
        name,
        topicId: ZERO_UUID,
        isInternal: false,
        topicAuthorizedOperations: NOT_ASKED,
        partitions: [
          {
            errorCode: 0,
            partitionIndex: 0,
            leaderId: 0,
            leaderEpoch: 0,
            replicaNodes: [0],
            isrNodes: [0],
            offlineReplicas: [],
          },
        ],
      })),
    })),
  ];
}

function recordRoutes(script: Script): readonly Route[] {
  return [
    route(initProducerId, () => ({
      throttleTimeMs: 0,
      errorCode: 0,
      producerId: 4000n,
      producerEpoch: 0,
    })),
    route(produce, (request) => ({
      ...produce.response.initial,
      responses: request.topicData.map(({ name, partitionData }) => ({
        name,
        partitionResponses: partitionData.map(({ index, records }) => {
          // The frame's buffer may be reused: what outlives the request is copied.
          if (records !== null) script.batch = Buffer.from(records);
          return {
            index,
            errorCode: 0,
            baseOffset: 0n,
            logAppendTimeMs: -1n,
            logStartOffset: 0n,
            recordErrors: [],
            errorMessage: null,
            currentLeader: { leaderId: -1, leaderEpoch: -1 },
          };
        }),
      })),
    })),
    route(fetch, (request) => {
      const end = BigInt(script.recordCount);
      const asked = request.topics.flatMap(({ partitions }) => partitions);
      const isPastEnd = asked.every(({ fetchOffset }) => fetchOffset >= end);
      if (isPastEnd && !script.isDraining) return 'park';
      const partition = {
        partitionIndex: 0,
        errorCode: 0,
        highWatermark: end,
        lastStableOffset: end,
        logStartOffset: 0n,
        divergingEpoch: { epoch: -1, endOffset: -1n },
        currentLeader: { leaderId: -1, leaderEpoch: -1 },
        snapshotId: { endOffset: -1n, epoch: -1 },
        abortedTransactions: null,
        preferredReadReplica: -1,
        records: isPastEnd ? [] : [script.batch],
      };
      return {
        ...fetch.response.initial,
        responses: [{ topic: TOPIC, topicId: ZERO_UUID, partitions: [partition] }],
      };
    }),
    route(listOffsets, (request) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => ({
          partitionIndex,
          errorCode: 0,
          timestamp: -1n,
          offset: timestamp === EARLIEST ? 0n : BigInt(script.recordCount),
          leaderEpoch: 0,
        })),
      })),
    })),
  ];
}

function groupRoutes(port: number): readonly Route[] {
  return [
    route(findCoordinator, () => ({
      ...findCoordinator.response.initial,
      nodeId: 0,
      host: '127.0.0.1',
      port,
    })),
    route(joinGroup, ({ memberId, protocols }) => ({
      ...joinGroup.response.initial,
      errorCode: memberId === '' ? MEMBER_ID_REQUIRED : 0,
      generationId: memberId === '' ? -1 : 1,
      protocolName: memberId === '' ? '' : (protocols[0]?.name ?? ''),
      leader: memberId,
      memberId: MEMBER,
      members: protocols.slice(0, memberId === '' ? 0 : 1).map(({ metadata: subscription }) => ({
        memberId: MEMBER,
        groupInstanceId: null,
        metadata: subscription,
      })),
    })),
    route(syncGroup, ({ assignments }) => ({
      ...syncGroup.response.initial,
      assignment: assignments[0]?.assignment ?? Buffer.alloc(0),
    })),
    route(heartbeat, () => heartbeat.response.initial),
    route(leaveGroup, ({ members }) => ({
      ...leaveGroup.response.initial,
      members: members.map(({ memberId, groupInstanceId }) => ({
        memberId,
        groupInstanceId,
        errorCode: 0,
      })),
    })),
    route(offsetCommit, ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
      })),
    })),
    route(offsetFetch, ({ topics }) => ({
      ...offsetFetch.response.initial,
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: -1n,
          committedLeaderEpoch: -1,
          metadata: null,
          errorCode: 0,
        })),
      })),
    })),
  ];
}
