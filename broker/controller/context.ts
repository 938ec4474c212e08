/**
 * What the controller knows of the cluster: live brokers, assignments, and the state of every
 * partition with the version of its znode. A mirror of ZooKeeper, changed only after the write or
 * read that it mirrors succeeded; replicas on the move are ahead of it within one event, which then
 * writes them or ends the term.
 */

import { partitionKey } from '../model/topic-partition.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import type { BrokerRegistration } from '../zookeeper/znodes/broker-registration.ts';
import type { PartitionState } from '../zookeeper/znodes/partition-state.ts';
import type { TopicAssignment } from '../zookeeper/znodes/topic-assignment.ts';
import type { Placement } from './reassignment/placement.ts';
import { isMoving, withPlacements } from './reassignment/placement.ts';

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
  /** Of the last write of the znode; 0 where this controller made it. */
  readonly mzxid: number;
}

type Partitions = ReadonlyMap<string, TopicPartition>;

export class ControllerContext {
  readonly brokers = new Map<number, LiveBroker>();
  /** Live ones that have asked for their controlled shutdown: they get nothing more to lead. */
  readonly shuttingDown = new Set<number>();
  readonly #topics = new Map<string, TopicAssignment>();
  readonly #names = new Map<string, string>();
  /** Topics with a partition whose replicas are on the move. */
  readonly #moving = new Set<string>();
  readonly #states = new Map<string, VersionedState>();
  /** By broker: the partitions that it has a replica of. */
  readonly #hosted = new Map<number, Map<string, TopicPartition>>();
  /** By broker: partitions whose replica there is on a disk that failed. */
  readonly #lost = new Map<number, Set<string>>();
  /** By broker: partitions of which it may lack records, see unclean-starts.ts. */
  readonly #doubts = new Map<number, Set<string>>();
  /** Topics in /admin/delete_topics that this controller has taken up. */
  readonly deleting = new Set<string>();

  get topics(): ReadonlyMap<string, TopicAssignment> {
    return this.#topics;
  }

  isAlive(brokerId: number): boolean {
    return this.brokers.has(brokerId);
  }

  /** The broker lives, and has not said that its replica of the partition is lost. */
  isOnline(brokerId: number, { topic, partition }: TopicPartition): boolean {
    if (!this.isAlive(brokerId)) return false;
    return this.#lost.get(brokerId)?.has(partitionKey(topic, partition)) !== true;
  }

  /**
   * The leader was started again after it was made that, and no controller saw it fall: its new life
   * has read of its former one only what was on disk. Where it is the only replica, that is all.
   */
  isReborn(brokerId: number, item: TopicPartition): boolean {
    const born = this.brokers.get(brokerId)?.epoch ?? 0;
    const madeIt = this.state(item)?.mzxid ?? 0;
    return madeIt > 0 && born > madeIt && this.replicas(item).length > 1;
  }

  /** It may be elected, and enter the ISR. */
  isElectable(brokerId: number, item: TopicPartition): boolean {
    return this.isOnline(brokerId, item) && !this.shuttingDown.has(brokerId);
  }

  /** True if that is news. */
  noteReplica(brokerId: number, item: TopicPartition, isOnline: boolean): boolean {
    const key = partitionKey(item.topic, item.partition);
    const lost = this.#lost.get(brokerId) ?? new Set();
    if (isOnline) return lost.delete(key);
    if (lost.has(key)) return false;
    this.#lost.set(brokerId, lost.add(key));
    return true;
  }

  /** The broker's replica may lack records that were acknowledged. */
  isInDoubt(brokerId: number, { topic, partition }: TopicPartition): boolean {
    return this.#doubts.get(brokerId)?.has(partitionKey(topic, partition)) === true;
  }

  doubt(brokerId: number, { topic, partition }: TopicPartition): void {
    const doubts = this.#doubts.get(brokerId) ?? new Set();
    this.#doubts.set(brokerId, doubts.add(partitionKey(topic, partition)));
  }

  settleDoubt(brokerId: number, { topic, partition }: TopicPartition): void {
    this.#doubts.get(brokerId)?.delete(partitionKey(topic, partition));
  }

  doubtCount(brokerId: number): number {
    return this.#doubts.get(brokerId)?.size ?? 0;
  }

  /** It starts anew: whatever it had lost, it may have again. What is in doubt stays so. */
  removeBroker(brokerId: number): void {
    this.brokers.delete(brokerId);
    this.shuttingDown.delete(brokerId);
    this.#lost.delete(brokerId);
  }

