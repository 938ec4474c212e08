/**
 * ListOffsets: the offset at a time, or at one of the ends, by the partition's leader. Consumers see
 * what is committed, followers what is written. Versions and errors: see messages/list-offsets.ts.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Logger } from '../../platform/logger.ts';
import { listOffsets } from '../../protocol/messages/list-offsets.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Partition } from '../../replication/partition.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface ListOffsetsPorts {
  readonly replicas: Pick<ReplicaManager, 'get'>;
  /** What a partition without a replica here is answered: it may be led elsewhere. */
  readonly missingReplicaCode: (topic: string, partition: number) => ErrorCode;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

type PartitionRequest = RequestOf<typeof listOffsets>['topics'][number]['partitions'][number];
type PartitionResponse = ResponseOf<typeof listOffsets>['topics'][number]['partitions'][number];

const LATEST = -1n;
const EARLIEST = -2n;
const MAX_TIMESTAMP = -3n;
const EARLIEST_LOCAL = -4n;
const LATEST_TIERED = -5n;
const READ_COMMITTED = 1;
const CONSUMER = -1;
/** Before it, clients do not know OFFSET_NOT_AVAILABLE (KIP-207). */
const NOT_AVAILABLE_SINCE = 5;

interface Found {
  readonly offset: number;
  readonly timestampMs: number;
  readonly leaderEpoch: number;
}

const NOTHING: Found = { offset: -1, timestampMs: -1, leaderEpoch: -1 };

export function listOffsetsHandler(ports: ListOffsetsPorts): ApiHandler {
  return serve(listOffsets, [1, 9], async (context, request) => ({
    throttleTimeMs: 0,
    topics: await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map((it) => listOne(ports, context, { topic: name, it, request })),
        ),
      })),
    ),
  }));
}

async function listOne(
  { replicas, missingReplicaCode, authorizer, logger }: ListOffsetsPorts,
  context: RequestContext,
  {
    topic,
    it,
    request,
  }: { topic: string; it: PartitionRequest; request: RequestOf<typeof listOffsets> },
): Promise<PartitionResponse> {
  const { partitionIndex } = it;
  try {
    if (!authorizer.authorize(context, 'DESCRIBE', { type: 'TOPIC', name: topic })) {
      throw new KafkaError(ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
    }
    const partition = replicas.get(topic, partitionIndex);
    if (partition === undefined) throw new KafkaError(missingReplicaCode(topic, partitionIndex));
    partition.requireLeader(it.currentLeaderEpoch);
    const found = await find(partition, it.timestamp, endFor(partition, request));
    return {
      partitionIndex,
      errorCode: ErrorCodes.NONE,
      timestamp: BigInt(found.timestampMs),
      offset: BigInt(found.offset),
      leaderEpoch: found.leaderEpoch,
    };
  } catch (error) {
    const errorCode = codeOf(error, context);
    if (errorCode === ErrorCodes.UNKNOWN_SERVER_ERROR) {
      logger.error({ err: error, topic, partition: partitionIndex }, 'list offsets failed');
    }
    return { partitionIndex, errorCode, timestamp: -1n, offset: -1n, leaderEpoch: -1 };
  }
}

/** As far as the one who asks may see. */
interface VisibleEnd {
  readonly offset: number;
  /** A consumer may have seen a later one already, from the leader before. */
  readonly isStale: boolean;
}

function endFor(partition: Partition, request: RequestOf<typeof listOffsets>): VisibleEnd {
  if (request.replicaId !== CONSUMER) {
    return { offset: partition.log.writtenEndOffset, isStale: false };
  }
  const { lastStableOffset, highWatermark } = partition;
  const isCommitted = request.isolationLevel === READ_COMMITTED;
  const offset = isCommitted ? lastStableOffset : highWatermark;
  return { offset, isStale: !partition.knowsCommittedEnd };
}

async function find(partition: Partition, timestamp: bigint, end: VisibleEnd): Promise<Found> {
  const { log } = partition;
  switch (timestamp) {
    case LATEST:
      if (end.isStale) throw new KafkaError(ErrorCodes.OFFSET_NOT_AVAILABLE);
      return { offset: end.offset, timestampMs: -1, leaderEpoch: epochNow(partition) };
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const offset = log.logStartOffset;
      return { offset, timestampMs: -1, leaderEpoch: log.epochOf(offset) };
    }
    case LATEST_TIERED:
      return NOTHING;
    case MAX_TIMESTAMP:
      return below(end, await log.offsetOfMaxTimestamp());
    default:
      if (timestamp < 0n) throw new KafkaError(ErrorCodes.UNSUPPORTED_VERSION);
      return below(end, await log.offsetForTimestamp(Number(timestamp)));
  }
}

/** What lies behind the end is nothing, unless it may be committed all the same. */
function below(end: VisibleEnd, found: Found | null): Found {
  if (found !== null && found.offset < end.offset) return found;
  if (end.isStale) throw new KafkaError(ErrorCodes.OFFSET_NOT_AVAILABLE);
  return NOTHING;
}

function codeOf(error: unknown, { apiVersion }: RequestContext): ErrorCode {
  const code = errorCodeOf(error);
  const isUnknown = code === ErrorCodes.OFFSET_NOT_AVAILABLE && apiVersion < NOT_AVAILABLE_SINCE;
  return isUnknown ? ErrorCodes.LEADER_NOT_AVAILABLE : code;
}

function epochNow(partition: Partition): number {
  return partition.state?.leaderEpoch ?? -1;
}
