/**
 * CreateTopics (19): answered by the controller.
 * Versions: 1 validateOnly, error messages · 2 throttle time · 3 the client does the throttling
 * (KIP-219) · 4 partitions and replication factor -1: the broker's defaults (KIP-464) · 5 flexible;
 * the answer has the created configuration (KIP-525) · 6 THROTTLING_QUOTA_EXCEEDED (KIP-599) ·
 * 7 topic id (KIP-516).
 * Errors: NOT_CONTROLLER, TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS,
 * INVALID_REPLICATION_FACTOR, INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG, INVALID_REQUEST,
 * POLICY_VIOLATION, REQUEST_TIMED_OUT, THROTTLING_QUOTA_EXCEEDED, TOPIC_AUTHORIZATION_FAILED,
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
  int8,
  nullableArray,
  nullableString,
  string,
  uuid,
} from '../schema/types.ts';

const requestTopic = struct({
  name: string,
  /** -1 where assignments are given, or for the broker's default. */
  numPartitions: int32,
  replicationFactor: int16,
  assignments: array(struct({ partitionIndex: int32, brokerIds: array(int32) })),
  configs: array(struct({ name: string, value: nullableString })),
});

const responseConfig = struct({
  name: string,
  value: nullableString,
  readOnly: boolean,
  configSource: field(int8, { default: -1, ignorable: true }),
  isSensitive: boolean,
});

const responseTopic = struct({
  name: string,
  topicId: field(uuid, { since: 7, ignorable: true }),
  errorCode: int16,
  errorMessage: field(nullableString, { since: 1, default: null, ignorable: true }),
  /** Why `configs` is null: TOPIC_AUTHORIZATION_FAILED. */
  topicConfigErrorCode: field(int16, { since: 5, tag: 0, ignorable: true }),
  numPartitions: field(int32, { since: 5, default: -1, ignorable: true }),
  replicationFactor: field(int16, { since: 5, default: -1, ignorable: true }),
  configs: field(nullableArray(responseConfig), { since: 5, ignorable: true }),
});

export const createTopics = defineApi({
  name: 'CreateTopics',
  key: 19,
  versions: [0, 7],
  flexibleSince: 5,
  request: struct({
    topics: array(requestTopic),
    timeoutMs: field(int32, { default: 60_000 }),
    validateOnly: field(boolean, { since: 1 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 2, ignorable: true }),
    topics: array(responseTopic),
  }),
});
