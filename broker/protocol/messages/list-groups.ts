/**
 * ListGroups (16): the groups that this broker coordinates.
 * Versions: 1 throttle time · 2 the client does the throttling (KIP-219) · 3 flexible · 4 states
 * (KIP-518) · 5 types (KIP-848).
 * Errors: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, string } from '../schema/types.ts';

const group = struct({
  groupId: string,
  protocolType: string,
  groupState: field(string, { since: 4, ignorable: true }),
  groupType: field(string, { since: 5, ignorable: true }),
});

export const listGroups = defineApi({
  name: 'ListGroups',
  key: 16,
  versions: [0, 5],
  flexibleSince: 3,
  request: struct({
    statesFilter: field(array(string), { since: 4 }),
    typesFilter: field(array(string), { since: 5 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    errorCode: int16,
    groups: array(group),
  }),
});
