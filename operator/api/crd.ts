/** The CustomResourceDefinitions, made from the types of this folder. */

import type { z } from 'zod';
import { stringify } from 'yaml';

import { structuralSchema } from './crd-schema.ts';
import { kafkaClusterSchema } from './kafka-cluster.ts';
import { kafkaClusterRules } from './kafka-cluster-rules.ts';
import { kafkaTopicSchema } from './kafka-topic.ts';
import { kafkaTopicRules } from './kafka-topic-rules.ts';
import type { Rule } from './rule.ts';
import { validationOf } from './rule.ts';

/** A generated file: `file` is its name below crds/. */
export interface CrdFile {
  readonly file: string;
  readonly yaml: string;
}

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** Above 0: shown with -o wide only. */
  readonly priority?: number;
}

interface Definition {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly schema: { readonly spec: z.ZodType; readonly status: z.ZodType };
  readonly rules: readonly Rule<never>[];
  readonly columns: readonly Column[];
  readonly scale?: object;
}

const ready: readonly Column[] = [
  { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
  { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
];
const last: readonly Column[] = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  {
    name: 'Message',
    type: 'string',
    jsonPath: ".status.conditions[?(@.type=='Ready')].message",
    priority: 1,
  },
];

const definitions: readonly Definition[] = [
  {
    kind: 'KafkaCluster',
    plural: 'kafkaclusters',
    singular: 'kafkacluster',
    shortNames: ['kc'],
    description: 'A Kafka cluster: brokers, the ZooKeeper they need, and how they are reached.',
    schema: kafkaClusterSchema,
    rules: kafkaClusterRules,
    columns: [
      { name: 'Brokers', type: 'integer', jsonPath: '.spec.broker.replicas' },
      { name: 'Up', type: 'integer', jsonPath: '.status.readyReplicas' },
      ...ready,
      {
        name: 'Bootstrap',
        type: 'string',
        jsonPath: '.status.listeners[0].bootstrapServers',
      },
      ...last,
    ],
    scale: {
      specReplicasPath: '.spec.broker.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  {
    kind: 'KafkaTopic',
    plural: 'kafkatopics',
    singular: 'kafkatopic',
    shortNames: ['kt'],
    description: 'A topic of a KafkaCluster.',
    schema: kafkaTopicSchema,
    rules: kafkaTopicRules,
    columns: [
      { name: 'Cluster', type: 'string', jsonPath: '.spec.clusterRef.name' },
      { name: 'Topic', type: 'string', jsonPath: '.status.topicName' },
      { name: 'Partitions', type: 'integer', jsonPath: '.status.partitions' },
      { name: 'Replicas', type: 'integer', jsonPath: '.status.replicas' },
      ...ready,
      ...last,
    ],
  },
];

/** Every CRD as the YAML to commit below crds/. */
export function renderCrds(): readonly CrdFile[] {
  return definitions.map((definition) => ({
    file: `odradek.dev_${definition.plural}.yaml`,
    yaml: `# Generated from operator/api by "npm run generate". Do not edit.\n${stringify(
      customResourceDefinition(definition),
      { lineWidth: 0, aliasDuplicateObjects: false },
    )}`,
  }));
}

function customResourceDefinition(definition: Definition): object {
  const { kind, plural, singular, shortNames } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.odradek.dev` },
    spec: {
      group: 'odradek.dev',
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: ['kafka'] },
      scope: 'Namespaced',
      versions: [versionOf(definition)],
    },
  };
}

function versionOf(definition: Definition): object {
  const { scale } = definition;
  return {
    name: 'v1beta1',
    served: true,
    storage: true,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        description: definition.description,
        required: ['spec'],
        properties: {
          apiVersion: { type: 'string' },
          kind: { type: 'string' },
          metadata: { type: 'object' },
          spec: structuralSchema(definition.schema.spec),
          status: structuralSchema(definition.schema.status),
        },
        'x-kubernetes-validations': definition.rules.map(validationOf),
      },
    },
    subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
    additionalPrinterColumns: definition.columns,
  };
}
