/** OffsetCommit and OffsetFetch: from the form of the wire, in all versions, and back. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { ClassicGroup } from '../group/classic-group.ts';
import type { CommitRequest, CommitResult } from '../group/commit-offsets.ts';
import type { OffsetCommitValue } from '../group/offset-commit-record.ts';
import type { OffsetCommitRequest, OffsetCommitResponse, OffsetFetchResponse } from './messages.ts';

type FetchedGroup = OffsetFetchResponse['groups'][number];
type FetchedPartition = FetchedGroup['topics'][number]['partitions'][number];

export interface RequestedGroup {
  readonly groupId: string;
  /** Null: all that have a position. */
  readonly topics: readonly RequestedTopic[] | null;
}

interface RequestedTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

export function commitRequest(request: OffsetCommitRequest, nowMs: number): CommitRequest {
  const now = BigInt(nowMs);
  // Versions 2 to 4 let a client choose how long its offsets are kept.
  const expireTimestamp = request.retentionTimeMs < 0n ? -1n : now + request.retentionTimeMs;
  const offsets = request.topics.flatMap(({ name: topic, partitions }) =>
    partitions.map((entry) => ({
      topic,
      partition: entry.partitionIndex,
      value: {
        offset: entry.committedOffset,
        leaderEpoch: entry.committedLeaderEpoch,
        metadata: entry.committedMetadata ?? '',
        commitTimestamp: entry.commitTimestamp < 0n ? now : entry.commitTimestamp,
        expireTimestamp,
      },
    })),
  );
  return {
    generationId: request.generationIdOrMemberEpoch,
    memberId: request.memberId,
    groupInstanceId: request.groupInstanceId,
    offsets,
  };
}

/** `result` has the codes in the order of the request. */
export function commitResponse(
  request: OffsetCommitRequest,
  result: CommitResult,
): OffsetCommitResponse {
  let index = 0;
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => {
      const errorCode = result[index] ?? ErrorCodes.UNKNOWN_SERVER_ERROR;
      index += 1;
      return { partitionIndex, errorCode };
    }),
  }));
  return { throttleTimeMs: 0, topics };
}

export function commitFailure(
  request: OffsetCommitRequest,
  errorCode: ErrorCode,
): OffsetCommitResponse {
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }));
  return { throttleTimeMs: 0, topics };
}

/** The positions of a group; a group that nobody knows has none, which is no error. */
export function fetchedGroup(
  group: ClassicGroup | undefined,
  { groupId, topics }: RequestedGroup,
): FetchedGroup {
  const errorCode = ErrorCodes.NONE;
  if (topics === null) return { groupId, topics: allTopics(group), errorCode };
  const named = topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partition) =>
      fetchedPartition(partition, group?.offsets.get(name, partition)),
    ),
  }));
  return { groupId, topics: named, errorCode };
}

export function fetchFailure(
  { groupId, topics }: RequestedGroup,
  errorCode: ErrorCode,
): FetchedGroup {
  const named = (topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partition) => ({
      ...fetchedPartition(partition, undefined),
      errorCode,
    })),
  }));
  return { groupId, topics: named, errorCode };
}

function allTopics(group: ClassicGroup | undefined): FetchedGroup['topics'] {
  if (group === undefined) return [];
  return [...group.offsets.topics()].map(([name, partitions]) => ({
    name,
    partitions: [...partitions].map(([partition, value]) => fetchedPartition(partition, value)),
  }));
}

function fetchedPartition(
  partitionIndex: number,
  value: OffsetCommitValue | undefined,
): FetchedPartition {
  return {
    partitionIndex,
    committedOffset: value?.offset ?? -1n,
    committedLeaderEpoch: value?.leaderEpoch ?? -1,
    metadata: value?.metadata ?? '',
    errorCode: ErrorCodes.NONE,
  };
}
