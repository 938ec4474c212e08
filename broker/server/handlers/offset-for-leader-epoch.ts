/**
 * OffsetForLeaderEpoch: where a leader epoch ended, by the partition's leader; the replica id changes
 * nothing, as in Apache Kafka. Versions and errors: see messages/offset-for-leader-epoch.ts.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Logger } from '../../platform/logger.ts';
import { offsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface OffsetForLeaderEpochPorts {
  readonly replicas: Pick<ReplicaManager, 'get'>;
  /** What a partition without a replica here is answered: it may be led elsewhere. */
  readonly missingReplicaCode: (topic: string, partition: number) => ErrorCode;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

type Topic = RequestOf<typeof offsetForLeaderEpoch>['topics'][number];
type PartitionRequest = Topic['partitions'][number];
type PartitionResponse = ResponseOf<
  typeof offsetForLeaderEpoch
>['topics'][number]['partitions'][number];

const UNDEFINED_EPOCH = -1;
const UNDEFINED_OFFSET = -1n;

export function offsetForLeaderEpochHandler(ports: OffsetForLeaderEpochPorts): ApiHandler {
  return serve(offsetForLeaderEpoch, [0, 4], (context, request) => ({
    throttleTimeMs: 0,
    topics: request.topics.map(({ topic, partitions }) => {
      const isAllowed = mayAsk(ports, context, topic);
      return {
        topic,
        partitions: partitions.map((it) =>
          isAllowed
            ? endOf(ports, topic, it)
            : failure(it.partition, ErrorCodes.TOPIC_AUTHORIZATION_FAILED),
        ),
      };
    }),
  }));
}

/** Brokers may ask for all topics. */
function mayAsk(
  { authorizer }: OffsetForLeaderEpochPorts,
  context: RequestContext,
  topic: string,
): boolean {
  return (
    authorizer.authorize(context, 'CLUSTER_ACTION', clusterResource) ||
    authorizer.authorize(context, 'DESCRIBE', { type: 'TOPIC', name: topic })
  );
}

function endOf(
  { replicas, missingReplicaCode, logger }: OffsetForLeaderEpochPorts,
  topic: string,
  { partition, currentLeaderEpoch, leaderEpoch }: PartitionRequest,
): PartitionResponse {
  try {
    const replica = replicas.get(topic, partition);
    if (replica === undefined) throw new KafkaError(missingReplicaCode(topic, partition));
    replica.requireLeader(currentLeaderEpoch);
    const end = replica.endOffsetForEpoch(leaderEpoch);
    if (end === null) return failure(partition, ErrorCodes.NONE);
    const errorCode = ErrorCodes.NONE;
    return { partition, errorCode, leaderEpoch: end.epoch, endOffset: BigInt(end.endOffset) };
  } catch (error) {
    const errorCode = errorCodeOf(error);
    if (errorCode === ErrorCodes.UNKNOWN_SERVER_ERROR) {
      logger.error({ err: error, topic, partition }, 'the end of an epoch could not be told');
    }
    return failure(partition, errorCode);
  }
}

function failure(partition: number, errorCode: ErrorCode): PartitionResponse {
  return { partition, errorCode, leaderEpoch: UNDEFINED_EPOCH, endOffset: UNDEFINED_OFFSET };
}
