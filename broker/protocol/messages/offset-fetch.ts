/**
 * OffsetFetch (9): a group's stored positions; -1 where there is none.
 * Versions: 1 positions kept by the coordinator · 2 null topics mean all, error of the whole ·
 * 3 throttle time · 4 the client does the throttling (KIP-219) · 5 leader epoch (KIP-320) ·
 * 6 flexible · 7 requireStable waits for open transactions (KIP-447) · 8 many groups at once
 * (KIP-709) · 9 member id and epoch of the new group protocol (KIP-848).
 * Errors: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR,
 * UNSTABLE_OFFSET_COMMIT, UNKNOWN_TOPIC_OR_PARTITION, INVALID_GROUP_ID, UNKNOWN_MEMBER_ID,
 * GROUP_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  boolean,
  field,
  int16,
  int32,
  int64,
  nullableArray,
  nullableString,
  string,
} from '../schema/types.ts';

const requestTopic = struct({ name: string, partitionIndexes: array(int32) });

const requestGroup = struct({
  groupId: string,
  memberId: field(nullableString, { since: 9, default: null, ignorable: true }),
  memberEpoch: field(int32, { since: 9, default: -1, ignorable: true }),
  topics: nullableArray(requestTopic),
});

const responsePartition = struct({
  partitionIndex: int32,
  committedOffset: int64,
  committedLeaderEpoch: field(int32, { since: 5, default: -1, ignorable: true }),
  metadata: nullableString,
  errorCode: int16,
});

const responseTopic = struct({ name: string, partitions: array(responsePartition) });

const responseGroup = struct({
  groupId: string,
  topics: array(responseTopic),
  errorCode: int16,
});

export const offsetFetch = defineApi({
  name: 'OffsetFetch',
  key: 9,
  versions: [1, 9],
  flexibleSince: 6,
  request: struct({
    groupId: field(string, { until: 7 }),
    topics: field(nullableArray(requestTopic), { until: 7, nullableSince: 2 }),
    groups: field(array(requestGroup), { since: 8 }),
    requireStable: field(boolean, { since: 7 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 3, ignorable: true }),
    topics: field(array(responseTopic), { until: 7 }),
    errorCode: field(int16, { since: 2, until: 7, ignorable: true }),
    groups: field(array(responseGroup), { since: 8 }),
  }),
});
