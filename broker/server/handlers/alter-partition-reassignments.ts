/**
 * AlterPartitionReassignments: by the controller only. Versions and errors: see
 * messages/alter-partition-reassignments.ts. Answered as soon as the moves stand in ZooKeeper and have
 * begun; how they go on is asked by ListPartitionReassignments.
 */

import type { Controller } from '../../controller/controller.ts';
import type { ReassignmentOutcome } from '../../controller/reassignment/reassignments.ts';
import type { RequestedPlacement } from '../../controller/reassignment/refusals.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import { alterPartitionReassignments } from '../../protocol/messages/alter-partition-reassignments.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface AlterPartitionReassignmentsPorts {
  /** Null where this broker is not the controller. */
  readonly controller: () => Pick<Controller, 'reassign'> | null;
  readonly authorizer: Authorizer;
}

type Request = RequestOf<typeof alterPartitionReassignments>;
type Response = ResponseOf<typeof alterPartitionReassignments>;

export function alterPartitionReassignmentsHandler({
  controller,
  authorizer,
}: AlterPartitionReassignmentsPorts): ApiHandler {
  return serve(alterPartitionReassignments, [0, 1], async (context, request) => {
    const mayResize = request.allowReplicationFactorChange;
    const answer = (errorCode: ErrorCode, outcomes: readonly ReassignmentOutcome[]): Response => ({
      throttleTimeMs: 0,
      allowReplicationFactorChange: mayResize,
      errorCode,
      errorMessage: null,
      responses: responsesOf(outcomes),
    });
    if (!authorizer.authorize(context, 'ALTER', clusterResource)) {
      return answer(ErrorCodes.CLUSTER_AUTHORIZATION_FAILED, []);
    }
    try {
      const term = controller();
      if (term === null) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
      return answer(ErrorCodes.NONE, await term.reassign(requestedOf(request), { mayResize }));
    } catch (error) {
      return answer(errorCodeOf(error), []);
    }
  });
}

/** Of a partition that is named twice, the last counts. */
function requestedOf({ topics }: Request): readonly RequestedPlacement[] {
  const requested = new Map<string, RequestedPlacement>();
  for (const { name: topic, partitions } of topics) {
    for (const { partitionIndex: partition, replicas } of partitions) {
      requested.set(partitionKey(topic, partition), { topic, partition, replicas });
    }
  }
  return [...requested.values()];
}

function responsesOf(outcomes: readonly ReassignmentOutcome[]): Response['responses'] {
  const topics = new Map<string, Response['responses'][number]['partitions'][number][]>();
  for (const { topic, partition, errorCode, message } of outcomes) {
    const results = topics.get(topic) ?? [];
    topics.set(topic, results);
    results.push({ partitionIndex: partition, errorCode, errorMessage: message });
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }));
}
