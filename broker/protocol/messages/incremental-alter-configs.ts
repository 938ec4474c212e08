/**
 * IncrementalAlterConfigs (44): changes single keys of a resource's configuration (KIP-339).
 * Versions: 1 flexible.
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

const alteration = struct({
  name: string,
  /** 0 set, 1 delete, 2 append, 3 subtract. */
  configOperation: int8,
  value: nullableString,
});

const result = struct({
  errorCode: int16,
  errorMessage: nullableString,
  resourceType: int8,
  resourceName: string,
});

export const incrementalAlterConfigs = defineApi({
  name: 'IncrementalAlterConfigs',
  key: 44,
  versions: [0, 1],
  flexibleSince: 1,
  request: struct({
    resources: array(
      struct({ resourceType: int8, resourceName: string, configs: array(alteration) }),
    ),
    validateOnly: boolean,
  }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    responses: array(result),
  }),
});
