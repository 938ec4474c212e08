/**
 * ElectLeaders: preferred leaders, or any replica where nobody leads. Versions and errors: see
 * messages/elect-leaders.ts. Answered when the brokers have been told, or the time is over.
 */

import type { Controller } from '../../controller/controller.ts';
import type {
  ElectionOutcome,
  RequestedElection,
} from '../../controller/leadership/requested-elections.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import { electLeaders } from '../../protocol/messages/elect-leaders.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface ElectLeadersPorts {
  /** Null where this broker is not the controller. */
  readonly controller: () => Pick<Controller, 'electLeaders' | 'delivered'> | null;
  readonly authorizer: Authorizer;
}

type Request = RequestOf<typeof electLeaders>;
type Response = ResponseOf<typeof electLeaders>;

/** How long an answer waits for brokers that are slow to hear of their leaders. */
const DELIVERY_MS_MAX = 1000;
const ELECTIONS: readonly RequestedElection[] = ['preferred', 'unclean'];

export function electLeadersHandler({ controller, authorizer }: ElectLeadersPorts): ApiHandler {
  return serve(electLeaders, [0, 2], async (context, request) => {
    const requested = requestedOf(request);
    const failure = (code: ErrorCode, message: string | null): Response =>
      answer(
        code,
        (requested ?? []).map((it) => ({ ...it, errorCode: code, message })),
      );
    if (!authorizer.authorize(context, 'ALTER', clusterResource)) {
      return failure(ErrorCodes.CLUSTER_AUTHORIZATION_FAILED, null);
    }
    const election = ELECTIONS[request.electionType];
    if (election === undefined) {
      const message = `Unknown election type ${String(request.electionType)}.`;
      return failure(ErrorCodes.INVALID_REQUEST, message);
    }
    try {
      const term = controller();
      if (term === null) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
      const outcomes = await term.electLeaders(election, requested);
      await term.delivered(Math.max(0, Math.min(request.timeoutMs, DELIVERY_MS_MAX)));
      return answer(ErrorCodes.NONE, requested === null ? needed(outcomes) : outcomes);
    } catch (error) {
      return failure(errorCodeOf(error), null);
    }
  });
}

/** Null: every partition. */
function requestedOf({ topicPartitions }: Request): readonly TopicPartition[] | null {
  if (topicPartitions === null) return null;
  const requested = topicPartitions.flatMap(({ topic, partitions }) =>
    [...new Set(partitions)].map((partition) => ({ topic, partition })),
  );
  const byKey = new Map(requested.map((it) => [`${it.topic}-${String(it.partition)}`, it]));
  return [...byKey.values()];
}

/** Who asks for all of them means those that need it. */
function needed(outcomes: readonly ElectionOutcome[]): readonly ElectionOutcome[] {
  return outcomes.filter(({ errorCode }) => errorCode !== ErrorCodes.ELECTION_NOT_NEEDED);
}

function answer(errorCode: ErrorCode, outcomes: readonly ElectionOutcome[]): Response {
  const topics = new Map<
    string,
    Response['replicaElectionResults'][number]['partitionResult'][number][]
  >();
  for (const { topic, partition, errorCode: code, message } of outcomes) {
    const results = topics.get(topic) ?? [];
    topics.set(topic, results);
    results.push({ partitionId: partition, errorCode: code, errorMessage: message });
  }
  return {
    throttleTimeMs: 0,
    errorCode,
    replicaElectionResults: [...topics].map(([topic, partitionResult]) => ({
      topic,
      partitionResult,
    })),
  };
}
