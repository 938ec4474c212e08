/**
 * The kinds of objects that the operator reads and writes. Each is narrowed only as far as somebody
 * looks: whatever else an object has passes through untouched. Custom resources keep their spec
 * unparsed, so that a list with one bad resource in it can still be read; reconcilers parse the spec
 * and say in the resource's status what is wrong with it.
 */

import { z } from 'zod';

import type { ObjectMeta } from '../api/object.ts';
import type { KubeObject, ResourceKind } from './port.ts';

const strings = z.record(z.string(), z.string());

const metadata = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().exactOptional(),
  labels: strings.exactOptional(),
  annotations: strings.exactOptional(),
  ownerReferences: z
    .array(
      z.looseObject({
        apiVersion: z.string(),
        kind: z.string(),
        name: z.string(),
        uid: z.string(),
        controller: z.boolean().exactOptional(),
        blockOwnerDeletion: z.boolean().exactOptional(),
      }),
    )
    .exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
  uid: z.string().exactOptional(),
  generation: z.number().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  creationTimestamp: z.string().exactOptional(),
  deletionTimestamp: z.string().exactOptional(),
});

const base = { apiVersion: z.string(), kind: z.string(), metadata };

const customResource = z.looseObject({
  ...base,
  spec: z.unknown().exactOptional(),
  status: z.unknown().exactOptional(),
});

const statefulSet = z.looseObject({
  ...base,
  spec: z.looseObject({
    replicas: z.int().default(1),
    ordinals: z.looseObject({ start: z.int().default(0) }).default({ start: 0 }),
    template: z.looseObject({
      metadata: z.looseObject({ annotations: strings.default({}) }).default({ annotations: {} }),
    }),
    volumeClaimTemplates: z.array(z.looseObject({ spec: z.unknown().exactOptional() })).default([]),
  }),
  status: z.looseObject({ observedGeneration: z.int().exactOptional() }).exactOptional(),
});

const pod = z.looseObject({
  ...base,
  spec: z.unknown().exactOptional(),
  status: z
    .looseObject({
      phase: z.string().exactOptional(),
      podIP: z.string().exactOptional(),
      conditions: z
        .array(
          z.looseObject({
            type: z.string(),
            status: z.string(),
            lastTransitionTime: z.string().nullish(),
          }),
        )
        .default([]),
      containerStatuses: z
        .array(
          z.looseObject({
            name: z.string(),
            state: z
              .looseObject({
                waiting: z
                  .looseObject({
                    reason: z.string().exactOptional(),
                    message: z.string().exactOptional(),
                  })
                  .exactOptional(),
              })
              .exactOptional(),
          }),
        )
        .exactOptional(),
    })
    .exactOptional(),
});

const persistentVolumeClaim = z.looseObject({
  ...base,
  spec: z.looseObject({
    resources: z
      .looseObject({
        requests: z.record(z.string(), z.union([z.string(), z.number()])).exactOptional(),
      })
      .exactOptional(),
  }),
});

const configMap = z.looseObject({ ...base, data: strings.exactOptional() });
const opaque = z.looseObject({ ...base });

/** A KafkaCluster or KafkaTopic as it is stored: `spec` may be anything. */
export interface CustomResource extends KubeObject {
  readonly metadata: ObjectMeta;
}
export type StatefulSet = z.output<typeof statefulSet>;
export type Pod = z.output<typeof pod>;
export type PersistentVolumeClaim = z.output<typeof persistentVolumeClaim>;
export type ConfigMap = z.output<typeof configMap>;

export const kafkaClusters: ResourceKind<CustomResource> = kind(
  'odradek.dev/v1beta1',
  'KafkaCluster',
  'kafkaclusters',
  customResource,
);
export const kafkaTopics: ResourceKind<CustomResource> = kind(
  'odradek.dev/v1beta1',
  'KafkaTopic',
  'kafkatopics',
  customResource,
);
export const statefulSets: ResourceKind<StatefulSet> = kind(
  'apps/v1',
  'StatefulSet',
  'statefulsets',
  statefulSet,
);
export const pods: ResourceKind<Pod> = kind('v1', 'Pod', 'pods', pod);
export const services: ResourceKind = kind('v1', 'Service', 'services', opaque);
export const configMaps: ResourceKind<ConfigMap> = kind('v1', 'ConfigMap', 'configmaps', configMap);
const secrets: ResourceKind = kind('v1', 'Secret', 'secrets', opaque);
export const persistentVolumeClaims: ResourceKind<PersistentVolumeClaim> = kind(
  'v1',
  'PersistentVolumeClaim',
  'persistentvolumeclaims',
  persistentVolumeClaim,
);
export const podDisruptionBudgets: ResourceKind = kind(
  'policy/v1',
  'PodDisruptionBudget',
  'poddisruptionbudgets',
  opaque,
);
const events: ResourceKind = kind('v1', 'Event', 'events', opaque);

const kindsByName = new Map<string, ResourceKind>(
  [
    kafkaClusters,
    kafkaTopics,
    statefulSets,
    pods,
    services,
    configMaps,
    secrets,
    persistentVolumeClaims,
    podDisruptionBudgets,
    events,
  ].map((each) => [`${each.apiVersion}/${each.kind}`, each]),
);

/** The kind of an object by its apiVersion and kind, if the operator knows it. */
export function kindOf(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): ResourceKind | null {
  return kindsByName.get(`${object.apiVersion}/${object.kind}`) ?? null;
}

function kind<T extends KubeObject>(
  apiVersion: string,
  name: string,
  plural: string,
  schema: z.ZodType<T>,
): ResourceKind<T> {
  return {
    apiVersion,
    kind: name,
    plural,
    parse(object) {
      const parsed = schema.safeParse(object);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
      throw new TypeError(`not a ${name}: ${where}`);
    },
  };
}
