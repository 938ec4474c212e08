/**
 * What the controller knows of the cluster: live brokers, assignments, and the state of every
 * partition with the version of its znode. A mirror of ZooKeeper, changed only after the write or
 * read that it mirrors succeeded.
 */

import { partitionKey } from '../model/topic-partition.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import type { BrokerRegistration } from '../zookeeper/znodes/broker-registration.ts';
import type { PartitionState } from '../zookeeper/znodes/partition-state.ts';
import type { TopicAssignment } from '../zookeeper/znodes/topic-assignment.ts';

export interface LiveBroker {
  readonly id: number;
  /** The czxid of its registration. */
  readonly epoch: number;
  /** Of the registration's data: it rises when listeners change. */
  readonly version: number;
  readonly registration: BrokerRegistration;
}

export interface VersionedState extends PartitionState {
  /** The version of the state znode, expected by the next write. */
  readonly partitionEpoch: number;
}

export class ControllerContext {
  readonly brokers = new Map<number, LiveBroker>();
  readonly topics = new Map<string, TopicAssignment>();
  readonly #states = new Map<string, VersionedState>();
  /** Topics in /admin/delete_topics that this controller has taken up. */
  readonly deleting = new Set<string>();

  isAlive(brokerId: number): boolean {
    return this.brokers.has(brokerId);
  }

  state({ topic, partition }: TopicPartition): VersionedState | undefined {
    return this.#states.get(partitionKey(topic, partition));
  }

  setState({ topic, partition }: TopicPartition, state: VersionedState): void {
    this.#states.set(partitionKey(topic, partition), state);
  }

  replicas({ topic, partition }: TopicPartition): readonly number[] {
    return this.topics.get(topic)?.partitions.get(partition) ?? [];
  }

  /** All partitions of a topic, or of all topics. */
  partitions(topic?: string): TopicPartition[] {
    const topics = topic === undefined ? [...this.topics.keys()] : [topic];
    return topics.flatMap((name) =>
      [...(this.topics.get(name)?.partitions.keys() ?? [])].map((partition) => ({
        topic: name,
        partition,
      })),
    );
  }

  /** Partitions that nobody leads, those of topics that are being deleted aside. */
  get offlinePartitionCount(): number {
    return this.partitions().filter((item) => {
      const state = this.state(item);
      return !this.deleting.has(item.topic) && (state === undefined || !this.isAlive(state.leader));
    }).length;
  }

  removeTopic(topic: string): void {
    for (const { partition } of this.partitions(topic)) {
      this.#states.delete(partitionKey(topic, partition));
    }
    this.topics.delete(topic);
    this.deleting.delete(topic);
  }
}
