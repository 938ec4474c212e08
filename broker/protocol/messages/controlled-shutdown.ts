/**
 * ControlledShutdown (7): a broker asks the controller to take its leaderships away before it stops.
 * The request header of version 0 has no client id.
 * Versions: 1 ordinary request header · 2 broker epoch (KIP-380) · 3 flexible.
 * Errors: STALE_CONTROLLER_EPOCH, STALE_BROKER_EPOCH, BROKER_NOT_AVAILABLE, NOT_CONTROLLER,
 * CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, int64, string } from '../schema/types.ts';

export const controlledShutdown = defineApi({
  name: 'ControlledShutdown',
  key: 7,
  versions: [0, 3],
  flexibleSince: 3,
  request: struct({
    brokerId: int32,
    brokerEpoch: field(int64, { since: 2, default: -1n, ignorable: true }),
  }),
  response: struct({
    errorCode: int16,
    /** Partitions that this broker still leads. */
    remainingPartitions: array(struct({ topicName: string, partitionIndex: int32 })),
  }),
});
