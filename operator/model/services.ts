/** Services: a headless one per component that gives each pod its name, and the bootstrap Service. */

import type { ListenerSpec } from '../api/kafka-cluster.ts';
import type { KubeObject } from '../api/object.ts';
import type { ClusterIdentity, Component } from './cluster-identity.ts';
import { bootstrapName, selectorLabels, setName } from './cluster-identity.ts';
import { ownedMetadata } from './metadata.ts';

export interface NamedPort {
  readonly name: string;
  readonly port: number;
}

/**
 * Pods have their names before they are ready: a broker has to reach its own advertised address, and
 * ZooKeeper's servers each other, to become so.
 */
export function headlessService(
  cluster: ClusterIdentity,
  component: Component,
  ports: readonly NamedPort[],
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(cluster, component, setName(cluster, component)),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: selectorLabels(cluster, component),
      ports: ports.map(servicePort),
    },
  };
}

/** Where clients begin: any ready broker. */
export function bootstrapService(
  cluster: ClusterIdentity,
  listeners: readonly ListenerSpec[],
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(cluster, 'broker', bootstrapName(cluster)),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels(cluster, 'broker'),
      ports: listeners.map(servicePort),
    },
  };
}

function servicePort({ name, port }: NamedPort): object {
  return { name, port, targetPort: port, protocol: 'TCP' };
}
