/**
 * What a StatefulSet needs next, as Kubernetes' controller decides it for the strategy OnDelete: pods
 * that are missing are made from the newest template, pods that run are never touched for a change of
 * it. Claims are made before the pod that mounts them and stay when it goes. Pure.
 */

import type { KubeObject } from '../../kube/port.ts';
import type { Pod } from '../resources/pod.ts';
import { isReady, isTerminating } from '../resources/pod.ts';
import type { StatefulSet } from '../resources/stateful-set.ts';
import { newClaims, newPod, revisionLabel, revisionOf } from './stateful-set-objects.ts';

export type StatefulSetAction =
  | { readonly type: 'create-claim'; readonly claim: KubeObject }
  | { readonly type: 'create-pod'; readonly pod: KubeObject }
  | { readonly type: 'remove-pod'; readonly pod: Pod };

export interface StatefulSetPlan {
  readonly actions: readonly StatefulSetAction[];
  readonly status: StatefulSetStatus;
}

export interface StatefulSetStatus {
  readonly observedGeneration: number;
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly currentReplicas: number;
  readonly updatedReplicas: number;
  readonly currentRevision: string;
  readonly updateRevision: string;
  readonly collisionCount: 0;
}

export interface Observed {
  readonly set: StatefulSet;
  /** The pods that it controls. */
  readonly pods: readonly Pod[];
  /** Names of the claims that exist in its namespace. */
  readonly claims: ReadonlySet<string>;
}

export function planStatefulSet(observed: Observed): StatefulSetPlan {
  const updateRevision = revisionOf(observed.set);
  const currentRevision = observed.set.status?.currentRevision ?? updateRevision;
  const actions = isTerminatingSet(observed.set) ? [] : [...nextActions(observed)];
  return { actions, status: statusOf(observed, { currentRevision, updateRevision }) };
}

/** The number at the end of a pod's name; null for a pod that is none of the set's. */
function ordinalOf(set: StatefulSet, pod: Pod): number | null {
  const { name } = set.metadata;
  if (!pod.metadata.name.startsWith(`${name}-`)) return null;
  const text = pod.metadata.name.slice(name.length + 1);
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : null;
}

function isTerminatingSet(set: StatefulSet): boolean {
  return set.metadata.deletionTimestamp !== undefined;
}

function* nextActions(observed: Observed): Generator<StatefulSetAction> {
  const { set, pods } = observed;
  const { replicas, ordinals, podManagementPolicy } = set.spec;
  const oneByOne = podManagementPolicy === 'OrderedReady';
  const podOf = new Map(pods.map((pod) => [ordinalOf(set, pod), pod] as const));
  for (let ordinal = ordinals.start; ordinal < ordinals.start + replicas; ordinal += 1) {
    const pod = podOf.get(ordinal);
    if (pod === undefined) yield* creation(observed, ordinal);
    if (oneByOne && (pod === undefined || isTerminating(pod) || !isReady(pod))) return;
  }
  const beyond = pods
    .filter((pod) => !isWanted(set, pod))
    .toSorted((one, other) => (ordinalOf(set, other) ?? 0) - (ordinalOf(set, one) ?? 0));
  for (const pod of beyond) {
    if (!isTerminating(pod)) yield { type: 'remove-pod', pod };
    if (oneByOne) return;
  }
}

function isWanted(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(set, pod);
  const { replicas, ordinals } = set.spec;
  return ordinal !== null && ordinal >= ordinals.start && ordinal < ordinals.start + replicas;
}

function* creation({ set, claims }: Observed, ordinal: number): Generator<StatefulSetAction> {
  for (const claim of newClaims(set, ordinal)) {
    if (!claims.has(claim.metadata.name)) yield { type: 'create-claim', claim };
  }
  yield { type: 'create-pod', pod: newPod(set, ordinal) };
}

/** With OnDelete, Kubernetes never moves currentRevision on: only what is updated counts. */
function statusOf(
  { set, pods }: Observed,
  revisions: { readonly currentRevision: string; readonly updateRevision: string },
): StatefulSetStatus {
  const at = (revision: string): number =>
    pods.filter((pod) => !isTerminating(pod) && pod.metadata.labels[revisionLabel] === revision)
      .length;
  const ready = pods.filter((pod) => !isTerminating(pod) && isReady(pod)).length;
  return {
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    currentReplicas: at(revisions.currentRevision),
    updatedReplicas: at(revisions.updateRevision),
    ...revisions,
    collisionCount: 0,
  };
}
