/**
 * Reads and writes the states of partitions: every state znode by compare-and-set on its version,
 * leader and controller epoch only rising. All writes of one call are in flight together; the order
 * of the session keeps them behind those of earlier calls.
 *
 * Where somebody else has written meanwhile, the state is read again: a leader may change its ISR
 * itself (inter.broker.protocol.version below 2.7), and then the change is decided anew. A state of a
 * newer controller ends the term by a NewerControllerError, another leader epoch by an Error.
 */

import { electFirstLeader, eligibleAfter } from '../cluster/leader-election.ts';
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

export const NO_LEADER = -1;

export interface NextState {
  readonly leader: number;
  readonly isr: readonly number[];
  /** As it was where it is left out. */
  readonly leaderRecoveryState?: number;
  /** The leader may lack records that were acknowledged. */
  readonly isUnclean?: boolean;
  /** The ISR alone changes: the leader epoch stays. */
  readonly keepsEpoch?: boolean;
}

/** Null: the state stays. */
export type Decide = (item: TopicPartition, state: VersionedState) => NextState | null;

export interface PartitionMachineOptions {
  readonly session: ZooKeeperSession;
  readonly context: ControllerContext;
  readonly controllerEpoch: number;
  /** min.insync.replicas. */
  readonly minInSync: (topic: string) => number;
  readonly logger: Logger;
}

export class PartitionMachine {
  readonly #session: ZooKeeperSession;
  readonly #context: ControllerContext;
  readonly #controllerEpoch: number;
  readonly #minInSync: (topic: string) => number;
  readonly #logger: Logger;

  constructor(options: PartitionMachineOptions) {
    this.#session = options.session;
    this.#context = options.context;
    this.#controllerEpoch = options.controllerEpoch;
    this.#minInSync = options.minInSync;
    this.#logger = options.logger;
  }

  /** Reads the states of partitions; those without one stay new. */
  async load(partitions: readonly TopicPartition[]): Promise<void> {
    await Promise.all(partitions.map((item) => this.#loadOne(item)));
  }

  /**
   * Gives new partitions their first state: all live replicas in sync, the first of them leads.
   * Returns those that have one now; a partition without a live replica stays new.
   */
  async create(partitions: readonly TopicPartition[]): Promise<TopicPartition[]> {
    const fresh = partitions.filter((item) => this.#context.state(item) === undefined);
    const topics = [...new Set(fresh.map(({ topic }) => topic))];
    await Promise.all(topics.map((topic) => this.#ensure(partitionsPath(topic))));
    const created = await Promise.all(fresh.map((item) => this.#createOne(item)));
    return fresh.filter((_, index) => created[index]);
  }

  /** Writes what is decided of each state there is. Returns the partitions whose state changed. */
  async change(partitions: readonly TopicPartition[], decide: Decide): Promise<TopicPartition[]> {
    const changed = await Promise.all(partitions.map((item) => this.#changeOne(item, decide)));
    return partitions.filter((_, index) => changed[index]);
  }

  /**
   * Writes one state unless somebody else has written it: then it is read again, and the answer is
   * false.
   */
  async write(item: TopicPartition, state: VersionedState, next: NextState): Promise<boolean> {
    const written: PartitionState = {
      leader: next.leader,
      isr: next.isr,
      leaderEpoch: state.leaderEpoch + (next.keepsEpoch === true ? 0 : 1),
      controllerEpoch: this.#controllerEpoch,
      leaderRecoveryState: next.leaderRecoveryState ?? state.leaderRecoveryState,
      eligible: this.#eligible(item, state, next.isr),
    };
    const path = partitionStatePath(item.topic, item.partition);
    try {
      const data = encodePartitionState(written);
      const { version, mzxid } = await this.#session.set(path, data, state.partitionEpoch);
      this.#context.setState(item, { ...written, partitionEpoch: version, mzxid });
      return true;
    } catch (error) {
      if (!(error instanceof ZooKeeperError) || error.code !== 'BAD_VERSION') throw error;
      await this.#loadOne(item);
      if (this.#context.state(item)?.leaderEpoch === state.leaderEpoch) return false;
      throw new Error(`${path} was written by somebody who is not its leader`, { cause: error });
    }
  }

  /** Takes the leader away, as before a deletion. */
  async retire(partitions: readonly TopicPartition[]): Promise<void> {
    await this.change(partitions, (_, { leader, isr }) =>
      leader === NO_LEADER ? null : { leader: NO_LEADER, isr },
    );
  }

  async #changeOne(item: TopicPartition, decide: Decide): Promise<boolean> {
    // Each further round means a write of the partition's leader in between, which are few.
    for (;;) {
      const state = this.#context.state(item);
      const next = state === undefined ? null : decide(item, state);
      if (state === undefined || next === null) return false;
      if (await this.write(item, state, next)) return true;
    }
  }

  #eligible(
    item: TopicPartition,
    { isr, eligible }: VersionedState,
    nextIsr: readonly number[],
  ): readonly number[] {
    const isInDoubt = (id: number): boolean => this.#context.isInDoubt(id, item);
    return eligibleAfter(
      { isr, eligible, isInDoubt },
      {
        isr: nextIsr,
        replicas: this.#context.replicas(item),
        minInSync: this.#minInSync(item.topic),
      },
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
    const { version, mzxid } = node.stat;
    this.#context.setState(item, { ...state, partitionEpoch: version, mzxid });
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
    const isLive = (id: number): boolean => this.#context.isElectable(id, item);
    const elected = electFirstLeader({ replicas, isLive });
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
      eligible: [],
    };
    // Sent together: the session keeps the order, and a failure ends the term.
    const parent = this.#ensure(partitionPath(item.topic, item.partition));
    const path = partitionStatePath(item.topic, item.partition);
    const [, isNew] = await Promise.all([parent, this.#ensure(path, encodePartitionState(state))]);
    if (isNew) this.#context.setState(item, { ...state, partitionEpoch: 0, mzxid: 0 });
    else await this.#loadOne(item);
    return true;
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
