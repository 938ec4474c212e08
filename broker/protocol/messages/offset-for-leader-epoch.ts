/**
 * OffsetForLeaderEpoch (23): where an epoch ended, so that followers and consumers find where their
 * log and the leader's part (KIP-101).
 * Versions: 1 epoch in the answer (KIP-279) · 2 current leader epoch (KIP-320), throttle time ·
 * 3 replica id (KIP-392) · 4 flexible.
 * Errors: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH,
 * UNKNOWN_LEADER_EPOCH, KAFKA_STORAGE_ERROR, TOPIC_AUTHORIZATION_FAILED,
 * CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, int64, string } from '../schema/types.ts';

const requestPartition = struct({
  partition: int32,
  currentLeaderEpoch: field(int32, { since: 2, default: -1, ignorable: true }),
  leaderEpoch: int32,
});

const responsePartition = struct({
  errorCode: int16,
  partition: int32,
  leaderEpoch: field(int32, { since: 1, default: -1, ignorable: true }),
  endOffset: field(int64, { default: -1n }),
});

export const offsetForLeaderEpoch = defineApi({
  name: 'OffsetForLeaderEpoch',
  key: 23,
  versions: [0, 4],
  flexibleSince: 4,
  request: struct({
    /** -1 from a consumer, -2 from whoever does not say. */
    replicaId: field(int32, { since: 3, default: -2, ignorable: true }),
    topics: array(struct({ topic: string, partitions: array(requestPartition) })),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 2, ignorable: true }),
    topics: array(struct({ topic: string, partitions: array(responsePartition) })),
  }),
});
