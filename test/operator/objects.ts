/** Resources to test with. */

import type { KubeObject } from '../../operator/api/object.ts';

export function clusterSpec(changes: object): object {
  return {
    broker: { replicas: 3, storage: { size: '10Gi' } },
    zookeeper: { replicas: 1, storage: { size: '5Gi' } },
    ...changes,
  };
}

export function cluster(spec: object, name = 'demo'): KubeObject {
  return {
    apiVersion: 'odradek.dev/v1beta1',
    kind: 'KafkaCluster',
    metadata: { name, namespace: 'default' },
    spec,
  };
}

export function topic(name: string, spec: object = {}): KubeObject {
  return {
    apiVersion: 'odradek.dev/v1beta1',
    kind: 'KafkaTopic',
    metadata: { name, namespace: 'default' },
    spec: { clusterRef: { name: 'demo' }, ...spec },
  };
}
