/** The KafkaTopic resource: its fields, their bounds and defaults. Source of the CRD. */

import { z } from 'zod';

import { conditions } from './condition.ts';
import { kafkaConfig, retentionBytes, retentionTime } from './values.ts';

const spec = z.strictObject({
  clusterRef: z
    .strictObject({ name: z.string().min(1).max(40).describe('The name of the KafkaCluster.') })
    .describe('The cluster in the same namespace that the topic belongs to. Immutable.'),
  topicName: z
    .string()
    .min(1)
    .max(249)
    .exactOptional()
    .describe("The topic's name in Kafka; absent: the name of the resource. Immutable."),
  partitions: z
    .int()
    .min(1)
    .max(10_000)
    .exactOptional()
    .describe("How many partitions; may grow. Absent: the broker's num.partitions."),
  replicas: z
    .int()
    .min(1)
    .max(1000)
    .exactOptional()
    .describe("How many replicas; absent: the broker's default.replication.factor."),
  cleanupPolicy: z
    .enum(['Delete', 'Compact', 'CompactAndDelete'])
    .exactOptional()
    .describe("What becomes of old records; absent: the broker's log.cleanup.policy."),
  retention: z
    .strictObject({ time: retentionTime.exactOptional(), bytes: retentionBytes.exactOptional() })
    .exactOptional()
    .describe("How long and how much of each partition is kept; absent: the cluster's default."),
  config: kafkaConfig.exactOptional().describe("Any other topic configuration, in Kafka's keys."),
  deletionPolicy: z
    .enum(['Delete', 'Retain'])
    .default('Delete')
    .describe('What becomes of the topic when this resource goes.'),
});

const status = z.strictObject({
  observedGeneration: z.int().min(0).exactOptional(),
  conditions: conditions.exactOptional(),
  topicName: z.string().max(249).exactOptional().describe('The topic that this resource manages.'),
  topicId: z.string().max(64).exactOptional(),
  partitions: z.int().min(0).exactOptional(),
  replicas: z.int().min(0).exactOptional(),
});

export type KafkaTopicSpec = z.output<typeof spec>;
export type KafkaTopicStatus = z.output<typeof status>;

/** A KafkaTopic whose spec has been parsed and whose defaults are filled in. */
export interface KafkaTopic {
  readonly metadata: { readonly name: string };
  readonly spec: KafkaTopicSpec;
}

export const kafkaTopicSchema = { spec, status };

/** The topic's name in Kafka. */
export function topicNameOf(topic: KafkaTopic): string {
  return topic.spec.topicName ?? topic.metadata.name;
}
