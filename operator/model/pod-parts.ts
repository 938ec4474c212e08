/** Parts that the pods of brokers and of ZooKeeper have in common. */

import type { PodTemplateSpec, StorageSpec } from '../api/kafka-cluster.ts';
import type { KubeObject } from '../api/object.ts';
import type { ClusterIdentity, Component } from './cluster-identity.ts';
import { objectLabels, podIndexLabel, selectorLabels } from './cluster-identity.ts';
import { fingerprint } from './fingerprint.ts';

/** Of the pod template without configuration, and of the configuration that needs a restart. */
export const templateHashAnnotation = 'odradek.dev/template-hash';
export const configHashAnnotation = 'odradek.dev/config-hash';

export const dataVolume = 'data';

/** What the "restricted" pod security standard demands, with a user that owns the volumes. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  fsGroup: 1000,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

export function containerSecurity(readOnlyRootFilesystem: boolean): object {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem,
  };
}

export function envOfField(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** The ordinal, which is the id of a broker and of a ZooKeeper server. */
export function envOfOrdinal(name: string): object {
  return envOfField(name, `metadata.labels['${podIndexLabel}']`);
}

/** Rather on different nodes, where nothing else is asked for. */
function spreadOverNodes(cluster: ClusterIdentity, component: Component): object {
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: selectorLabels(cluster, component) },
          },
        },
      ],
    },
  };
}

interface PodTemplateInput {
  readonly cluster: ClusterIdentity;
  readonly component: Component;
  readonly podSpec: object;
  readonly configHash: string;
  readonly user?: PodTemplateSpec | undefined;
}

/** What a StatefulSet is compared by: what it would make, and how many. */
export interface Revision {
  readonly replicas: number;
  readonly templateHash: string;
  readonly configHash: string;
}

/** Objects to apply, in the order in which they have to exist, and the revision of their pods. */
export interface DesiredComponent {
  readonly objects: readonly KubeObject[];
  readonly revision: Revision;
}

interface PodTemplate {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: object;
}

export function revisionOf(replicas: number, template: PodTemplate): Revision {
  const { annotations } = template.metadata;
  return {
    replicas,
    templateHash: annotations[templateHashAnnotation] ?? '',
    configHash: annotations[configHashAnnotation] ?? '',
  };
}

/** The pod template, marked with what a running pod is compared by. The user's parts go on top. */
export function podTemplate({
  cluster,
  component,
  podSpec,
  configHash,
  user = {},
}: PodTemplateInput): PodTemplate {
  const { labels = {}, annotations = {}, ...userSpec } = user;
  const template = {
    metadata: { labels: { ...labels, ...objectLabels(cluster, component) }, annotations },
    spec: { affinity: spreadOverNodes(cluster, component), ...podSpec, ...userSpec },
  };
  return {
    ...template,
    metadata: {
      ...template.metadata,
      annotations: {
        ...annotations,
        [templateHashAnnotation]: fingerprint(template),
        [configHashAnnotation]: configHash,
      },
    },
  };
}

/** Claims stay unless deleteClaim says otherwise; a claim of a removed ordinal always stays. */
export function claimParts(
  cluster: ClusterIdentity,
  component: Component,
  storage: StorageSpec,
): object {
  const { size, storageClassName = '', deleteClaim } = storage;
  return {
    persistentVolumeClaimRetentionPolicy: {
      whenDeleted: deleteClaim ? 'Delete' : 'Retain',
      whenScaled: 'Retain',
    },
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: dataVolume, labels: objectLabels(cluster, component) },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: String(size) } },
          ...(storageClassName === '' ? {} : { storageClassName }),
        },
      },
    ],
  };
}
