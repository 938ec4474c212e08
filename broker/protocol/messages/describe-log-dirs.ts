/**
 * DescribeLogDirs (35): what lies in which of a broker's log.dirs (KIP-113).
 * Versions: 1 as 0 · 2 flexible · 3 error of the whole request · 4 room on the disk (KIP-827).
 * Errors: KAFKA_STORAGE_ERROR for a folder that is offline, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  boolean,
  field,
  int16,
  int32,
  int64,
  nullableArray,
  string,
} from '../schema/types.ts';

const partition = struct({
  partitionIndex: int32,
  partitionSize: int64,
  /** How far a replica that moves between folders is behind; else how far it is behind what is committed. */
  offsetLag: int64,
  /** It takes the place of the replica in another folder once it has all of it. */
  isFutureKey: boolean,
});

export const describeLogDirs = defineApi({
  name: 'DescribeLogDirs',
  key: 35,
  versions: [1, 4],
  flexibleSince: 2,
  request: struct({
    /** Null: every partition. */
    topics: nullableArray(struct({ topic: string, partitions: array(int32) })),
  }),
  response: struct({
    throttleTimeMs: int32,
    errorCode: field(int16, { since: 3, ignorable: true }),
    results: array(
      struct({
        errorCode: int16,
        logDir: string,
        topics: array(struct({ name: string, partitions: array(partition) })),
        /** -1: not known. */
        totalBytes: field(int64, { since: 4, default: -1n, ignorable: true }),
        usableBytes: field(int64, { since: 4, default: -1n, ignorable: true }),
      }),
    ),
  }),
});
