/**
 * DeleteRecords: by the leader of each partition; its log start offset moves at once and is saved
 * before the answer, the files go with the next retention run. The answer waits for all live replicas:
 * they move their starts when they fetch. Versions and errors: see messages/delete-records.ts.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import { toSaturatedOffset } from '../../model/offsets.ts';
import type { RequestContext } from '../../model/request-context.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timers } from '../../platform/timers.ts';
import { deleteRecords } from '../../protocol/messages/delete-records.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import { reachLowWatermark } from '../../replication/purgatory/low-watermark.ts';
import type { Partition } from '../../replication/partition.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface DeleteRecordsPorts {
  readonly replicas: Pick<ReplicaManager, 'get'>;
  /** What a partition without a replica here is answered: it may be led elsewhere. */
  readonly missingReplicaCode: (topic: string, partition: number) => ErrorCode;
  readonly isInternal: (topic: string) => boolean;
  readonly saveLogStart: (topic: string, partition: number) => Promise<void>;
  readonly authorizer: Authorizer;
  readonly timers: Pick<Timers, 'after'>;
  readonly logger: Logger;
}

type PartitionRequest = RequestOf<typeof deleteRecords>['topics'][number]['partitions'][number];
type PartitionResponse = ResponseOf<typeof deleteRecords>['topics'][number]['partitions'][number];

const HIGH_WATERMARK = -1n;
const INVALID_LOW_WATERMARK = -1n;

export function deleteRecordsHandler(ports: DeleteRecordsPorts): ApiHandler {
  return serve(deleteRecords, [0, 2], async (context, request) => ({
    throttleTimeMs: 0,
    topics: await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map((it) =>
            deleteOne(ports, context, { topic: name, it, timeoutMs: request.timeoutMs }),
          ),
        ),
      })),
    ),
  }));
}

async function deleteOne(
  ports: DeleteRecordsPorts,
  context: RequestContext,
  asked: { readonly topic: string; readonly it: PartitionRequest; readonly timeoutMs: number },
): Promise<PartitionResponse> {
  const { topic, it, timeoutMs } = asked;
  const { partitionIndex } = it;
  try {
    const partition = leaderOf(ports, context, { topic, it });
    const offset = advance(partition, it.offset);
    await save(ports, topic, partitionIndex);
    const { timers } = ports;
    const errorCode = await reachLowWatermark(partition, offset, { timers, timeoutMs });
    return { partitionIndex, lowWatermark: BigInt(partition.lowWatermark), errorCode };
  } catch (error) {
    const errorCode = errorCodeOf(error);
    if (errorCode === ErrorCodes.UNKNOWN_SERVER_ERROR) {
      ports.logger.error({ err: error, topic, partition: partitionIndex }, 'delete records failed');
    }
    return { partitionIndex, lowWatermark: INVALID_LOW_WATERMARK, errorCode };
  }
}

function leaderOf(
  { replicas, missingReplicaCode, isInternal, authorizer }: DeleteRecordsPorts,
  context: RequestContext,
  { topic, it }: { readonly topic: string; readonly it: PartitionRequest },
): Partition {
  if (!authorizer.authorize(context, 'DELETE', { type: 'TOPIC', name: topic })) {
    throw new KafkaError(ErrorCodes.TOPIC_AUTHORIZATION_FAILED);
  }
  const partition = replicas.get(topic, it.partitionIndex);
  if (partition === undefined) throw new KafkaError(missingReplicaCode(topic, it.partitionIndex));
  if (isInternal(topic)) throw new KafkaError(ErrorCodes.INVALID_TOPIC_EXCEPTION);
  return partition;
}

/** Returns the offset that is meant. */
function advance(partition: Partition, offset: bigint): number {
  if (offset === HIGH_WATERMARK) return partition.deleteRecords(null);
  if (offset < 0n) throw new KafkaError(ErrorCodes.OFFSET_OUT_OF_RANGE);
  return partition.deleteRecords(toSaturatedOffset(offset));
}

/** A disk that is full must not keep anybody from deleting; it is saved as soon as that works again. */
async function save(ports: DeleteRecordsPorts, topic: string, partition: number): Promise<void> {
  try {
    await ports.saveLogStart(topic, partition);
  } catch (error) {
    ports.logger.warn({ err: error, topic, partition }, 'a log start offset is not saved yet');
    if (fileErrorCode(error) === 'ENOSPC') return;
    throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, 'the start is not saved', {
      cause: error,
    });
  }
}
