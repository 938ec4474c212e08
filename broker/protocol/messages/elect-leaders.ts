/**
 * ElectLeaders (43): leaders are elected anew on demand (KIP-183, KIP-460).
 * Versions: 0 preferred leaders only · 1 election type, error of the whole request (KIP-460) ·
 * 2 flexible.
 * Errors: NOT_CONTROLLER, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION,
 * PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE, ELECTION_NOT_NEEDED,
 * INVALID_REQUEST, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  field,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  string,
} from '../schema/types.ts';

export const electLeaders = defineApi({
  name: 'ElectLeaders',
  key: 43,
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    /** 0: the preferred leader; 1: any replica, where nobody leads. */
    electionType: field(int8, { since: 1 }),
    /** Null: every partition. */
    topicPartitions: nullableArray(struct({ topic: string, partitions: array(int32) })),
    timeoutMs: field(int32, { default: 60_000 }),
  }),
  response: struct({
    throttleTimeMs: int32,
    errorCode: field(int16, { since: 1, ignorable: true }),
    replicaElectionResults: array(
      struct({
        topic: string,
        partitionResult: array(
          struct({ partitionId: int32, errorCode: int16, errorMessage: nullableString }),
        ),
      }),
    ),
  }),
});
