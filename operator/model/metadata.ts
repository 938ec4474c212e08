/** Metadata of an object that belongs to a cluster and goes with it. */

import type { ObjectMeta } from '../api/object.ts';
import type { ClusterIdentity, Component } from './cluster-identity.ts';
import { objectLabels, ownerReference } from './cluster-identity.ts';

export function ownedMetadata(
  cluster: ClusterIdentity,
  component: Component,
  name: string,
): ObjectMeta {
  return {
    name,
    namespace: cluster.namespace,
    labels: objectLabels(cluster, component),
    ownerReferences: [ownerReference(cluster)],
  };
}
