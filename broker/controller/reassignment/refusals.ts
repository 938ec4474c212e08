/** Reassignments that cannot be begun, in Kafka's words where it has some. */

import { ErrorCodes } from '../../model/error-codes.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import type { Term } from '../term.ts';
import { narrowedState } from './narrowed-state.ts';
import type { Placement } from './placement.ts';
import { isMoving, originOf, settledOn, towards, without } from './placement.ts';

export interface RequestedPlacement extends TopicPartition {
  /** Null: what is under way is given up. */
  readonly replicas: readonly number[] | null;
}

export interface Refusal {
  readonly errorCode: ErrorCode;
  readonly message: string | null;
}

/** Where the replicas are to be next, or why not. */
export function planOf(
  term: Term,
  { topic, partition, replicas }: RequestedPlacement,
  { mayResize }: { readonly mayResize: boolean },
): Placement | Refusal {
  const item: TopicPartition = { topic, partition };
  const { context, deletion } = term;
  const current = context.placement(item);
  if (current.replicas.length === 0 || deletion.isMarked(topic)) {
    const message = 'The partition does not exist.';
    return { errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, message };
  }
  if (replicas === null && !isMoving(current)) {
    return { errorCode: ErrorCodes.NO_REASSIGNMENT_IN_PROGRESS, message: null };
  }
  const target = replicas ?? originOf(current);
  const next = replicas === null ? settledOn(target) : towards(current, target);
  const sizeBefore = originOf(current).length;
  if (!mayResize && target.length !== sizeBefore) {
    const message = `The replication factor is changed from ${String(sizeBefore)} to ${String(target.length)}.`;
    return { errorCode: ErrorCodes.INVALID_REPLICATION_FACTOR, message };
  }
  const problem = targetProblem(term, target, next) ?? narrowingProblem(term, item, next);
  if (problem === null) return next;
  return { errorCode: ErrorCodes.INVALID_REPLICA_ASSIGNMENT, message: problem };
}

export function isRefusal(plan: Placement | Refusal): plan is Refusal {
  return 'errorCode' in plan;
}

function targetProblem(
  { context }: Term,
  target: readonly number[],
  { adding }: Placement,
): string | null {
  const list = target.join(',');
  if (target.length === 0) return 'Empty replica list specified in partition reassignment.';
  if (new Set(target).size < target.length) {
    return `Duplicate replica ids in partition reassignment replica list: ${list}`;
  }
  if (target.some((id) => id < 0)) return `Invalid broker id in replica list: ${list}`;
  if (adding.every((id) => context.isAlive(id))) return null;
  const live = [...context.brokers.keys()].join(',');
  return `Replica assignment has brokers that are not alive. Replica list: ${list}, live broker list: ${live}`;
}

/** Replicas of a target that is given up go at once, unless the others would not do without them. */
function narrowingProblem({ context }: Term, item: TopicPartition, next: Placement): string | null {
  const state = context.state(item);
  const dropped = without(context.replicas(item), next.replicas);
  if (state === undefined || dropped.length === 0) return null;
  if (narrowedState(context, { item, state, kept: next.replicas }) !== null) return null;
  return `Replicas ${dropped.join(',')} cannot be given up: no live replica among ${next.replicas.join(',')} is in sync.`;
}
