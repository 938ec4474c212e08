/**
 * The ISR as leaders below inter.broker.protocol.version 2.7 change it: written into the partition's
 * state in ZooKeeper by themselves, if it is still the state that the change is based on. The
 * controller hears of it by a node below /isr_change_notification, for all changes of a moment
 * together.
 *
 * Invariant: a change that may or may not have been written (the connection was lost) ends only when a
 * read shows which.
 */

import { eligibleAfter } from '../../cluster/leader-election.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timers } from '../../platform/timers.ts';
import { delay } from '../../platform/timers.ts';
import { partitionStatePath, paths } from '../../zookeeper/paths.ts';
import type { NodeData, ZooKeeperSession } from '../../zookeeper/port.ts';
import { ZooKeeperError } from '../../zookeeper/port.ts';
import type { PartitionState } from '../../zookeeper/znodes/partition-state.ts';
import {
  decodePartitionState,
  encodePartitionState,
} from '../../zookeeper/znodes/partition-state.ts';
import { encodeIsrChange } from '../../zookeeper/znodes/requests.ts';
import type { IsrChange, IsrChanges, IsrOutcome } from './isr-changes.ts';

const RETRY_MS = 200;
/** Apache Kafka tells after at least five quiet seconds; consumers of metadata wait for it. */
const NOTIFY_MS = 500;

export interface ZooKeeperIsrOptions {
  readonly brokerId: number;
  readonly session: () => ZooKeeperSession;
  /** min.insync.replicas. */
  readonly minInSync: (topic: string) => number;
  readonly timers: Timers;
  readonly logger: Logger;
}

const OUTDATED: IsrOutcome = { kind: 'outdated', errorCode: ErrorCodes.INVALID_UPDATE_VERSION };

export class ZooKeeperIsr implements IsrChanges {
  readonly #options: ZooKeeperIsrOptions;
  /** Changes that the controller has not been told of. */
  #untold: TopicPartition[] = [];
  #isClosed = false;

  constructor(options: ZooKeeperIsrOptions) {
    this.#options = options;
  }

  /** Nobody is told of anything any more: the broker has stopped. */
  close(): void {
    this.#isClosed = true;
  }

  async propose(change: IsrChange, signal: AbortSignal): Promise<IsrOutcome> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#write(change);
      } catch (error) {
        const { topic, partition } = change;
        this.#options.logger.debug({ err: error, topic, partition }, 'the ISR was not written');
        await delay(this.#options.timers, RETRY_MS, signal);
      }
    }
  }

  async #write(change: IsrChange): Promise<IsrOutcome> {
    const session = this.#options.session();
    const path = partitionStatePath(change.topic, change.partition);
    const node = await session.get(path);
    if (node === null) return OUTDATED;
    const before = decodePartitionState(node.data, path);
    const isr = change.isr.map(({ brokerId }) => brokerId);
    if (!this.#isLeadersOwn(before, change)) return OUTDATED;
    if (isSame(before.isr, isr)) return written(before, node.stat.version);
    if (node.stat.version !== change.partitionEpoch) return OUTDATED;
    const minInSync = this.#options.minInSync(change.topic);
    // Whoever was a member is a replica.
    const replicas = [...before.isr, ...before.eligible];
    const eligible = eligibleAfter(
      { ...before, isInDoubt: () => false },
      { isr, replicas, minInSync },
    );
    const next: PartitionState = { ...before, isr, eligible };
    return this.#set(session, { change, next, node, path });
  }

  async #set(
    session: ZooKeeperSession,
    {
      change,
      next,
      node,
      path,
    }: {
      readonly change: IsrChange;
      readonly next: PartitionState;
      readonly node: NodeData;
      readonly path: string;
    },
  ): Promise<IsrOutcome> {
    try {
      const stat = await session.set(path, encodePartitionState(next), node.stat.version);
      this.#tell(change);
      return written(next, stat.version);
    } catch (error) {
      const code = error instanceof ZooKeeperError ? error.code : null;
      // Of both the next look at the state tells more.
      if (code === 'BAD_VERSION' || code === 'NO_NODE') return OUTDATED;
      this.#tell(change);
      throw error;
    }
  }

  #isLeadersOwn(state: PartitionState, { leaderEpoch }: IsrChange): boolean {
    return state.leader === this.#options.brokerId && state.leaderEpoch === leaderEpoch;
  }

  /** Also of what may not have been written: the controller reads what is there. */
  #tell({ topic, partition }: TopicPartition): void {
    this.#untold.push({ topic, partition });
    if (this.#untold.length > 1) return;
    this.#options.timers.after(NOTIFY_MS, () => void this.#notify());
  }

  async #notify(): Promise<void> {
    if (this.#isClosed) return;
    const changed = this.#untold;
    this.#untold = [];
    const { session, logger } = this.#options;
    try {
      const data = encodeIsrChange(changed);
      await session().create(paths.isrChangePrefix, data, { sequential: true });
    } catch (error) {
      logger.warn({ err: error }, 'the controller could not be told of changed ISRs');
      for (const item of changed) this.#tell(item);
    }
  }
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((id) => right.includes(id));
}

function written({ leaderEpoch, isr }: PartitionState, partitionEpoch: number): IsrOutcome {
  return { kind: 'written', state: { leaderEpoch, isr, partitionEpoch } };
}
