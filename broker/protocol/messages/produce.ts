/**
 * Produce (0): appends record batches to partitions. With acks 0 there is no answer at all.
 * Versions: 3 batches of format 2, transactional id (KIP-98) · 4 KAFKA_STORAGE_ERROR (KIP-112) ·
 * 5 log start offset · 6 the client does the throttling (KIP-219) · 7 zstd (KIP-110) · 8 errors of
 * single records (KIP-467) · 9 flexible · 10 hints at the new leader (KIP-951) · 11 the broker may
 * verify transactions with their coordinator (KIP-890).
 * Errors: NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION, CORRUPT_MESSAGE, INVALID_RECORD,
 * MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP, INVALID_REQUIRED_ACKS,
 * NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND, REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR,
 * OUT_OF_ORDER_SEQUENCE_NUMBER, UNKNOWN_PRODUCER_ID, INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE,
 * UNSUPPORTED_COMPRESSION_TYPE, UNSUPPORTED_FOR_MESSAGE_FORMAT, TOPIC_AUTHORIZATION_FAILED,
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  field,
  int16,
  int32,
  int64,
  nullableBytes,
  nullableString,
  string,
} from '../schema/types.ts';

const recordError = struct({
  batchIndex: int32,
  batchIndexErrorMessage: field(nullableString, { default: null }),
});

const leaderIdAndEpoch = struct({
  leaderId: field(int32, { default: -1 }),
  leaderEpoch: field(int32, { default: -1 }),
});

const partitionResponse = struct({
  index: int32,
  errorCode: int16,
  baseOffset: int64,
  logAppendTimeMs: field(int64, { since: 2, default: -1n, ignorable: true }),
  logStartOffset: field(int64, { since: 5, default: -1n, ignorable: true }),
  recordErrors: field(array(recordError), { since: 8, ignorable: true }),
  errorMessage: field(nullableString, { since: 8, default: null, ignorable: true }),
  currentLeader: field(leaderIdAndEpoch, { since: 10, tag: 0, ignorable: true }),
});

const nodeEndpoint = struct({
  nodeId: int32,
  host: string,
  port: int32,
  rack: field(nullableString, { default: null }),
});

export const produce = defineApi({
  name: 'Produce',
  key: 0,
  versions: [3, 11],
  flexibleSince: 9,
  request: struct({
    transactionalId: field(nullableString, { since: 3, default: null }),
    /** 0, 1, or -1 for all in-sync replicas. */
    acks: int16,
    timeoutMs: int32,
    topicData: array(
      struct({
        name: string,
        partitionData: array(struct({ index: int32, records: nullableBytes })),
      }),
    ),
  }),
  response: struct({
    responses: array(struct({ name: string, partitionResponses: array(partitionResponse) })),
    throttleTimeMs: field(int32, { since: 1, ignorable: true }),
    nodeEndpoints: field(array(nodeEndpoint), { since: 10, tag: 0, ignorable: true }),
  }),
});
