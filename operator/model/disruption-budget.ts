/** At most one pod of a component is taken away at a time; a broken one may always be. */

import type { KubeObject } from '../api/object.ts';
import type { ClusterIdentity, Component } from './cluster-identity.ts';
import { selectorLabels, setName } from './cluster-identity.ts';
import { ownedMetadata } from './metadata.ts';

export function disruptionBudget(cluster: ClusterIdentity, component: Component): KubeObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(cluster, component, setName(cluster, component)),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: selectorLabels(cluster, component) },
    },
  };
}
