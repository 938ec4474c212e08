/**
 * What the operator asks of a running Kafka cluster. Answers are per topic: one that fails never
 * hides the others. A call as a whole rejects when no broker could be asked.
 */

import type { KafkaError } from '../../broker/model/kafka-error.ts';

export interface AdminBroker {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

export interface ClusterDescription {
  readonly clusterId: string;
  /** -1 while there is none. */
  readonly controllerId: number;
  readonly brokerIds: readonly number[];
}

export interface TopicDescription {
  readonly name: string;
  /** Absent for topics made below inter.broker.protocol.version 2.8. */
  readonly topicId?: string;
  readonly partitions: readonly PartitionDescription[];
}

export interface PartitionDescription {
  readonly partition: number;
  /** -1 while there is none. */
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface NewTopic {
  readonly name: string;
  /** -1: the broker's num.partitions. */
  readonly partitions: number;
  /** -1: the broker's default.replication.factor. */
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface ConfigChange {
  readonly key: string;
  /** null: back to what holds without the topic's own value. */
  readonly value: string | null;
}

export interface TopicConfigEntry {
  readonly key: string;
  readonly value: string | null;
  /** Set on the topic itself, not inherited. */
  readonly own: boolean;
}

/** What became of each name asked for. */
export type TopicResults<T> = ReadonlyMap<string, T | KafkaError>;

export interface KafkaAdmin {
  describeCluster(): Promise<ClusterDescription>;
  /** A topic that does not exist is an UNKNOWN_TOPIC_OR_PARTITION; nothing is created by asking. */
  metadata(names: readonly string[]): Promise<TopicResults<TopicDescription>>;
  createTopics(topics: readonly NewTopic[]): Promise<TopicResults<'done'>>;
  deleteTopics(names: readonly string[]): Promise<TopicResults<'done'>>;
  /** `counts`: topic name to the whole number of partitions it is to have. */
  createPartitions(counts: ReadonlyMap<string, number>): Promise<TopicResults<'done'>>;
  describeConfigs(names: readonly string[]): Promise<TopicResults<readonly TopicConfigEntry[]>>;
  incrementalAlterConfigs(
    changes: ReadonlyMap<string, readonly ConfigChange[]>,
  ): Promise<TopicResults<'done'>>;
  close(): Promise<void>;
}

/** Connects when first asked; to be closed by whoever called. */
export type KafkaAdminFactory = (brokers: readonly AdminBroker[]) => KafkaAdmin;
