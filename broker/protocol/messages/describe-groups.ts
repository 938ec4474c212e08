/**
 * DescribeGroups (15): state and members of groups.
 * Versions: 1 throttle time · 2 the client does the throttling (KIP-219) · 3 authorized operations
 * (KIP-430) · 4 group instance id (KIP-345) · 5 flexible.
 * Errors: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR,
 * INVALID_GROUP_ID, GROUP_AUTHORIZATION_FAILED.
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

/** Authorized operations that were not asked for. */
const NOT_ASKED = -0x80000000;

const member = struct({
  memberId: string,
  groupInstanceId: field(nullableString, { since: 4, default: null, ignorable: true }),
  clientId: string,
  clientHost: string,
  memberMetadata: bytes,
  memberAssignment: bytes,
});

const group = struct({
  errorCode: int16,
  groupId: string,
  groupState: string,
  protocolType: string,
  protocolData: string,
  members: array(member),
  authorizedOperations: field(int32, { since: 3, default: NOT_ASKED, ignorable: true }),
});

export const describeGroups = defineApi({
  name: 'DescribeGroups',
  key: 15,
  versions: [0, 5],
  flexibleSince: 5,
  request: struct({
    groups: array(string),
    includeAuthorizedOperations: field(boolean, { since: 3 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    groups: array(group),
  }),
});
