/**
 * ListOffsets: the offset at a time, or at one of the ends. Versions and errors: see
 * messages/list-offsets.ts.
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
    const isCommitted = request.isolationLevel === READ_COMMITTED;
    const found = await find(partition, it.timestamp, isCommitted);
    return {
      partitionIndex,
      errorCode: ErrorCodes.NONE,
      timestamp: BigInt(found.timestampMs),
      offset: BigInt(found.offset),
      leaderEpoch: found.leaderEpoch,
    };
  } catch (error) {
    const errorCode = errorCodeOf(error);
    if (errorCode === ErrorCodes.UNKNOWN_SERVER_ERROR) {
      logger.error({ err: error, topic, partition: partitionIndex }, 'list offsets failed');
    }
    return { partitionIndex, errorCode, timestamp: -1n, offset: -1n, leaderEpoch: -1 };
  }
}

async function find(partition: Partition, timestamp: bigint, isCommitted: boolean): Promise<Found> {
  const { log } = partition;
  const end = isCommitted ? partition.lastStableOffset : partition.highWatermark;
  switch (timestamp) {
    case LATEST:
      return { offset: end, timestampMs: -1, leaderEpoch: epochNow(partition) };
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

function below(end: number, found: Found | null): Found {
  return found === null || found.offset >= end ? NOTHING : found;
}

function epochNow(partition: Partition): number {
  return partition.state?.leaderEpoch ?? -1;
}
