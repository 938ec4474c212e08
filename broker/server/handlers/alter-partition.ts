/**
 * AlterPartition: leaders propose their ISR to the controller. Versions and errors: see
 * messages/alter-partition.ts.
 */

import type { Controller } from '../../controller/controller.ts';
import type { IsrOutcome, IsrProposal } from '../../controller/leadership/isr-proposals.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../../model/kafka-error.ts';
import { alterPartition } from '../../protocol/messages/alter-partition.ts';
import type { RequestOf, ResponseOf } from '../../protocol/schema/api.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { clusterResource } from '../../security/authorizer.ts';
import type { ApiHandler } from '../api-handler.ts';
import { serve } from '../api-handler.ts';

export interface AlterPartitionPorts {
  /** Null where this broker is not the controller. */
  readonly controller: () => Pick<Controller, 'alterPartitions' | 'topicName'> | null;
  readonly authorizer: Authorizer;
}

const TOPIC_IDS_SINCE = 2;
const EPOCHS_SINCE = 3;
const NO_EPOCH = -1n;

type Request = RequestOf<typeof alterPartition>;
type RequestedTopic = Request['topics'][number];
type Response = ResponseOf<typeof alterPartition>;
type AnsweredPartition = Response['topics'][number]['partitions'][number];

export function alterPartitionHandler({ controller, authorizer }: AlterPartitionPorts): ApiHandler {
  return serve(alterPartition, [0, 3], async (context, request) => {
    const failure = (errorCode: number): Response => ({ throttleTimeMs: 0, errorCode, topics: [] });
    if (!authorizer.authorize(context, 'CLUSTER_ACTION', clusterResource)) {
      return failure(ErrorCodes.CLUSTER_AUTHORIZATION_FAILED);
    }
    try {
      const term = controller();
      if (term === null) throw new KafkaError(ErrorCodes.NOT_CONTROLLER);
      return await answer(term, context.apiVersion, request);
    } catch (error) {
      return failure(errorCodeOf(error));
    }
  });
}

async function answer(
  term: Pick<Controller, 'alterPartitions' | 'topicName'>,
  version: number,
  { brokerId, brokerEpoch, topics }: Request,
): Promise<Response> {
  const named = topics.map((requested) => ({
    requested,
    name:
      version < TOPIC_IDS_SINCE ? requested.topicName : (term.topicName(requested.topicId) ?? null),
  }));
  const outcomes = await term.alterPartitions({
    brokerId,
    brokerEpoch: Number(brokerEpoch),
    proposals: named.flatMap(({ name, requested }) =>
      name === null ? [] : proposalsOf(name, requested, version),
    ),
  });
  // One outcome for each proposal, in order.
  const rest = outcomes[Symbol.iterator]();
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCodes.NONE,
    topics: named.map(({ name, requested: { topicName, topicId, partitions } }) => ({
      topicName,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => {
        const outcome = name === null ? null : (rest.next().value ?? null);
        return answered(partitionIndex, outcome);
      }),
    })),
  };
}

function proposalsOf(
  topic: string,
  { partitions }: RequestedTopic,
  version: number,
): readonly IsrProposal[] {
  return partitions.map((it) => {
    const members = it.newIsrWithEpochs.filter(({ brokerEpoch }) => brokerEpoch !== NO_EPOCH);
    return {
      topic,
      partition: it.partitionIndex,
      leaderEpoch: it.leaderEpoch,
      isr: version < EPOCHS_SINCE ? it.newIsr : it.newIsrWithEpochs.map(({ brokerId }) => brokerId),
      brokerEpochs: new Map(members.map((member) => [member.brokerId, Number(member.brokerEpoch)])),
      leaderRecoveryState: it.leaderRecoveryState,
      partitionEpoch: it.partitionEpoch,
    };
  });
}

/** `outcome` null: the topic's id is not known. */
function answered(partitionIndex: number, outcome: IsrOutcome | null): AnsweredPartition {
  if (outcome === null) return refused(partitionIndex, ErrorCodes.UNKNOWN_TOPIC_ID);
  const { state, errorCode } = outcome;
  if (state === null) return refused(partitionIndex, errorCode);
  const { leader, leaderEpoch, isr, leaderRecoveryState, partitionEpoch } = state;
  return {
    partitionIndex,
    errorCode,
    leaderId: leader,
    leaderEpoch,
    isr,
    leaderRecoveryState,
    partitionEpoch,
  };
}

function refused(partitionIndex: number, errorCode: ErrorCode): AnsweredPartition {
  return {
    partitionIndex,
    errorCode,
    leaderId: 0,
    leaderEpoch: 0,
    isr: [],
    leaderRecoveryState: 0,
    partitionEpoch: 0,
  };
}
