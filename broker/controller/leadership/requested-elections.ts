/**
 * Elections that somebody asks for: by ElectLeaders, by the znode of the tools of 2.8, or the
 * controller itself, to bring leadership back to preferred replicas.
 */

import { electPreferred } from '../../cluster/leader-election.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import type { VersionedState } from '../context.ts';
import type { NextState } from '../partition-machine.ts';
import { NO_LEADER } from '../partition-machine.ts';
import type { Term } from '../term.ts';
import { topicsOf } from './leadership.ts';

export type RequestedElection = 'preferred' | 'unclean';

export interface ElectionOutcome extends TopicPartition {
  readonly errorCode: ErrorCode;
  readonly message: string | null;
}

/** One outcome for each partition; brokers have been told when it resolves. */
export async function electOnRequest(
  term: Term,
  election: RequestedElection,
  items: readonly TopicPartition[],
): Promise<readonly ElectionOutcome[]> {
  const { context, announcer } = term;
  const refusals = items.map((item) => refusalOf(term, election, item));
  const able = items.filter((_, index) => refusals[index] === null);
  const changed =
    election === 'preferred'
      ? await elect(term, able)
      : await term.leadership.settle(able, { uncleanAllowed: true });
  if (changed.length > 0) announcer.announce(changed);
  return items.map((item, index) => {
    const refusal = refusals[index] ?? null;
    if (refusal !== null) return { ...item, ...refusal };
    const isLed = (context.state(item)?.leader ?? NO_LEADER) !== NO_LEADER;
    if (election === 'preferred' || isLed) return { ...item, ...DONE };
    const message = 'Failed to elect leader: no live replica is known to be eligible.';
    return { ...item, errorCode: ErrorCodes.ELIGIBLE_LEADERS_NOT_AVAILABLE, message };
  });
}

/** Partitions whose preferred replica could lead and does not, of brokers that lead too few of theirs. */
export function imbalanced({ context }: Term, percentageMax: number): readonly TopicPartition[] {
  const due: TopicPartition[] = [];
  for (const id of context.brokers.keys()) {
    const preferred = context
      .hostedBy([id])
      .filter((it) => context.replicas(it)[0] === id && !context.deleting.has(it.topic));
    const elsewhere = preferred.filter((item) => context.state(item)?.leader !== id);
    if (elsewhere.length * 100 <= percentageMax * preferred.length) continue;
    due.push(...elsewhere.filter((item) => !context.isReassigned(item)));
  }
  return due;
}

const DONE = { errorCode: ErrorCodes.NONE, message: null };

type Refusal = Pick<ElectionOutcome, 'errorCode' | 'message'>;

function refusalOf(
  { context }: Term,
  election: RequestedElection,
  item: TopicPartition,
): Refusal | null {
  const state = context.state(item);
  if (!context.topics.has(item.topic) || state === undefined) {
    return {
      errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
      message: 'The partition does not exist.',
    };
  }
  if (context.deleting.has(item.topic)) {
    return {
      errorCode: ErrorCodes.INVALID_TOPIC_EXCEPTION,
      message: 'The topic is being deleted',
    };
  }
  const isNeeded =
    election === 'preferred'
      ? context.replicas(item)[0] !== state.leader
      : !context.isOnline(state.leader, item);
  if (!isNeeded) {
    return {
      errorCode: ErrorCodes.ELECTION_NOT_NEEDED,
      message: 'Leader election not needed for topic partition.',
    };
  }
  if (election === 'unclean' || preferredOf(context, item, state) !== null) return null;
  return {
    errorCode: ErrorCodes.PREFERRED_LEADER_NOT_AVAILABLE,
    message: 'Failed to elect leader: the preferred replica is not alive, or not in sync.',
  };
}

async function elect(
  { context, partitions, settings }: Term,
  items: readonly TopicPartition[],
): Promise<TopicPartition[]> {
  await settings.ready(topicsOf(items));
  return partitions.change(items, (item, state) => preferredOf(context, item, state));
}

function preferredOf(
  context: Term['context'],
  item: TopicPartition,
  { leader, isr }: VersionedState,
): NextState | null {
  const replicas = context.replicas(item);
  const isLive = (id: number): boolean =>
    context.isElectable(id, item) && !context.isInDoubt(id, item);
  return replicas[0] === leader ? null : electPreferred({ replicas, isr, isLive });
}
