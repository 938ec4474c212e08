/**
 * AllocateProducerIds (67): a broker asks the controller for a block of producer ids (KIP-730).
 * Versions: 0 is flexible already.
 * Errors: NOT_CONTROLLER, STALE_BROKER_EPOCH, BROKER_ID_NOT_REGISTERED, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { field, int16, int32, int64 } from '../schema/types.ts';

export const allocateProducerIds = defineApi({
  name: 'AllocateProducerIds',
  key: 67,
  versions: [0, 0],
  flexibleSince: 0,
  request: struct({
    brokerId: int32,
    brokerEpoch: field(int64, { default: -1n }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    errorCode: int16,
    producerIdStart: int64,
    producerIdLen: int32,
  }),
});
