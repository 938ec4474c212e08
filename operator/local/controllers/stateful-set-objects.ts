/** The pods and claims of a StatefulSet, as Kubernetes' controller makes them. Pure. */

import type { KubeObject, OwnerReference } from '../../kube/port.ts';
import { canonicalText, toJson } from '../json.ts';
import type { StatefulSet } from '../resources/stateful-set.ts';

export const revisionLabel = 'controller-revision-hash';

function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${String(ordinal)}`;
}

/** Names a template: equal templates have equal names. FNV-1a over its canonical text. */
export function revisionOf(set: StatefulSet): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(canonicalText(toJson(set.spec.template)))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return `${set.metadata.name}-${hash.toString(36)}`;
}

export function newPod(set: StatefulSet, ordinal: number): KubeObject {
  const { template, serviceName } = set.spec;
  const name = podName(set, ordinal);
  const claimed = set.spec.volumeClaimTemplates.map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}` },
  }));
  const names = claimed.map((volume) => volume.name);
  const others = template.spec.volumes.filter((volume) => !names.includes(volume.name));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata.namespace,
      labels: {
        ...template.metadata.labels,
        'apps.kubernetes.io/pod-index': String(ordinal),
        'statefulset.kubernetes.io/pod-name': name,
        [revisionLabel]: revisionOf(set),
      },
      annotations: template.metadata.annotations,
      ownerReferences: [ownerReference(set)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      subdomain: serviceName,
      volumes: [...others, ...claimed],
    },
  };
}

/** Claims carry the labels of the set's selector and, unless the set says so, no owner: they stay. */
export function newClaims(set: StatefulSet, ordinal: number): readonly KubeObject[] {
  const { volumeClaimTemplates, selector, persistentVolumeClaimRetentionPolicy } = set.spec;
  const isDeleted = persistentVolumeClaimRetentionPolicy.whenDeleted === 'Delete';
  return volumeClaimTemplates.map(({ metadata, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: `${metadata.name}-${podName(set, ordinal)}`,
      namespace: set.metadata.namespace,
      labels: { ...metadata.labels, ...selector.matchLabels },
      annotations: metadata.annotations,
      finalizers: ['kubernetes.io/pvc-protection'],
      ...(isDeleted ? { ownerReferences: [ownerReference(set)] } : {}),
    },
    spec,
  }));
}

function ownerReference(set: StatefulSet): OwnerReference {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    name: set.metadata.name,
    uid: set.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
