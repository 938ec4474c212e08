/**
 * Heartbeat (12): a member of a group is alive.
 * Versions: 1 throttle time · 2 no change · 3 group instance id (KIP-345) · 4 flexible.
 * Errors: GROUP_AUTHORIZATION_FAILED, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, UNKNOWN_MEMBER_ID,
 * ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS, FENCED_INSTANCE_ID.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { field, int16, int32, nullableString, string } from '../schema/types.ts';

export const heartbeat = defineApi({
  name: 'Heartbeat',
  key: 12,
  versions: [0, 4],
  flexibleSince: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: field(nullableString, { since: 3, default: null }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    errorCode: int16,
  }),
});
