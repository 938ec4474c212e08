/**
 * SyncGroup (14): the leader hands in the assignment of a generation, each member receives its own.
 * Versions: 1 throttle time · 2 the client does the throttling (KIP-219) · 3 group instance id
 * (KIP-345) · 4 flexible · 5 protocol type and name, checked against the group's (KIP-559).
 * Errors: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR,
 * ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, INCONSISTENT_GROUP_PROTOCOL,
 * FENCED_INSTANCE_ID, INVALID_GROUP_ID, GROUP_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, bytes, field, int16, int32, nullableString, string } from '../schema/types.ts';

export const syncGroup = defineApi({
  name: 'SyncGroup',
  key: 14,
  versions: [0, 5],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: field(nullableString, { since: 3, default: null }),
    protocolType: field(nullableString, { since: 5, default: null, ignorable: true }),
    protocolName: field(nullableString, { since: 5, default: null, ignorable: true }),
    assignments: array(struct({ memberId: string, assignment: bytes })),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    errorCode: int16,
    protocolType: field(nullableString, { since: 5, default: null, ignorable: true }),
    protocolName: field(nullableString, { since: 5, default: null, ignorable: true }),
    assignment: bytes,
  }),
});
