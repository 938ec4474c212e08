/**
 * AlterPartitionReassignments (45): moves replicas of partitions to other brokers, or gives up doing
 * so (KIP-455).
 * Versions: 0 is flexible already · 1 may forbid that the replication factor changes (KIP-860).
 * Errors: NOT_CONTROLLER, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REPLICA_ASSIGNMENT,
 * INVALID_REPLICATION_FACTOR, NO_REASSIGNMENT_IN_PROGRESS, REQUEST_TIMED_OUT,
 * CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  boolean,
  field,
  int16,
  int32,
  nullableArray,
  nullableString,
  string,
} from '../schema/types.ts';

const requestedPartition = struct({
  partitionIndex: int32,
  /** Null gives up what is under way. */
  replicas: field(nullableArray(int32), { default: null }),
});

const result = struct({
  partitionIndex: int32,
  errorCode: int16,
  errorMessage: nullableString,
});

export const alterPartitionReassignments = defineApi({
  name: 'AlterPartitionReassignments',
  key: 45,
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    timeoutMs: field(int32, { default: 60_000 }),
    allowReplicationFactorChange: field(boolean, { since: 1, default: true }),
    topics: array(struct({ name: string, partitions: array(requestedPartition) })),
  }),
  response: struct({
    throttleTimeMs: int32,
    allowReplicationFactorChange: field(boolean, { since: 1, default: true, ignorable: true }),
    errorCode: int16,
    errorMessage: nullableString,
    responses: array(struct({ name: string, partitions: array(result) })),
  }),
});
