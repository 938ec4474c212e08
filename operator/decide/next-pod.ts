/**
 * Which pod to delete next, so that its successor runs what is wanted now.
 *
 *   1. Nothing while the StatefulSet, or its controller, does not have the newest template.
 *   2. Nothing while a pod is missing or terminating.
 *   3. An outdated pod that is not ready goes first: the new template may be its cure.
 *   4. Nothing while any pod is unready: a bad change breaks one pod and no more.
 *   5. Then the outdated pods, one by one, the highest ordinal first, the controller last.
 */

import type { Revision } from '../model/pod-parts.ts';
import type { ObservedPod, ObservedSet } from './observed.ts';

export interface RollInput {
  readonly wanted: Revision;
  readonly set: ObservedSet;
  readonly pods: readonly ObservedPod[];
  /** The ordinal that is better left for the end; null if nobody knows. */
  readonly last: number | null;
}

export type RollDecision =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait'; readonly reason: string }
  | { readonly kind: 'delete'; readonly pod: ObservedPod; readonly reason: string };

export function nextPod({ wanted, set, pods, last }: RollInput): RollDecision {
  if (!set.settled || !carries(set, wanted)) {
    return { kind: 'wait', reason: 'the StatefulSet has not taken the change in' };
  }
  const away = pods.find((pod) => pod.terminating);
  if (away !== undefined) return { kind: 'wait', reason: `${away.name} is terminating` };
  if (pods.length < set.replicas) {
    const missing = String(set.replicas - pods.length);
    return { kind: 'wait', reason: `${missing} of ${String(set.replicas)} pods do not exist yet` };
  }
  const outdated = [...pods]
    .filter((pod) => outdatedReason(pod, set) !== null)
    .sort((left, right) => rank(left, last) - rank(right, last) || right.ordinal - left.ordinal);
  const first = outdated[0];
  const unready = pods.find((pod) => !pod.ready);
  if (unready !== undefined && first?.ready !== false) {
    const cause = unready.waiting === null ? 'not ready' : `not ready: ${unready.waiting}`;
    return { kind: 'wait', reason: `${unready.name} is ${cause}` };
  }
  if (first === undefined) return { kind: 'done' };
  return { kind: 'delete', pod: first, reason: outdatedReason(first, set) ?? '' };
}

function carries(set: ObservedSet, wanted: Revision): boolean {
  return (
    set.replicas === wanted.replicas &&
    set.templateHash === wanted.templateHash &&
    set.configHash === wanted.configHash
  );
}

function outdatedReason(pod: ObservedPod, set: ObservedSet): string | null {
  if (pod.templateHash !== set.templateHash) return 'the pod template has changed';
  if (pod.configHash !== set.configHash) return 'the configuration has changed and needs a restart';
  return null;
}

function rank(pod: ObservedPod, last: number | null): number {
  if (!pod.ready) return 0;
  return pod.ordinal === last ? 2 : 1;
}
