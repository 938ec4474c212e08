/**
 * CreatePartitions (37): raises the number of partitions of topics (KIP-195).
 * Versions: 1 the client does the throttling (KIP-219) · 2 flexible · 3 THROTTLING_QUOTA_EXCEEDED
 * (KIP-599).
 * Errors: NOT_CONTROLLER, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS,
 * INVALID_REPLICA_ASSIGNMENT, INVALID_REQUEST, REASSIGNMENT_IN_PROGRESS, REQUEST_TIMED_OUT,
 * POLICY_VIOLATION, THROTTLING_QUOTA_EXCEEDED, TOPIC_AUTHORIZATION_FAILED.
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

const topic = struct({
  name: string,
  /** The new number of partitions, not the number of those to add. */
  count: int32,
  /** One entry per added partition; null leaves the choice to the controller. */
  assignments: nullableArray(struct({ brokerIds: array(int32) })),
});

const result = struct({
  name: string,
  errorCode: int16,
  errorMessage: field(nullableString, { default: null }),
});

export const createPartitions = defineApi({
  name: 'CreatePartitions',
  key: 37,
  versions: [0, 3],
  flexibleSince: 2,
  request: struct({ topics: array(topic), timeoutMs: int32, validateOnly: boolean }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    results: array(result),
  }),
});
