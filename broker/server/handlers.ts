/** Every API that this broker serves. */

import type { ApiHandler } from './api-handler.ts';
import type { AlterPartitionPorts } from './handlers/alter-partition.ts';
import { alterPartitionHandler } from './handlers/alter-partition.ts';
import type { AlterPartitionReassignmentsPorts } from './handlers/alter-partition-reassignments.ts';
import { alterPartitionReassignmentsHandler } from './handlers/alter-partition-reassignments.ts';
import { apiVersionsHandler } from './handlers/api-versions.ts';
import type { ControlledShutdownPorts } from './handlers/controlled-shutdown.ts';
import { controlledShutdownHandler } from './handlers/controlled-shutdown.ts';
import type { ControllerRequestPorts } from './handlers/controller-requests.ts';
import { controllerRequestHandlers } from './handlers/controller-requests.ts';
import type { CreatePartitionsPorts } from './handlers/create-partitions.ts';
import { createPartitionsHandler } from './handlers/create-partitions.ts';
import type { CreateTopicsPorts } from './handlers/create-topics.ts';
import { createTopicsHandler } from './handlers/create-topics.ts';
import type { DeleteRecordsPorts } from './handlers/delete-records.ts';
import { deleteRecordsHandler } from './handlers/delete-records.ts';
import type { DeleteTopicsPorts } from './handlers/delete-topics.ts';
import { deleteTopicsHandler } from './handlers/delete-topics.ts';
import type { DescribeClusterPorts } from './handlers/describe-cluster.ts';
import { describeClusterHandler } from './handlers/describe-cluster.ts';
import type { DescribeConfigsPorts } from './handlers/describe-configs.ts';
import { describeConfigsHandler } from './handlers/describe-configs.ts';
import type { DescribeLogDirsPorts } from './handlers/describe-log-dirs.ts';
import { describeLogDirsHandler } from './handlers/describe-log-dirs.ts';
import type { ElectLeadersPorts } from './handlers/elect-leaders.ts';
import { electLeadersHandler } from './handlers/elect-leaders.ts';
import type { FetchPorts } from './handlers/fetch.ts';
import { fetchHandler } from './handlers/fetch.ts';
import type { FindCoordinatorPorts } from './handlers/find-coordinator.ts';
import { findCoordinatorHandler } from './handlers/find-coordinator.ts';
import type { GroupPorts } from './handlers/groups.ts';
import { groupHandlers } from './handlers/groups.ts';
import type { AlterConfigsPorts } from './handlers/incremental-alter-configs.ts';
import {
  alterConfigsHandler,
  incrementalAlterConfigsHandler,
} from './handlers/incremental-alter-configs.ts';
import type { InitProducerIdPorts } from './handlers/init-producer-id.ts';
import { initProducerIdHandler } from './handlers/init-producer-id.ts';
import type { ListOffsetsPorts } from './handlers/list-offsets.ts';
import { listOffsetsHandler } from './handlers/list-offsets.ts';
import type { ListPartitionReassignmentsPorts } from './handlers/list-partition-reassignments.ts';
import { listPartitionReassignmentsHandler } from './handlers/list-partition-reassignments.ts';
import type { MetadataPorts } from './handlers/metadata.ts';
import { metadataHandler } from './handlers/metadata.ts';
import type { OffsetCommitPorts } from './handlers/offset-commit.ts';
import { offsetCommitHandler } from './handlers/offset-commit.ts';
import type { OffsetFetchPorts } from './handlers/offset-fetch.ts';
import { offsetFetchHandler } from './handlers/offset-fetch.ts';
import type { OffsetForLeaderEpochPorts } from './handlers/offset-for-leader-epoch.ts';
import { offsetForLeaderEpochHandler } from './handlers/offset-for-leader-epoch.ts';
import type { ProducePorts } from './handlers/produce.ts';
import { produceHandler } from './handlers/produce.ts';

export type HandlerPorts = AlterConfigsPorts &
  AlterPartitionPorts &
  AlterPartitionReassignmentsPorts &
  ControlledShutdownPorts &
  ControllerRequestPorts &
  CreatePartitionsPorts &
  CreateTopicsPorts &
  DeleteRecordsPorts &
  DeleteTopicsPorts &
  DescribeClusterPorts &
  DescribeConfigsPorts &
  DescribeLogDirsPorts &
  ElectLeadersPorts &
  FetchPorts &
  FindCoordinatorPorts &
  GroupPorts &
  InitProducerIdPorts &
  ListOffsetsPorts &
  ListPartitionReassignmentsPorts &
  MetadataPorts &
  OffsetCommitPorts &
  OffsetFetchPorts &
  OffsetForLeaderEpochPorts &
  ProducePorts;

export function buildHandlers(ports: HandlerPorts): readonly ApiHandler[] {
  const handlers: ApiHandler[] = [
    produceHandler(ports),
    fetchHandler(ports),
    listOffsetsHandler(ports),
    offsetForLeaderEpochHandler(ports),
    metadataHandler(ports),
    ...controllerRequestHandlers(ports),
    controlledShutdownHandler(ports),
    alterPartitionHandler(ports),
    electLeadersHandler(ports),
    alterPartitionReassignmentsHandler(ports),
    listPartitionReassignmentsHandler(ports),
    offsetCommitHandler(ports),
    offsetFetchHandler(ports),
    findCoordinatorHandler(ports),
    ...groupHandlers(ports),
    createTopicsHandler(ports),
    deleteTopicsHandler(ports),
    deleteRecordsHandler(ports),
    createPartitionsHandler(ports),
    initProducerIdHandler(ports),
    describeConfigsHandler(ports),
    describeLogDirsHandler(ports),
    alterConfigsHandler(ports),
    incrementalAlterConfigsHandler(ports),
    describeClusterHandler(ports),
  ];
  handlers.push(apiVersionsHandler(() => handlers));
  return handlers;
}
