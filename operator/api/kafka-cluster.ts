/** The KafkaCluster resource: its fields, their bounds and defaults. Source of the CRD. */

import { z } from 'zod';

import { conditions } from './condition.ts';
import {
  computeResources,
  kafkaConfig,
  retentionBytes,
  retentionTime,
  volumeSize,
} from './values.ts';

const storage = z.strictObject({
  size: volumeSize,
  storageClassName: z
    .string()
    .max(253)
    .exactOptional()
    .describe("The storage class; absent or empty: the cluster's default. Immutable."),
  deleteClaim: z
    .boolean()
    .default(false)
    .describe('Delete the volumes with the resource. Otherwise they stay and are found again.'),
});

const labels = z.record(z.string().max(317), z.string().max(63)).meta({ maxProperties: 50 });
const annotations = z
  .record(z.string().max(317), z.string().max(65536))
  .meta({ maxProperties: 50 });
const untouched = { 'x-kubernetes-preserve-unknown-fields': true };

const podTemplate = z
  .strictObject({
    labels: labels.exactOptional(),
    annotations: annotations.exactOptional(),
    nodeSelector: labels.exactOptional(),
    affinity: z.looseObject({}).meta(untouched).exactOptional(),
    tolerations: z.array(z.looseObject({}).meta(untouched)).max(50).exactOptional(),
    topologySpreadConstraints: z.array(z.looseObject({}).meta(untouched)).max(20).exactOptional(),
    priorityClassName: z.string().max(253).exactOptional(),
  })
  .describe('What goes into the pods as it is, in the form of a pod.');

const broker = z.strictObject({
  replicas: z.int().min(1).max(1000).default(3).describe('How many brokers.'),
  image: z
    .string()
    .max(512)
    .exactOptional()
    .describe('The image that brokers run; absent or empty: the one released with the operator.'),
  firstId: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .describe("The first broker's id; the others follow. Immutable."),
  storage: storage.describe("Each broker's volume."),
  resources: computeResources.exactOptional(),
  template: podTemplate.exactOptional(),
});

const zookeeper = z
  .strictObject({
    replicas: z
      .int()
      .min(1)
      .max(9)
      .exactOptional()
      .describe('How many ZooKeeper servers, an odd number. Fixed once the cluster exists.'),
    storage: storage.exactOptional().describe("Each server's volume. Required with replicas."),
    external: z
      .strictObject({
        connect: z
          .string()
          .min(1)
          .max(2048)
          .describe(
            'The servers as in zookeeper.connect: host:port,host:port/chroot. "local:" is one broker on its embedded store.',
          ),
      })
      .exactOptional()
      .describe('A ZooKeeper that is there already.'),
  })
  .describe('Exactly one of: replicas and storage, or external.');

const listener = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(20)
    .regex(/^[a-z][a-z0-9]*$/)
    .describe("The listener's name: lower-case letters and digits. REPLICATION is the operator's."),
  port: z.int().min(1024).max(65535).describe('The port that brokers listen at.'),
  type: z.enum(['Internal']).default('Internal').describe('Who reaches it: Internal, the pods.'),
});

const spec = z.strictObject({
  broker,
  zookeeper,
  listeners: z
    .array(listener)
    .min(1)
    .max(1)
    .default([{ name: 'internal', port: 9092, type: 'Internal' }])
    .meta({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      description: 'Where clients connect.',
    }),
  config: kafkaConfig
    .exactOptional()
    .describe("Broker configuration in Kafka's own keys. Keys that the operator owns are refused."),
  retention: z
    .strictObject({
      default: z
        .strictObject({
          time: retentionTime.exactOptional(),
          bytes: retentionBytes.exactOptional(),
        })
        .exactOptional()
        .describe('For topics that say nothing of their own.'),
    })
    .exactOptional()
    .describe('How long topics of this cluster keep their records.'),
  paused: z.boolean().default(false).describe('Leave the cluster alone until this is false again.'),
});

const status = z.strictObject({
  observedGeneration: z.int().min(0).exactOptional(),
  conditions: conditions.exactOptional(),
  clusterId: z.string().max(64).exactOptional().describe("Kafka's own id of the cluster."),
  replicas: z.int().min(0).exactOptional().describe('Broker pods that exist.'),
  readyReplicas: z.int().min(0).exactOptional().describe('Broker pods that are ready.'),
  formedReplicas: z
    .int()
    .min(0)
    .exactOptional()
    .describe(
      'Brokers that have been registered together. New topics wait a while for any beyond these.',
    ),
  selector: z.string().max(1024).exactOptional().describe('Selects the broker pods.'),
  brokers: z
    .array(
      z.strictObject({
        id: z.int().min(0),
        pod: z.string().max(253),
        ready: z.boolean(),
        controller: z.boolean(),
        addresses: z.record(z.string().max(20), z.string().max(300)).meta({ maxProperties: 10 }),
      }),
    )
    .max(1000)
    .exactOptional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'] }),
  listeners: z
    .array(z.strictObject({ name: z.string().max(20), bootstrapServers: z.string().max(1024) }))
    .max(10)
    .exactOptional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
});

export type KafkaClusterSpec = z.output<typeof spec>;
export type KafkaClusterStatus = z.output<typeof status>;
export type StorageSpec = z.output<typeof storage>;
export type ListenerSpec = z.output<typeof listener>;
export type PodTemplateSpec = z.output<typeof podTemplate>;

/** A KafkaCluster whose spec has been parsed and whose defaults are filled in. */
export interface KafkaCluster {
  readonly metadata: { readonly name: string };
  readonly spec: KafkaClusterSpec;
}

export const kafkaClusterSchema = { spec, status };
