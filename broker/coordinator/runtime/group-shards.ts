/**
 * The shards of this broker, by partition of __consumer_offsets: which exist follows leadership,
 * newer tenures replace older ones, and a shard that could not be loaded is tried again.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { Timer } from '../../platform/timers.ts';
import { groupPartition } from '../group/group-partition.ts';
import type { Groups } from '../group/groups.ts';
import type { GroupCoordinatorOptions } from './group-coordinator-options.ts';
import { GroupShard } from './group-shard.ts';

const LOAD_RETRY_MS = 5_000;

export class GroupShards {
  readonly #options: GroupCoordinatorOptions;
  readonly #shards = new Map<number, GroupShard>();
  readonly #retries = new Map<number, Timer>();

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
  }

  partitionFor(groupId: string): number {
    return groupPartition(groupId, this.#options.partitionCount());
  }

  has(partition: number): boolean {
    return this.#shards.has(partition);
  }

  /** The groups among which `groupId` is; throws the KafkaError that answers the request. */
  groupsOf(groupId: string): Groups {
    const shard = this.#shards.get(this.partitionFor(groupId));
    if (shard === undefined) throw new KafkaError(ErrorCodes.NOT_COORDINATOR);
    return shard.groups;
  }

  get isLoading(): boolean {
    return [...this.#shards.values()].some(({ state }) => state === 'loading');
  }

  *active(): IterableIterator<Groups> {
    for (const shard of this.#shards.values()) if (shard.state === 'active') yield shard.groups;
  }

  async lead(partition: number, tenure: number): Promise<void> {
    const present = this.#shards.get(partition);
    if (present !== undefined && present.tenure >= tenure) return;
    await this.#load(partition, tenure);
  }

  resign(partition: number): void {
    this.#drop(partition);
  }

  stop(): void {
    for (const partition of [...this.#shards.keys()]) this.#drop(partition);
  }

  async #load(partition: number, tenure: number): Promise<void> {
    this.#drop(partition);
    const shard = new GroupShard(partition, tenure, this.#options);
    this.#shards.set(partition, shard);
    try {
      await shard.load();
    } catch {
      // Logged by the shard; clients are told COORDINATOR_NOT_AVAILABLE until it works.
      if (this.#shards.get(partition) === shard) this.#retryLater(partition, tenure);
    }
  }

  #retryLater(partition: number, tenure: number): void {
    const timer = this.#options.timers.after(LOAD_RETRY_MS, () => {
      void this.#load(partition, tenure);
    });
    this.#retries.set(partition, timer);
  }

  #drop(partition: number): void {
    this.#retries.get(partition)?.cancel();
    this.#retries.delete(partition);
    this.#shards.get(partition)?.stop();
    this.#shards.delete(partition);
  }
}
