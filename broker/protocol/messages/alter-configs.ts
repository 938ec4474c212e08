/**
 * AlterConfigs (33): replaces the whole configuration of a resource; what is not named is reset.
 * Versions: 1 the client does the throttling (KIP-219) · 2 flexible.
 * Errors: INVALID_CONFIG, INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION,
 * POLICY_VIOLATION, TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  boolean,
  field,
  int16,
  int32,
  int8,
  nullableString,
  string,
} from '../schema/types.ts';

const requestResource = struct({
  resourceType: int8,
  resourceName: string,
  configs: array(struct({ name: string, value: nullableString })),
});

const result = struct({
  errorCode: int16,
  errorMessage: nullableString,
  resourceType: int8,
  resourceName: string,
});

export const alterConfigs = defineApi({
  name: 'AlterConfigs',
  key: 33,
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({ resources: array(requestResource), validateOnly: boolean }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    responses: array(result),
  }),
});
