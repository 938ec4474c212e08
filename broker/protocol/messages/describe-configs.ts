/**
 * DescribeConfigs (32): the configuration of topics (resource type 2), brokers (4) and broker
 * loggers (8).
 * Versions: 1 sources and synonyms (KIP-226) · 2 the client does the throttling (KIP-219) · 3 types and
 * documentation (KIP-569) · 4 flexible.
 * Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION, INVALID_REQUEST,
 * TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED.
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
  nullableArray,
  nullableString,
  string,
} from '../schema/types.ts';

const requestResource = struct({
  resourceType: int8,
  resourceName: string,
  /** Null asks for every key. */
  configurationKeys: nullableArray(string),
});

const config = struct({
  name: string,
  value: nullableString,
  readOnly: boolean,
  isDefault: field(boolean, { until: 0, ignorable: true }),
  /** 1 topic, 2 dynamic broker, 3 dynamic default broker, 4 static broker, 5 default. */
  configSource: field(int8, { since: 1, default: -1, ignorable: true }),
  isSensitive: boolean,
  synonyms: field(array(struct({ name: string, value: nullableString, source: int8 })), {
    since: 1,
    ignorable: true,
  }),
  /** 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password. */
  configType: field(int8, { since: 3, ignorable: true }),
  documentation: field(nullableString, { since: 3, default: null, ignorable: true }),
});

const result = struct({
  errorCode: int16,
  errorMessage: nullableString,
  resourceType: int8,
  resourceName: string,
  configs: array(config),
});

export const describeConfigs = defineApi({
  name: 'DescribeConfigs',
  key: 32,
  versions: [0, 4],
  flexibleSince: 4,
  request: struct({
    resources: array(requestResource),
    includeSynonyms: field(boolean, { since: 1 }),
    includeDocumentation: field(boolean, { since: 3 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    results: array(result),
  }),
});
