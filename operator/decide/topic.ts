/** What to do next for a KafkaTopic, seen against the topic in Kafka. */

import type { KafkaTopicSpec } from '../api/kafka-topic.ts';
import type { Problem } from '../api/problem.ts';
import { topicConfig } from '../model/topic.ts';

export interface ObservedTopic {
  readonly partitions: number;
  /** Of the first partition. */
  readonly replicas: number;
  /** What is set on the topic itself. */
  readonly config: ReadonlyMap<string, string>;
}

export interface ConfigDifference {
  readonly key: string;
  /** null: unset it. */
  readonly value: string | null;
}

export type TopicAction =
  | {
      readonly kind: 'create';
      readonly partitions: number;
      readonly replicationFactor: number;
      readonly config: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'create-partitions'; readonly count: number }
  | { readonly kind: 'alter-config'; readonly changes: readonly ConfigDifference[] };

export interface TopicInput {
  readonly spec: KafkaTopicSpec;
  /** Null: there is no such topic. */
  readonly observed: ObservedTopic | null;
  /** This resource has managed the topic before. */
  readonly managed: boolean;
}

export interface TopicDecision {
  readonly actions: readonly TopicAction[];
  readonly problems: readonly Problem[];
}

/**
 * A topic that exists already and that this resource has never managed is taken over only if it is
 * what the resource asks for: nobody loses records because of a name.
 */
export function decideTopic({ spec, observed, managed }: TopicInput): TopicDecision {
  const config = topicConfig(spec);
  if (observed === null) {
    const { partitions = -1, replicas = -1 } = spec;
    return {
      actions: [{ kind: 'create', partitions, replicationFactor: replicas, config }],
      problems: [],
    };
  }
  const problems = [...partitionProblems(spec, observed), ...replicaProblems(spec, observed)];
  const changes = configDifference(config, observed.config);
  const { partitions = observed.partitions } = spec;
  const grows = partitions > observed.partitions;
  if (!managed && (problems.length > 0 || grows || changes.length > 0)) {
    return { actions: [], problems: foreignProblems(spec, observed, changes) };
  }
  return {
    problems,
    actions: [
      ...(grows ? [{ kind: 'create-partitions', count: partitions } as const] : []),
      ...(changes.length === 0 ? [] : [{ kind: 'alter-config', changes } as const]),
    ],
  };
}

/** What has to be set or unset for `observed` to become `wanted`, by key. */
export function configDifference(
  wanted: Readonly<Record<string, string>>,
  observed: ReadonlyMap<string, string>,
): readonly ConfigDifference[] {
  const set = Object.entries(wanted)
    .filter(([key, value]) => observed.get(key) !== value)
    .map(([key, value]) => ({ key, value }));
  const unset = [...observed.keys()]
    .filter((key) => !Object.hasOwn(wanted, key))
    .map((key) => ({ key, value: null }));
  return [...set, ...unset].sort((left, right) => (left.key < right.key ? -1 : 1));
}

function partitionProblems(spec: KafkaTopicSpec, observed: ObservedTopic): readonly Problem[] {
  const { partitions } = spec;
  if (partitions === undefined || partitions >= observed.partitions) return [];
  const allowed = `at least ${String(observed.partitions)}, partitions are never removed`;
  return [{ field: 'spec.partitions', value: partitions, allowed }];
}

function replicaProblems(spec: KafkaTopicSpec, observed: ObservedTopic): readonly Problem[] {
  const { replicas } = spec;
  if (replicas === undefined || replicas === observed.replicas) return [];
  const allowed = `${String(observed.replicas)}, replicas cannot be changed yet`;
  return [{ field: 'spec.replicas', value: replicas, allowed }];
}

function foreignProblems(
  spec: KafkaTopicSpec,
  observed: ObservedTopic,
  changes: readonly ConfigDifference[],
): readonly Problem[] {
  const differs = spec.partitions !== undefined && spec.partitions !== observed.partitions;
  const partitions = {
    field: 'spec.partitions',
    value: spec.partitions,
    allowed: `${String(observed.partitions)}, as the topic has that exists already`,
  };
  return [
    ...(differs ? [partitions] : []),
    ...replicaProblems(spec, observed),
    ...changes.map(({ key, value }) => ({
      field: `topic configuration ${key}`,
      value: value ?? 'unset',
      allowed: `${observed.config.get(key) ?? 'unset'}, as the topic has that exists already`,
    })),
  ];
}
