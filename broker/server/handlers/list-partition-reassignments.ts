/**
 * ListPartitionReassignments: partitions whose replicas are on the move, by the controller only.
 * Versions and errors: see messages/list-partition-reassignments.ts. Others are left out.
 */

import type { Controller } from '../../controller/controller.ts';
import type { OngoingReassignment } from '../../controller/reassignment/reassignments.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import { listPartitionReassignments } from '../../protocol/messages/list-partition-reassignments.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface ListPartitionReassignmentsPorts {
  /** Null where this broker is not the controller. */
  readonly controller: () => Pick<Controller, 'reassignments'> | null;
  readonly authorizer: Authorizer;
}

type Request = RequestOf<typeof listPartitionReassignments>;
type Response = ResponseOf<typeof listPartitionReassignments>;

export function listPartitionReassignmentsHandler({
  controller,
  authorizer,
}: ListPartitionReassignmentsPorts): ApiHandler {
  return serve(listPartitionReassignments, [0, 0], async (context, request) => {
    if (!authorizer.authorize(context, 'DESCRIBE', clusterResource)) {
      return answer(ErrorCodes.CLUSTER_AUTHORIZATION_FAILED, []);
    }
    try {
      const term = controller();
      if (term === null) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
      return answer(ErrorCodes.NONE, await term.reassignments(requestedOf(request)));
    } catch (error) {
      return answer(errorCodeOf(error), []);
    }
  });
}

/** Null: every partition. */
function requestedOf({ topics }: Request): readonly TopicPartition[] | null {
  if (topics === null) return null;
  return topics.flatMap(({ name: topic, partitionIndexes }) =>
    [...new Set(partitionIndexes)].map((partition) => ({ topic, partition })),
  );
}

function answer(errorCode: ErrorCode, ongoing: readonly OngoingReassignment[]): Response {
  const topics = new Map<string, Response['topics'][number]['partitions'][number][]>();
  for (const { topic, partition, replicas, adding, removing } of ongoing) {
    const partitions = topics.get(topic) ?? [];
    topics.set(topic, partitions);
    partitions.push({
      partitionIndex: partition,
      replicas,
      addingReplicas: adding,
      removingReplicas: removing,
    });
  }
  return {
    throttleTimeMs: 0,
    errorCode,
    errorMessage: null,
    topics: [...topics].map(([name, partitions]) => ({ name, partitions })),
  };
}
