/**
 * JoinGroup (11): a member enters a group or a rebalance; answered when the generation is complete.
 * Versions: 1 rebalance time-out (KIP-62) · 2 throttle time · 3 the client does the throttling
 * (KIP-219) · 4 a first join is answered with MEMBER_ID_REQUIRED (KIP-394) · 5 group instance id
 * (KIP-345) · 6 flexible · 7 protocol type and nullable protocol name in the answer (KIP-559) ·
 * 8 reason (KIP-800) · 9 skipAssignment for static leaders (KIP-814).
 * Errors: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR,
 * INCONSISTENT_GROUP_PROTOCOL, UNKNOWN_MEMBER_ID, INVALID_SESSION_TIMEOUT, INVALID_GROUP_ID,
 * MEMBER_ID_REQUIRED, FENCED_INSTANCE_ID, GROUP_MAX_SIZE_REACHED, REBALANCE_IN_PROGRESS,
 * GROUP_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  boolean,
  bytes,
  field,
  int16,
  int32,
  nullableString,
  string,
} from '../schema/types.ts';

const member = struct({
  memberId: string,
  groupInstanceId: field(nullableString, { since: 5, default: null, ignorable: true }),
  metadata: bytes,
});

export const joinGroup = defineApi({
  name: 'JoinGroup',
  key: 11,
  versions: [0, 9],
  flexibleSince: 6,
  request: struct({
    groupId: string,
    sessionTimeoutMs: int32,
    /** -1 in version 0: the session time-out serves for both. */
    rebalanceTimeoutMs: field(int32, { since: 1, default: -1, ignorable: true }),
    memberId: string,
    groupInstanceId: field(nullableString, { since: 5, default: null }),
    protocolType: string,
    protocols: array(struct({ name: string, metadata: bytes })),
    reason: field(nullableString, { since: 8, default: null, ignorable: true }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 2, ignorable: true }),
    errorCode: int16,
    generationId: field(int32, { default: -1 }),
    protocolType: field(nullableString, { since: 7, default: null, ignorable: true }),
    protocolName: field(nullableString, { nullableSince: 7 }),
    leader: string,
    skipAssignment: field(boolean, { since: 9 }),
    memberId: string,
    members: array(member),
  }),
});
