/**
 * ListPartitionReassignments (46): partitions whose replicas are on the move (KIP-455).
 * Versions: 0 is flexible already.
 * Errors: NOT_CONTROLLER, REQUEST_TIMED_OUT, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  field,
  int16,
  int32,
  nullableArray,
  nullableString,
  string,
} from '../schema/types.ts';

const ongoingPartition = struct({
  partitionIndex: int32,
  replicas: array(int32),
  addingReplicas: array(int32),
  removingReplicas: array(int32),
});

export const listPartitionReassignments = defineApi({
  name: 'ListPartitionReassignments',
  key: 46,
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    timeoutMs: field(int32, { default: 60_000 }),
    /** Null asks for every topic. */
    topics: field(nullableArray(struct({ name: string, partitionIndexes: array(int32) })), {
      default: null,
    }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    errorCode: int16,
    errorMessage: nullableString,
    topics: array(struct({ name: string, partitions: array(ongoingPartition) })),
  }),
});
