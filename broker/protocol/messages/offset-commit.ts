/**
 * OffsetCommit (8): a group's positions are stored.
 * Versions: 1 generation and member id, a timestamp per partition · 2 one retention time instead of
 * timestamps · 3 throttle time · 4 the client does the throttling (KIP-219) · 5 no retention time
 * (KIP-211) · 6 leader epoch (KIP-320) · 7 group instance id (KIP-345) · 8 flexible · 9 the new
 * group protocol, where the generation is a member epoch (KIP-848).
 * Errors: OFFSET_METADATA_TOO_LARGE, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE,
 * NOT_COORDINATOR, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS,
 * INVALID_COMMIT_OFFSET_SIZE, FENCED_INSTANCE_ID, UNKNOWN_TOPIC_OR_PARTITION, INVALID_GROUP_ID,
 * GROUP_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, int64, nullableString, string } from '../schema/types.ts';

const requestPartition = struct({
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: field(int32, { since: 6, default: -1, ignorable: true }),
  commitTimestamp: field(int64, { since: 1, until: 1, default: -1n }),
  committedMetadata: nullableString,
});

const responsePartition = struct({ partitionIndex: int32, errorCode: int16 });

export const offsetCommit = defineApi({
  name: 'OffsetCommit',
  key: 8,
  versions: [1, 9],
  flexibleSince: 8,
  request: struct({
    groupId: string,
    generationIdOrMemberEpoch: field(int32, { since: 1, default: -1, ignorable: true }),
    memberId: field(string, { since: 1, ignorable: true }),
    groupInstanceId: field(nullableString, { since: 7, default: null }),
    retentionTimeMs: field(int64, { since: 2, until: 4, default: -1n, ignorable: true }),
    topics: array(struct({ name: string, partitions: array(requestPartition) })),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 3, ignorable: true }),
    topics: array(struct({ name: string, partitions: array(responsePartition) })),
  }),
});
