/**
 * DeleteRecords (21): moves the log start offset of partitions forward (KIP-107).
 * Versions: 1 the client does the throttling (KIP-219) · 2 flexible.
 * Errors: OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER,
 * POLICY_VIOLATION, REQUEST_TIMED_OUT, KAFKA_STORAGE_ERROR, INVALID_TOPIC_EXCEPTION,
 * TOPIC_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, int64, string } from '../schema/types.ts';

const responsePartition = struct({ partitionIndex: int32, lowWatermark: int64, errorCode: int16 });

export const deleteRecords = defineApi({
  name: 'DeleteRecords',
  key: 21,
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    topics: array(
      struct({
        name: string,
        /** Offset -1 stands for the high watermark. */
        partitions: array(struct({ partitionIndex: int32, offset: int64 })),
      }),
    ),
    timeoutMs: int32,
  }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    topics: array(struct({ name: string, partitions: array(responsePartition) })),
  }),
});
