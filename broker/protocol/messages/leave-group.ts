/**
 * LeaveGroup (13): members leave a group, their partitions are given to others at once.
 * Versions: 1 throttle time · 2 the client does the throttling (KIP-219) · 3 many members, by
 * instance id too (KIP-345) · 4 flexible · 5 reason (KIP-800).
 * Errors: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR,
 * UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, INVALID_GROUP_ID, GROUP_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, nullableString, string } from '../schema/types.ts';

const memberIdentity = struct({
  memberId: string,
  groupInstanceId: field(nullableString, { default: null }),
  reason: field(nullableString, { since: 5, default: null, ignorable: true }),
});

const memberResponse = struct({
  memberId: string,
  groupInstanceId: field(nullableString, { default: null }),
  errorCode: int16,
});

export const leaveGroup = defineApi({
  name: 'LeaveGroup',
  key: 13,
  versions: [0, 5],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    memberId: field(string, { until: 2 }),
    members: field(array(memberIdentity), { since: 3 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    errorCode: int16,
    members: field(array(memberResponse), { since: 3 }),
  }),
});
