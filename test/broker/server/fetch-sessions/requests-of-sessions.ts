/** Requests of fetch sessions, and results to answer them with, for tests without a broker. */

import { fetch } from '../../../../broker/protocol/messages/fetch.ts';
import type { RequestOf } from '../../../../broker/protocol/schema/api.ts';
import { ZERO_UUID } from '../../../../broker/protocol/wire/uuid.ts';
import type { PartitionFetchResult } from '../../../../broker/replication/purgatory/fetch-purgatory.ts';
import type { FetchPartition } from '../../../../broker/server/fetch-sessions/session-partition.ts';

export type FetchRequest = RequestOf<typeof fetch>;

export function askFor(partition: number, asked: Partial<FetchPartition> = {}): FetchPartition {
  return {
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: 0n,
    lastFetchedEpoch: -1,
    logStartOffset: -1n,
    partitionMaxBytes: 1000,
    replicaDirectoryId: ZERO_UUID,
    ...asked,
  };
}

/** Partitions of one topic, or of the topic with that id. */
export function requestOf(
  indexes: readonly number[],
  request: Partial<FetchRequest> & { readonly topic?: string; readonly topicId?: string } = {},
): FetchRequest {
  const { topic = 'orders', topicId = ZERO_UUID, ...rest } = request;
  const partitions = indexes.map((index) => askFor(index));
  return {
    ...fetch.request.initial,
    maxWaitMs: 0,
    minBytes: 1,
    sessionEpoch: 0,
    topics: partitions.length === 0 ? [] : [{ topic, topicId, partitions }],
    ...rest,
  };
}

export function resultOf(result: Partial<PartitionFetchResult> = {}): PartitionFetchResult {
  return {
    errorCode: 0,
    highWatermark: 0,
    lastStableOffset: 0,
    logStartOffset: 0,
    payload: [],
    abortedTransactions: null,
    divergingEpoch: null,
    defect: null,
    ...result,
  };
}
