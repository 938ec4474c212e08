/**
 * What a broker knows of the cluster: live brokers, topics, who leads what. The controller's
 * UpdateMetadata requests are its only source; each names all live brokers and only the partitions
 * that changed.
 *
 * Readers may keep a BrokerImage, TopicImage or PartitionImage: they are replaced, never changed. An
 * update costs what it touches, not what the cluster holds.
 */

import type { TopicPartition } from '../model/topic-partition.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: string;
}

export interface BrokerImage {
  readonly id: number;
  /** The czxid of its registration; -1 where the update did not tell. */
  readonly epoch: number;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly rack: string | null;
}

export interface PartitionImage {
  /** -1: none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly replicas: readonly number[];
  /** The data version of the partition's state in ZooKeeper. */
  readonly partitionEpoch: number;
  /** Replicas whose disk has failed. */
  readonly offlineReplicas: readonly number[];
  readonly controllerEpoch: number;
}

export interface TopicImage {
  readonly name: string;
  /** 22 characters of base64url; null where the topic has none. */
  readonly topicId: string | null;
  readonly partitions: ReadonlyMap<number, PartitionImage>;
}

export interface PartitionUpdate {
  readonly topic: string;
  readonly topicId: string | null;
  readonly partition: number;
  readonly state: PartitionImage;
}

export interface ClusterUpdate {
  readonly controllerId: number;
  readonly brokers: readonly BrokerImage[];
  readonly partitions: readonly PartitionUpdate[];
}

/** The leader of a partition whose topic is being deleted, in an UpdateMetadata request. */
export const LEADER_DURING_DELETE = -2;

export class ClusterImage {
  #controllerId = -1;
  #brokers: ReadonlyMap<number, BrokerImage> = new Map();
  readonly #topics = new Map<string, TopicImage>();
  readonly #namesById = new Map<string, string>();

  /** -1: not known. */
  get controllerId(): number {
    return this.#controllerId;
  }

  /** Those that are registered, by id. */
  get brokers(): ReadonlyMap<number, BrokerImage> {
    return this.#brokers;
  }

  get topics(): ReadonlyMap<string, TopicImage> {
    return this.#topics;
  }

  topicById(topicId: string): TopicImage | undefined {
    const name = this.#namesById.get(topicId);
    return name === undefined ? undefined : this.#topics.get(name);
  }

  partition(topic: string, partition: number): PartitionImage | undefined {
    return this.#topics.get(topic)?.partitions.get(partition);
  }

  isAlive(brokerId: number): boolean {
    return this.#brokers.has(brokerId);
  }

  /** Whether the partition has a replica on another broker that lives. */
  isElsewhere({ topic, partition }: TopicPartition, brokerId: number): boolean {
    const replicas = this.partition(topic, partition)?.replicas ?? [];
    return replicas.some((id) => id !== brokerId && this.isAlive(id));
  }

  /** Returns the names of the topics that changed or went. */
  apply(update: ClusterUpdate): ReadonlySet<string> {
    this.#controllerId = update.controllerId;
    this.#brokers = new Map(update.brokers.map((broker) => [broker.id, broker]));
    const byTopic = new Map<string, PartitionUpdate[]>();
    for (const partition of update.partitions) {
      const known = byTopic.get(partition.topic);
      if (known === undefined) byTopic.set(partition.topic, [partition]);
      else known.push(partition);
    }
    for (const [topic, partitions] of byTopic) this.#applyTopic(topic, partitions);
    return new Set(byTopic.keys());
  }

  #applyTopic(name: string, updates: readonly PartitionUpdate[]): void {
    const before = this.#topics.get(name);
    const topicId = updates.find((update) => update.topicId !== null)?.topicId ?? before?.topicId;
    // Another id is another topic of the same name: nothing of the old one is true any more.
    const isSame = before !== undefined && (before.topicId ?? topicId) === topicId;
    const partitions = new Map(isSame ? before.partitions : []);
    for (const { partition, state } of updates) {
      if (state.leader === LEADER_DURING_DELETE) partitions.delete(partition);
      else partitions.set(partition, state);
    }
    if (before?.topicId != null) this.#namesById.delete(before.topicId);
    if (partitions.size === 0) {
      this.#topics.delete(name);
      return;
    }
    this.#topics.set(name, { name, topicId: topicId ?? null, partitions });
    if (topicId != null) this.#namesById.set(topicId, name);
  }
}
