/**
 * ListOffsets (2): offsets by timestamp. -1 latest, -2 earliest, -3 the record with the highest
 * timestamp, -4 earliest on local disk, -5 last in tiered storage.
 * Versions: 1 one offset with its timestamp (KIP-79) · 2 isolation level (KIP-98) · 3 the client does
 * the throttling (KIP-219) · 4 leader epochs (KIP-320) · 5 OFFSET_NOT_AVAILABLE (KIP-207) ·
 * 6 flexible · 7 timestamp -3 (KIP-734) · 8 timestamp -4 (KIP-405) · 9 timestamp -5 (KIP-1005).
 * Version 0, a list of segment offsets, is not read.
 * Errors: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, REPLICA_NOT_AVAILABLE,
 * FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, OFFSET_NOT_AVAILABLE, LEADER_NOT_AVAILABLE,
 * UNSUPPORTED_FOR_MESSAGE_FORMAT, INVALID_REQUEST, KAFKA_STORAGE_ERROR, TOPIC_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, int64, int8, string } from '../schema/types.ts';

const requestPartition = struct({
  partitionIndex: int32,
  currentLeaderEpoch: field(int32, { since: 4, default: -1, ignorable: true }),
  timestamp: int64,
});

const responsePartition = struct({
  partitionIndex: int32,
  errorCode: int16,
  timestamp: field(int64, { since: 1, default: -1n }),
  offset: field(int64, { since: 1, default: -1n }),
  leaderEpoch: field(int32, { since: 4, default: -1, ignorable: true }),
});

export const listOffsets = defineApi({
  name: 'ListOffsets',
  key: 2,
  versions: [1, 9],
  flexibleSince: 6,
  request: struct({
    /** -1 from a consumer. */
    replicaId: int32,
    isolationLevel: field(int8, { since: 2 }),
    topics: array(struct({ name: string, partitions: array(requestPartition) })),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 2, ignorable: true }),
    topics: array(struct({ name: string, partitions: array(responsePartition) })),
  }),
});
