/** Which KafkaCluster objects belong to, and the names that follow from it. */

import type { OwnerReference } from '../api/object.ts';
import { apiVersion } from '../api/parse.ts';

export interface ClusterIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
}

export type Component = 'broker' | 'zookeeper';

/** Of the StatefulSet, of its headless Service and of its PodDisruptionBudget. */
export function setName(cluster: Pick<ClusterIdentity, 'name'>, component: Component): string {
  return `${cluster.name}-${component}`;
}

export function bootstrapName(cluster: Pick<ClusterIdentity, 'name'>): string {
  return `${cluster.name}-bootstrap`;
}

/** The name under which pods of the namespace reach pod `ordinal`. */
export function podHost(cluster: ClusterIdentity, component: Component, ordinal: number): string {
  const set = setName(cluster, component);
  return `${set}-${String(ordinal)}.${set}.${cluster.namespace}.svc`;
}

export function serviceHost(cluster: ClusterIdentity, service: string): string {
  return `${service}.${cluster.namespace}.svc`;
}

/** What selects the pods of a component; never changes, because a StatefulSet's selector cannot. */
export function selectorLabels(
  cluster: Pick<ClusterIdentity, 'name'>,
  component: Component,
): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/name': 'odradek',
    'app.kubernetes.io/instance': cluster.name,
    'app.kubernetes.io/component': component,
  };
}

/** What every object that the operator makes is found by. */
export const managedByLabel = { 'app.kubernetes.io/managed-by': 'odradek-operator' } as const;
export const instanceLabel = 'app.kubernetes.io/instance';
/** Set on pods by the controller of StatefulSets: the ordinal, which is the id. */
export const podIndexLabel = 'apps.kubernetes.io/pod-index';

export function objectLabels(
  cluster: ClusterIdentity,
  component: Component,
): Readonly<Record<string, string>> {
  return { ...selectorLabels(cluster, component), ...managedByLabel };
}

export function ownerReference(cluster: ClusterIdentity): OwnerReference {
  return {
    apiVersion,
    kind: 'KafkaCluster',
    name: cluster.name,
    uid: cluster.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
