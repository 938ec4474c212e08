/**
 * AlterPartition: the leader of a partition proposes another ISR. Taken if nothing else has changed
 * since the state that the proposal is based on; the leader epoch stays, and brokers hear of it by
 * UpdateMetadata alone. All states of one request are written together.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import type { VersionedState } from '../context.ts';
import type { Term } from '../term.ts';
import { topicsOf } from './leadership.ts';

export interface IsrProposal extends TopicPartition {
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  /** Of members whose epochs the leader knows: they must not be those of a former life (KIP-903). */
  readonly brokerEpochs: ReadonlyMap<number, number>;
  readonly leaderRecoveryState: number;
  readonly partitionEpoch: number;
}

export interface IsrProposals {
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly proposals: readonly IsrProposal[];
}

export interface IsrOutcome extends TopicPartition {
  readonly errorCode: ErrorCode;
  /** Null where there is an error. */
  readonly state: VersionedState | null;
}

const RECOVERED = 0;
const RECOVERING = 1;

/** The outcomes in order. Throws STALE_BROKER_EPOCH. */
export async function takeIsrProposals(
  term: Term,
  { brokerId, brokerEpoch, proposals }: IsrProposals,
): Promise<readonly IsrOutcome[]> {
  const { context, settings, announcer } = term;
  if (context.brokers.get(brokerId)?.epoch !== brokerEpoch) {
    throw new KafkaError(ErrorCodes.STALE_BROKER_EPOCH);
  }
  await settings.ready(topicsOf(proposals.filter(({ topic }) => context.topics.has(topic))));
  const before = proposals.map((it) => context.state(it));
  await catchUp(term, proposals);
  const outcomes = await Promise.all(proposals.map((it) => takeOne(term, brokerId, it)));
  // Also of what somebody else has written: a leader whose proposal was based on less waits for it.
  const changed = outcomes.filter(
    (it, index) => context.state(it)?.partitionEpoch !== before[index]?.partitionEpoch,
  );
  if (changed.length > 0) announcer.sendMetadata(changed);
  return outcomes;
}

/**
 * A leader knows a newer state: the controller before has written it while this one was reading. Read
 * again, as else the leader would be told for ever that its state is not the present one.
 */
async function catchUp(
  { context, partitions, announcer, logger }: Term,
  proposals: readonly IsrProposal[],
): Promise<void> {
  const ahead = proposals.filter((it) => {
    const state = context.state(it);
    if (state === undefined) return false;
    return it.leaderEpoch > state.leaderEpoch || it.partitionEpoch > state.partitionEpoch;
  });
  if (ahead.length === 0) return;
  const epochs = ahead.map((it) => context.state(it)?.leaderEpoch);
  await partitions.load(ahead);
  const moved = ahead.filter((it, index) => context.state(it)?.leaderEpoch !== epochs[index]);
  logger.warn({ asked: ahead.length, moved: moved.length }, 'a leader knows newer states');
  if (moved.length > 0) announcer.tellReplicas(moved);
}

async function takeOne(
  { context, partitions }: Term,
  brokerId: number,
  proposal: IsrProposal,
): Promise<IsrOutcome> {
  const { topic, partition, isr, leaderRecoveryState } = proposal;
  const item: TopicPartition = { topic, partition };
  const outcome = (errorCode: ErrorCode): IsrOutcome => ({ ...item, errorCode, state: null });
  const state = context.state(item);
  if (state === undefined) return outcome(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  const code = problemOf(proposal, {
    state,
    brokerId,
    replicas: context.replicas(item),
    isDeleted: context.deleting.has(topic),
    isEligible: (id) => {
      const epoch = proposal.brokerEpochs.get(id);
      const isSameLife = epoch === undefined || epoch === context.brokers.get(id)?.epoch;
      return isSameLife && context.isElectable(id, item);
    },
  });
  if (code !== ErrorCodes.NONE) return outcome(code);
  if (!isAsWanted(state, proposal)) {
    const next = { leader: state.leader, isr, leaderRecoveryState, keepsEpoch: true };
    if (!(await partitions.write(item, state, next))) {
      return outcome(ErrorCodes.INVALID_UPDATE_VERSION);
    }
  }
  return { ...item, errorCode: ErrorCodes.NONE, state: context.state(item) ?? state };
}

/** Asked again, as after an answer that was lost. */
function isAsWanted(state: VersionedState, { isr, leaderRecoveryState }: IsrProposal): boolean {
  return (
    state.leaderRecoveryState === leaderRecoveryState &&
    isr.length === state.isr.length &&
    isr.every((id) => state.isr.includes(id))
  );
}

function problemOf(
  proposal: IsrProposal,
  {
    state,
    brokerId,
    replicas,
    isDeleted,
    isEligible,
  }: {
    readonly state: VersionedState;
    readonly brokerId: number;
    readonly replicas: readonly number[];
    readonly isDeleted: boolean;
    readonly isEligible: (brokerId: number) => boolean;
  },
): ErrorCode {
  const { isr, leaderEpoch, leaderRecoveryState, partitionEpoch } = proposal;
  if (isDeleted) return ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
  if (leaderEpoch !== state.leaderEpoch) return ErrorCodes.FENCED_LEADER_EPOCH;
  if (brokerId !== state.leader) return ErrorCodes.INVALID_REQUEST;
  if (isAsWanted(state, proposal)) return ErrorCodes.NONE;
  if (partitionEpoch !== state.partitionEpoch) return ErrorCodes.INVALID_UPDATE_VERSION;
  const isProper =
    isr.includes(brokerId) &&
    new Set(isr).size === isr.length &&
    isr.every((id) => replicas.includes(id));
  if (!isProper) return ErrorCodes.INVALID_REQUEST;
  if (leaderRecoveryState === RECOVERING) {
    const isAllowed = state.leaderRecoveryState === RECOVERING && isr.length === 1;
    if (!isAllowed) return ErrorCodes.INVALID_REQUEST;
  } else if (leaderRecoveryState !== RECOVERED) return ErrorCodes.INVALID_REQUEST;
  // Who is in already may stay while it is about to stop.
  const isEntering = (id: number): boolean => !state.isr.includes(id);
  if (!isr.filter(isEntering).every(isEligible)) return ErrorCodes.INELIGIBLE_REPLICA;
  return ErrorCodes.NONE;
}
