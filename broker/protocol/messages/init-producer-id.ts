/**
 * InitProducerId (22): a producer id and epoch for an idempotent or transactional producer.
 * Versions: 1 the client does the throttling (KIP-219) · 2 flexible · 3 the producer's current id and
 * epoch, to be bumped (KIP-360) · 4 PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH (KIP-588) ·
 * 5 TRANSACTION_ABORTABLE (KIP-890).
 * Errors: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR,
 * CONCURRENT_TRANSACTIONS, INVALID_TRANSACTION_TIMEOUT, INVALID_PRODUCER_EPOCH, PRODUCER_FENCED,
 * INVALID_PRODUCER_ID_MAPPING, INVALID_REQUEST, TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
 * CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { field, int16, int32, int64, nullableString } from '../schema/types.ts';

export const initProducerId = defineApi({
  name: 'InitProducerId',
  key: 22,
  versions: [0, 5],
  flexibleSince: 2,
  request: struct({
    transactionalId: nullableString,
    transactionTimeoutMs: int32,
    producerId: field(int64, { since: 3, default: -1n }),
    producerEpoch: field(int16, { since: 3, default: -1 }),
  }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    errorCode: int16,
    producerId: field(int64, { default: -1n }),
    producerEpoch: int16,
  }),
});
