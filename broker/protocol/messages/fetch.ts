/**
 * Fetch (1): record batches from given offsets on, for consumers and for followers.
 * Versions: 4 isolation level, last stable offset, aborted transactions (KIP-98) · 5 log start
 * offset (KIP-107) · 6 KAFKA_STORAGE_ERROR (KIP-112) · 7 sessions (KIP-227) · 8 the client does the
 * throttling (KIP-219) · 9 current leader epoch (KIP-320) · 10 zstd (KIP-110) · 11 rack, preferred
 * read replica (KIP-392) · 12 flexible; last fetched epoch, diverging epoch (KIP-595) · 13 topic ids
 * instead of names (KIP-516) · 14 OFFSET_MOVED_TO_TIERED_STORAGE (KIP-405) · 15 the replica id moves
 * to replicaState, with its broker epoch (KIP-903) · 16 endpoints of new leaders (KIP-951) ·
 * 17 directory id (KIP-853).
 * Errors: OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID,
 * NOT_LEADER_OR_FOLLOWER, REPLICA_NOT_AVAILABLE, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH,
 * CORRUPT_MESSAGE, KAFKA_STORAGE_ERROR, UNSUPPORTED_COMPRESSION_TYPE, TOPIC_AUTHORIZATION_FAILED,
 * FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  field,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  nullableString,
  recordPayload,
  string,
  uuid,
} from '../schema/types.ts';

const INT32_MAX = 0x7fffffff;

const replicaState = struct({
  replicaId: field(int32, { default: -1 }),
  replicaEpoch: field(int64, { default: -1n }),
});

const fetchPartition = struct({
  partition: int32,
  currentLeaderEpoch: field(int32, { since: 9, default: -1, ignorable: true }),
  fetchOffset: int64,
  lastFetchedEpoch: field(int32, { since: 12, default: -1 }),
  /** The follower's; -1 from a consumer. */
  logStartOffset: field(int64, { since: 5, default: -1n, ignorable: true }),
  partitionMaxBytes: int32,
  replicaDirectoryId: field(uuid, { since: 17, tag: 0, ignorable: true }),
});

const fetchTopic = struct({
  topic: field(string, { until: 12, ignorable: true }),
  topicId: field(uuid, { since: 13, ignorable: true }),
  partitions: array(fetchPartition),
});

const forgottenTopic = struct({
  topic: field(string, { since: 7, until: 12, ignorable: true }),
  topicId: field(uuid, { since: 13, ignorable: true }),
  partitions: array(int32),
});

const epochEndOffset = struct({
  epoch: field(int32, { default: -1 }),
  endOffset: field(int64, { default: -1n }),
});

const leaderIdAndEpoch = struct({
  leaderId: field(int32, { default: -1 }),
  leaderEpoch: field(int32, { default: -1 }),
});

const snapshotId = struct({
  endOffset: field(int64, { default: -1n }),
  epoch: field(int32, { default: -1 }),
});

const partitionData = struct({
  partitionIndex: int32,
  errorCode: int16,
  highWatermark: int64,
  lastStableOffset: field(int64, { since: 4, default: -1n, ignorable: true }),
  logStartOffset: field(int64, { since: 5, default: -1n, ignorable: true }),
  divergingEpoch: field(epochEndOffset, { since: 12, tag: 0 }),
  currentLeader: field(leaderIdAndEpoch, { since: 12, tag: 1, ignorable: true }),
  snapshotId: field(snapshotId, { since: 12, tag: 2 }),
  abortedTransactions: field(nullableArray(struct({ producerId: int64, firstOffset: int64 })), {
    since: 4,
    ignorable: true,
  }),
  preferredReadReplica: field(int32, { since: 11, default: -1 }),
  records: recordPayload,
});

const topicResponse = struct({
  topic: field(string, { until: 12, ignorable: true }),
  topicId: field(uuid, { since: 13, ignorable: true }),
  partitions: array(partitionData),
});

const nodeEndpoint = struct({
  nodeId: int32,
  host: string,
  port: int32,
  rack: field(nullableString, { default: null }),
});

export const fetch = defineApi({
  name: 'Fetch',
  key: 1,
  versions: [4, 17],
  flexibleSince: 12,
  request: struct({
    clusterId: field(nullableString, { since: 12, tag: 0, default: null, ignorable: true }),
    /** -1 from a consumer. From version 15 on look at replicaState. */
    replicaId: field(int32, { until: 14, default: -1 }),
    replicaState: field(replicaState, { since: 15, tag: 1 }),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: field(int32, { since: 3, default: INT32_MAX, ignorable: true }),
    /** 0 read uncommitted, 1 read committed. */
    isolationLevel: field(int8, { since: 4, ignorable: true }),
    sessionId: field(int32, { since: 7, ignorable: true }),
    sessionEpoch: field(int32, { since: 7, default: -1, ignorable: true }),
    topics: array(fetchTopic),
    forgottenTopicsData: field(array(forgottenTopic), { since: 7 }),
    rackId: field(string, { since: 11, ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    errorCode: field(int16, { since: 7, ignorable: true }),
    sessionId: field(int32, { since: 7 }),
    responses: array(topicResponse),
    nodeEndpoints: field(array(nodeEndpoint), { since: 16, tag: 0, ignorable: true }),
  }),
});
