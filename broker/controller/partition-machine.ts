/**
 * Brings partitions into the state that live brokers allow, and writes it: every state znode by
 * compare-and-set on its version, leader and controller epoch only rising. A state of a newer
 * controller ends the term: NewerControllerError.
 */

import { electFirstLeader, electOffline } from '../cluster/leader-election.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import type { Logger } from '../platform/logger.ts';
import { partitionPath, partitionsPath, partitionStatePath } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import { ZnodeFormatError } from '../zookeeper/znodes/json.ts';
import { decodePartitionState, encodePartitionState } from '../zookeeper/znodes/partition-state.ts';
import type { PartitionState } from '../zookeeper/znodes/partition-state.ts';
import type { ControllerContext, VersionedState } from './context.ts';
import { NewerControllerError } from './newer-controller.ts';

const NO_LEADER = -1;

export class PartitionMachine {
  readonly #session: ZooKeeperSession;
  readonly #context: ControllerContext;
  readonly #controllerEpoch: number;
  readonly #logger: Logger;

  constructor(options: {
    readonly session: ZooKeeperSession;
    readonly context: ControllerContext;
    readonly controllerEpoch: number;
    readonly logger: Logger;
  }) {
    this.#session = options.session;
    this.#context = options.context;
    this.#controllerEpoch = options.controllerEpoch;
    this.#logger = options.logger;
  }

  /** Reads the states of partitions that the context does not know; those without one stay new. */
  async load(partitions: readonly TopicPartition[]): Promise<void> {
    await Promise.all(partitions.map((item) => this.#loadOne(item)));
  }

  /**
   * Gives new partitions their first state: all live replicas in sync, the first of them leads.
   * Returns those that have one now; a partition without a live replica stays new.
   */
  async create(partitions: readonly TopicPartition[]): Promise<TopicPartition[]> {
    const fresh = partitions.filter((item) => this.#context.state(item) === undefined);
    for (const topic of new Set(fresh.map((item) => item.topic))) {
      await this.#ensure(partitionsPath(topic));
    }
    const created = await Promise.all(fresh.map((item) => this.#createOne(item)));
    return fresh.filter((_, index) => created[index]);
  }

  /**
   * Elects leaders for partitions that have none alive, from their in-sync replicas, and marks those
   * without a candidate as leaderless. Returns the partitions whose state changed.
   */
  async elect(partitions: readonly TopicPartition[]): Promise<TopicPartition[]> {
    const changed = await Promise.all(partitions.map((item) => this.#electOne(item)));
    return partitions.filter((_, index) => changed[index]);
  }

  /** Takes the leader away, as before a deletion. */
  async retire(partitions: readonly TopicPartition[]): Promise<void> {
    await Promise.all(
      partitions.map(async (item) => {
        const state = this.#context.state(item);
        if (state === undefined || state.leader === NO_LEADER) return;
        await this.#write(item, state, { leader: NO_LEADER, isr: state.isr });
      }),
    );
  }

  async #loadOne(item: TopicPartition): Promise<void> {
    const path = partitionStatePath(item.topic, item.partition);
    const node = await this.#session.get(path);
    if (node === null) return;
    const state = this.#decoded(item, node.data);
    if (state === null) return;
    if (state.controllerEpoch > this.#controllerEpoch) {
      throw new NewerControllerError(state.controllerEpoch, path);
    }
    this.#context.setState(item, { ...state, partitionEpoch: node.stat.version });
  }

  /** Null for what cannot be read. */
  #decoded(item: TopicPartition, data: Buffer | null): PartitionState | null {
    try {
      return decodePartitionState(data, partitionStatePath(item.topic, item.partition));
    } catch (error) {
      if (!(error instanceof ZnodeFormatError)) throw error;
      this.#logger.error({ err: error, ...item }, 'the state of a partition is ignored');
      return null;
    }
  }

  async #createOne(item: TopicPartition): Promise<boolean> {
    const replicas = this.#context.replicas(item);
    const elected = electFirstLeader({ replicas, isLive: this.#isLive });
    if (elected === null) {
      this.#logger.warn({ ...item }, 'no replica of a new partition is alive');
      return false;
    }
    const state: PartitionState = {
      leader: elected.leader,
      leaderEpoch: 0,
      isr: elected.isr,
      controllerEpoch: this.#controllerEpoch,
      leaderRecoveryState: 0,
    };
    await this.#ensure(partitionPath(item.topic, item.partition));
    const path = partitionStatePath(item.topic, item.partition);
    const isNew = await this.#ensure(path, encodePartitionState(state));
    if (isNew) this.#context.setState(item, { ...state, partitionEpoch: 0 });
    else await this.#loadOne(item);
    return true;
  }

  async #electOne(item: TopicPartition): Promise<boolean> {
    const state = this.#context.state(item);
    if (state === undefined || this.#context.isAlive(state.leader)) return false;
    const replicas = this.#context.replicas(item);
    const elected = electOffline({ replicas, isr: state.isr, isLive: this.#isLive }, false);
    if (elected === null && state.leader === NO_LEADER) return false;
    await this.#write(item, state, elected ?? { leader: NO_LEADER, isr: state.isr });
    return true;
  }

  readonly #isLive = (brokerId: number): boolean => this.#context.isAlive(brokerId);

  async #write(
    item: TopicPartition,
    state: VersionedState,
    { leader, isr }: { readonly leader: number; readonly isr: readonly number[] },
  ): Promise<void> {
    const written: PartitionState = {
      leader,
      isr,
      leaderEpoch: state.leaderEpoch + 1,
      controllerEpoch: this.#controllerEpoch,
      leaderRecoveryState: state.leaderRecoveryState,
    };
    const path = partitionStatePath(item.topic, item.partition);
    const stat = await this.#session.set(path, encodePartitionState(written), state.partitionEpoch);
    this.#context.setState(item, { ...written, partitionEpoch: stat.version });
  }

  /** True if the node was made, false if it was there. */
  async #ensure(path: string, data: Buffer | null = null): Promise<boolean> {
    try {
      await this.#session.create(path, data);
      return true;
    } catch (error) {
      if (error instanceof ZooKeeperError && error.code === 'NODE_EXISTS') return false;
      throw error;
    }
  }
}
