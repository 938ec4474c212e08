/**
 * FindCoordinator (10): the broker that coordinates a group (key type 0) or a transactional id (1).
 * Versions: 1 key type, error message, throttle time (KIP-98) · 2 the client does the throttling
 * (KIP-219) · 3 flexible · 4 many keys at once (KIP-699) · 5 TRANSACTION_ABORTABLE (KIP-890) ·
 * 6 share groups (KIP-932).
 * Errors: COORDINATOR_NOT_AVAILABLE, INVALID_REQUEST, INVALID_GROUP_ID, GROUP_AUTHORIZATION_FAILED,
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, int8, nullableString, string } from '../schema/types.ts';

const coordinator = struct({
  key: string,
  nodeId: int32,
  host: string,
  port: int32,
  errorCode: int16,
  errorMessage: field(nullableString, { default: null }),
});

export const findCoordinator = defineApi({
  name: 'FindCoordinator',
  key: 10,
  versions: [0, 6],
  flexibleSince: 3,
  request: struct({
    key: field(string, { until: 3 }),
    keyType: field(int8, { since: 1 }),
    coordinatorKeys: field(array(string), { since: 4 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    errorCode: field(int16, { until: 3 }),
    errorMessage: field(nullableString, { since: 1, until: 3, default: null, ignorable: true }),
    nodeId: field(int32, { until: 3 }),
    host: field(string, { until: 3 }),
    port: field(int32, { until: 3 }),
    coordinators: field(array(coordinator), { since: 4 }),
  }),
});