  state({ topic, partition }: TopicPartition): VersionedState | undefined {
    return this.#states.get(partitionKey(topic, partition));
  }

  setState({ topic, partition }: TopicPartition, state: VersionedState): void {
    this.#states.set(partitionKey(topic, partition), state);
  }

  topicName(topicId: string): string | undefined {
    return this.#names.get(topicId);
  }

  replicas({ topic, partition }: TopicPartition): readonly number[] {
    return this.#topics.get(topic)?.partitions.get(partition) ?? [];
  }

  /** Its replicas are on the move. */
  isReassigned(item: TopicPartition): boolean {
    return this.#moving.has(item.topic) && isMoving(this.placement(item));
  }

  /** Partitions whose replicas are on the move. */
  get reassigned(): readonly TopicPartition[] {
    if (this.#moving.size === 0) return [];
    return [...this.#moving]
      .flatMap((topic) => this.partitions(topic))
      .filter((item) => this.isReassigned(item));
  }

  /** Without replicas for a partition that is not known. */
  placement({ topic, partition }: TopicPartition): Placement {
    const assignment = this.#topics.get(topic);
    return {
      replicas: assignment?.partitions.get(partition) ?? [],
      adding: assignment?.addingReplicas.get(partition) ?? [],
      removing: assignment?.removingReplicas.get(partition) ?? [],
    };
  }

  /** Other replicas for partitions of a topic that is known; the others stay. */
  place(topic: string, placements: ReadonlyMap<number, Placement>): void {
    const known = this.#topics.get(topic);
    if (known !== undefined) this.setTopic(topic, withPlacements(known, placements));
  }

  /** All partitions of a topic, or of all topics. */
  partitions(topic?: string): TopicPartition[] {
    const topics = topic === undefined ? [...this.#topics.keys()] : [topic];
    return topics.flatMap((name) =>
      [...(this.#topics.get(name)?.partitions.keys() ?? [])].map((partition) => ({
        topic: name,
        partition,
      })),
    );
  }

  /** The partitions that any of the brokers has a replica of, each once. */
  hostedBy(brokerIds: Iterable<number>): TopicPartition[] {
    const found: Partitions[] = [];
    for (const id of brokerIds)
      found.push(this.#hosted.get(id) ?? new Map<string, TopicPartition>());
    const [first, ...others] = found;
    if (first === undefined) return [];
    if (others.length === 0) return [...first.values()];
    return [...new Map(found.flatMap((partitions) => [...partitions])).values()];
  }

  /** Partitions that nobody leads, those of topics that are being deleted aside. */
  get offlinePartitionCount(): number {
    return this.partitions().filter((item) => {
      const state = this.state(item);
      return (
        !this.deleting.has(item.topic) &&
        (state === undefined || !this.isOnline(state.leader, item))
      );
    }).length;
  }

  /** A new topic, or another assignment of a known one. */
  setTopic(topic: string, assignment: TopicAssignment): void {
    this.#unlist(topic);
    this.#topics.set(topic, assignment);
    const { addingReplicas, removingReplicas } = assignment;
    if (addingReplicas.size > 0 || removingReplicas.size > 0) this.#moving.add(topic);
    if (assignment.topicId !== null) this.#names.set(assignment.topicId, topic);
    for (const [partition, replicas] of assignment.partitions) {
      const key = partitionKey(topic, partition);
      for (const id of replicas) {
        const hosted = this.#hosted.get(id) ?? new Map<string, TopicPartition>();
        this.#hosted.set(id, hosted.set(key, { topic, partition }));
      }
    }
  }

  removeTopic(topic: string): void {
    for (const { partition } of this.partitions(topic)) {
      const key = partitionKey(topic, partition);
      this.#states.delete(key);
      for (const lost of this.#lost.values()) lost.delete(key);
      for (const doubts of this.#doubts.values()) doubts.delete(key);
    }
    this.#unlist(topic);
    this.#topics.delete(topic);
    this.deleting.delete(topic);
  }

  #unlist(topic: string): void {
    const before = this.#topics.get(topic);
    if (before === undefined) return;
    this.#moving.delete(topic);
    if (before.topicId !== null) this.#names.delete(before.topicId);
    for (const [partition, replicas] of before.partitions) {
      const key = partitionKey(topic, partition);
      for (const id of replicas) this.#hosted.get(id)?.delete(key);
    }
  }
}
