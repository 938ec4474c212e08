/** What to do next for a KafkaCluster: an ordered list of actions, each with its reason. */

import type { StorageSpec } from '../api/kafka-cluster.ts';
import type { KubeObject } from '../api/object.ts';
import { parseQuantity } from '../api/quantity.ts';
import type { DesiredCluster } from '../model/cluster.ts';
import type { Revision } from '../model/pod-parts.ts';
import type { RollDecision } from './next-pod.ts';
import { nextPod } from './next-pod.ts';
import type { ObservedClaim, ObservedComponent } from './observed.ts';

export type ClusterAction =
  | { readonly kind: 'apply'; readonly object: KubeObject; readonly reason: string }
  | {
      readonly kind: 'grow-claim';
      readonly claim: ObservedClaim;
      readonly size: string;
      readonly reason: string;
    }
  | {
      readonly kind: 'delete-pod';
      readonly name: string;
      readonly uid: string;
      readonly reason: string;
    };

export interface ClusterInput {
  readonly desired: DesiredCluster;
  readonly zookeeper: ObservedComponent;
  readonly brokers: ObservedComponent;
  readonly storage: { readonly brokers: StorageSpec; readonly zookeeper: StorageSpec | null };
  /** The id of the controller; null if nobody knows. */
  readonly controllerId: number | null;
}

export interface ClusterDecision {
  readonly actions: readonly ClusterAction[];
  /** What the cluster waits for; null when all is as wanted. */
  readonly waitingFor: string | null;
}

/**
 * Pods are compared with the StatefulSet as it was observed: after a change of the template the roll
 * begins with the next observation, when the StatefulSet carries the new one.
 */
export function decideCluster(input: ClusterInput): ClusterDecision {
  const { desired, zookeeper, brokers, storage } = input;
  const hold = heldForZooKeeper(input);
  const applied = [
    ...(desired.zookeeper?.objects ?? []),
    ...(hold === null ? desired.brokers.objects : []),
  ];
  const rolls = [
    ...(desired.zookeeper === null
      ? []
      : [rollOf(zookeeper, desired.zookeeper.revision, 'ZooKeeper', null)]),
    rollOf(brokers, desired.brokers.revision, 'the brokers', input.controllerId),
  ];
  // One pod at a time over the whole cluster: a broker that restarts needs its ZooKeeper.
  const roll = rolls.find((each) => each.kind !== 'done');
  return {
    actions: [
      ...applied.map((object): ClusterAction => ({ kind: 'apply', object, reason: 'wanted' })),
      ...growth(zookeeper, storage.zookeeper),
      ...growth(brokers, storage.brokers),
      ...(roll?.kind === 'delete' ? [deletion(roll)] : []),
    ],
    waitingFor: hold ?? waitReason(roll),
  };
}

/** Brokers are first made when their ZooKeeper serves: they would only fail and be backed off. */
function heldForZooKeeper({ desired, zookeeper, brokers }: ClusterInput): string | null {
  if (desired.zookeeper === null || brokers.set !== null) return null;
  const wanted = zookeeper.set?.replicas ?? 1;
  const ready = zookeeper.pods.filter((pod) => pod.ready).length;
  if (zookeeper.set !== null && ready * 2 > wanted) return null;
  const waiting = zookeeper.pods.find((pod) => pod.waiting !== null);
  const cause =
    waiting === undefined ? '' : `: ${waiting.name} is not ready: ${String(waiting.waiting)}`;
  return `ZooKeeper has ${String(ready)} of ${String(wanted)} servers ready${cause}`;
}

function rollOf(
  { set, pods }: ObservedComponent,
  wanted: Revision,
  what: string,
  last: number | null,
): RollDecision {
  if (set === null) return { kind: 'wait', reason: `${what} are being created` };
  return nextPod({ wanted, set, pods, last });
}

function deletion(roll: Extract<RollDecision, { kind: 'delete' }>): ClusterAction {
  const { name, uid } = roll.pod;
  return { kind: 'delete-pod', name, uid, reason: roll.reason };
}

function waitReason(roll: RollDecision | undefined): string | null {
  if (roll === undefined || roll.kind === 'done') return null;
  return roll.kind === 'wait' ? roll.reason : `${roll.pod.name} restarts: ${roll.reason}`;
}

/** Claims below the size wanted. One that somebody made larger stays as it is. */
function growth(
  component: ObservedComponent,
  storage: StorageSpec | null,
): readonly ClusterAction[] {
  if (storage === null) return [];
  const wanted = parseQuantity(storage.size) ?? 0;
  return component.claims
    .filter(({ size }) => size !== null && (parseQuantity(size) ?? wanted) < wanted)
    .map((claim) => ({
      kind: 'grow-claim',
      claim,
      size: String(storage.size),
      reason: `${claim.name} has ${String(claim.size)} of ${String(storage.size)}`,
    }));
}
