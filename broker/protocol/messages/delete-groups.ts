/**
 * DeleteGroups (42): deletes groups without members, and their positions (KIP-229).
 * Versions: 1 the client does the throttling (KIP-219) · 2 flexible.
 * Errors: NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND, INVALID_GROUP_ID, COORDINATOR_LOAD_IN_PROGRESS,
 * COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, GROUP_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, string } from '../schema/types.ts';

export const deleteGroups = defineApi({
  name: 'DeleteGroups',
  key: 42,
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({ groupsNames: array(string) }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    results: array(struct({ groupId: string, errorCode: int16 })),
  }),
});
