/**
 * Metadata (3): brokers, controller, topics and the leaders of their partitions.
 * Versions: 1 null topics mean all, rack, controller, internal topics · 2 cluster id (KIP-78) ·
 * 3 throttle time · 4 auto-creation can be forbidden · 5 offline replicas (KIP-112) · 6 the client
 * does the throttling (KIP-219) · 7 leader epoch (KIP-320) · 8 authorized operations (KIP-430) ·
 * 9 flexible · 10 topic ids (KIP-516) · 11 the cluster's authorized operations moved to
 * DescribeCluster (KIP-700) · 12 topics asked for by id.
 * In version 0 an empty list means all topics.
 * Errors: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, LEADER_NOT_AVAILABLE, LISTENER_NOT_FOUND,
 * REPLICA_NOT_AVAILABLE, INVALID_TOPIC_EXCEPTION, INVALID_REPLICATION_FACTOR,
 * TOPIC_AUTHORIZATION_FAILED, INVALID_REQUEST.
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
  uuid,
} from '../schema/types.ts';

/** Authorized operations that were not asked for. */
const NOT_ASKED = -0x80000000;

const requestTopic = struct({
  topicId: field(uuid, { since: 10, ignorable: true }),
  name: field(nullableString, { nullableSince: 10 }),
});

const broker = struct({
  nodeId: int32,
  host: string,
  port: int32,
  rack: field(nullableString, { since: 1, default: null, ignorable: true }),
});

const partition = struct({
  errorCode: int16,
  partitionIndex: int32,
  leaderId: int32,
  leaderEpoch: field(int32, { since: 7, default: -1, ignorable: true }),
  replicaNodes: array(int32),
  isrNodes: array(int32),
  offlineReplicas: field(array(int32), { since: 5, ignorable: true }),
});

const responseTopic = struct({
  errorCode: int16,
  name: field(nullableString, { nullableSince: 12 }),
  topicId: field(uuid, { since: 10, ignorable: true }),
  isInternal: field(boolean, { since: 1, ignorable: true }),
  partitions: array(partition),
  topicAuthorizedOperations: field(int32, { since: 8, default: NOT_ASKED, ignorable: true }),
});

export const metadata = defineApi({
  name: 'Metadata',
  key: 3,
  versions: [0, 12],
  flexibleSince: 9,
  request: struct({
    topics: field(nullableArray(requestTopic), { nullableSince: 1 }),
    allowAutoTopicCreation: field(boolean, { since: 4, default: true }),
    includeClusterAuthorizedOperations: field(boolean, { since: 8, until: 10 }),
    includeTopicAuthorizedOperations: field(boolean, { since: 8 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 3, ignorable: true }),
    brokers: array(broker),
    clusterId: field(nullableString, { since: 2, default: null, ignorable: true }),
    controllerId: field(int32, { since: 1, default: -1, ignorable: true }),
    topics: array(responseTopic),
    clusterAuthorizedOperations: field(int32, {
      since: 8,
      until: 10,
      default: NOT_ASKED,
      ignorable: true,
    }),
  }),
});
