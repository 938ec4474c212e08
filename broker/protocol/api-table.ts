/**
 * Every API that this code can read and write, by key. What a broker serves and advertises is the
 * server's decision and may be less.
 */

import { allocateProducerIds } from './messages/allocate-producer-ids.ts';
import { alterConfigs } from './messages/alter-configs.ts';
import { alterPartition } from './messages/alter-partition.ts';
import { alterPartitionReassignments } from './messages/alter-partition-reassignments.ts';
import { apiVersions } from './messages/api-versions.ts';
import { controlledShutdown } from './messages/controlled-shutdown.ts';
import { createPartitions } from './messages/create-partitions.ts';
import { createTopics } from './messages/create-topics.ts';
import { deleteGroups } from './messages/delete-groups.ts';
import { deleteRecords } from './messages/delete-records.ts';
import { deleteTopics } from './messages/delete-topics.ts';
import { describeCluster } from './messages/describe-cluster.ts';
import { describeConfigs } from './messages/describe-configs.ts';
import { describeGroups } from './messages/describe-groups.ts';
import { describeLogDirs } from './messages/describe-log-dirs.ts';
import { electLeaders } from './messages/elect-leaders.ts';
import { fetch } from './messages/fetch.ts';
import { findCoordinator } from './messages/find-coordinator.ts';
import { heartbeat } from './messages/heartbeat.ts';
import { incrementalAlterConfigs } from './messages/incremental-alter-configs.ts';
import { initProducerId } from './messages/init-producer-id.ts';
import { joinGroup } from './messages/join-group.ts';
import { leaderAndIsr } from './messages/leader-and-isr.ts';
import { leaveGroup } from './messages/leave-group.ts';
import { listGroups } from './messages/list-groups.ts';
import { listOffsets } from './messages/list-offsets.ts';
import { listPartitionReassignments } from './messages/list-partition-reassignments.ts';
import { metadata } from './messages/metadata.ts';
import { offsetCommit } from './messages/offset-commit.ts';
import { offsetFetch } from './messages/offset-fetch.ts';
import { offsetForLeaderEpoch } from './messages/offset-for-leader-epoch.ts';
import { produce } from './messages/produce.ts';
import { saslHandshake } from './messages/sasl-handshake.ts';
import { stopReplica } from './messages/stop-replica.ts';
import { syncGroup } from './messages/sync-group.ts';
import { updateMetadata } from './messages/update-metadata.ts';
import type { Api } from './schema/api.ts';

const apis: readonly Api[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  leaderAndIsr,
  stopReplica,
  updateMetadata,
  controlledShutdown,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  saslHandshake,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  describeConfigs,
  alterConfigs,
  describeLogDirs,
  createPartitions,
  deleteGroups,
  electLeaders,
  incrementalAlterConfigs,
  alterPartitionReassignments,
  listPartitionReassignments,
  alterPartition,
  describeCluster,
  allocateProducerIds,
];

/** Keys ascend. */
export const apiByKey: ReadonlyMap<number, Api> = new Map(apis.map((api) => [api.key, api]));
