/**
 * DescribeCluster (60): the brokers of the cluster (KIP-700).
 * Versions: 0 is flexible already · 1 endpoint type, brokers or controllers (KIP-919).
 * Errors: UNSUPPORTED_ENDPOINT_TYPE, MISMATCHED_ENDPOINT_TYPE, INVALID_REQUEST.
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

/** Authorized operations that were not asked for. */
const NOT_ASKED = -0x80000000;

const broker = struct({
  brokerId: int32,
  host: string,
  port: int32,
  rack: field(nullableString, { default: null }),
});

export const describeCluster = defineApi({
  name: 'DescribeCluster',
  key: 60,
  versions: [0, 1],
  flexibleSince: 0,
  request: struct({
    includeClusterAuthorizedOperations: boolean,
    /** 1 brokers, 2 controllers. */
    endpointType: field(int8, { since: 1, default: 1 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    errorCode: int16,
    errorMessage: field(nullableString, { default: null }),
    endpointType: field(int8, { since: 1, default: 1 }),
    clusterId: string,
    controllerId: field(int32, { default: -1 }),
    brokers: array(broker),
    clusterAuthorizedOperations: field(int32, { default: NOT_ASKED }),
  }),
});
