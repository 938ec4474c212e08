/** A partition over a log that is only numbers, with the ports of a leader in the test's hands. */

import assert from 'node:assert/strict';
import type { EpochEnd } from '../../../../broker/log/state/leader-epochs.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import type {
  IsrChange,
  IsrChanges,
  IsrOutcome,
} from '../../../../broker/replication/isr/isr-changes.ts';
import { Partition } from '../../../../broker/replication/partition.ts';
import type { PartitionState } from '../../../../broker/replication/partition.ts';
import { leaderPorts } from '../../../support/leader-ports.ts';
import { ManualTime, settled } from '../../../support/manual-time.ts';

export const LEADER = 1;
export const LAG_MS = 10_000;

/** What is appended is not written until `write`. */
class NumberLog {
  readonly topic = 'orders';
  readonly partition = 0;
  readonly folder = '/data/orders-0';
  readonly topicId = null;
  readonly config = { deletes: true };
  readonly transactions = {
    firstUnstableOffset: null,
    noteHighWatermark: (offset: number): void => void this.highWatermarks.push(offset),
  };
  readonly highWatermarks: number[] = [];
  readonly epochs: { readonly epoch: number; readonly startOffset: number }[] = [];
  logStartOffset = 0;
  logEndOffset = 0;
  writtenEndOffset = 0;
  onWritten: ((offset: number) => void) | null = null;

  get latestEpoch(): number {
    return this.epochs.at(-1)?.epoch ?? -1;
  }

  append(count: number): void {
    this.logEndOffset += count;
  }

  write(): void {
    this.writtenEndOffset = this.logEndOffset;
    this.onWritten?.(this.writtenEndOffset);
  }

  assignEpochStartOffset(epoch: number, startOffset: number): void {
    this.epochs.push({ epoch, startOffset });
  }

  endOffsetForEpoch(epoch: number): EpochEnd | null {
    const own = this.epochs.findLast((it) => it.epoch <= epoch);
    const next = this.epochs.find((it) => it.epoch > epoch);
    if (own === undefined || (next === undefined && own.epoch < epoch)) return null;
    return { epoch: own.epoch, endOffset: next?.startOffset ?? this.logEndOffset };
  }

  advanceLogStartOffset(offset: number, highWatermark: number): void {
    assert(offset <= highWatermark);
    this.logStartOffset = Math.max(this.logStartOffset, offset);
  }

  truncateTo(offset: number): Promise<void> {
    this.logEndOffset = Math.min(this.logEndOffset, offset);
    this.writtenEndOffset = Math.min(this.writtenEndOffset, offset);
    return Promise.resolve();
  }
}

export interface Proposal {
  readonly change: IsrChange;
  readonly signal: AbortSignal;
  /** Resolves when the leader has looked at it. */
  readonly answer: (outcome: IsrOutcome) => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

/** Keeps what is proposed until the test answers. */
class AskedIsrChanges implements IsrChanges {
  readonly proposals: Proposal[] = [];

  propose(change: IsrChange, signal: AbortSignal): Promise<IsrOutcome> {
    return new Promise((resolve, reject) => {
      this.proposals.push({
        change,
        signal,
        answer: (outcome) => {
          resolve(outcome);
          return settled();
        },
        fail: (error) => {
          reject(error);
          return settled();
        },
      });
    });
  }

  get last(): Proposal {
    const last = this.proposals.at(-1);
    assert(last !== undefined, 'nothing is proposed');
    return last;
  }
}

export class LedPartition {
  readonly time = new ManualTime();
  readonly log = new NumberLog();
  readonly isrChanges = new AskedIsrChanges();
  readonly alive = new Set([1, 2, 3]);
  readonly partition: Partition;
  minInSyncReplicas = 1;

  constructor({ highWatermark = 0, end = 0 } = {}) {
    this.log.logEndOffset = end;
    this.log.writtenEndOffset = end;
    this.partition = new Partition({
      topic: 'orders',
      index: 0,
      brokerId: LEADER,
      // The partition uses no more of a log than this one has.
      log: this.log as unknown as PartitionLog,
      highWatermark,
      leaderPorts: leaderPorts({
        clock: this.time,
        isrChanges: this.isrChanges,
        brokerEpoch: () => 11,
        isAlive: (id) => this.alive.has(id),
        lagMsMax: () => LAG_MS,
        minInSyncReplicas: () => this.minInSyncReplicas,
      }),
    });
  }

  get highWatermark(): number {
    return this.partition.highWatermark;
  }

  lead(state: Partial<PartitionState> = {}): this {
    this.partition.becomeLeader({ ...stateOf([1, 2, 3]), ...state });
    return this;
  }

  /** Appended and written. */
  grow(count: number): this {
    this.log.append(count);
    this.log.write();
    return this;
  }

  fetch(
    replicaId: number,
    offset: number,
    { brokerEpoch = 20 + replicaId, logStartOffset = 0, lastFetchedEpoch = -1, epoch = -1 } = {},
    isFirstLook = true,
  ): EpochEnd | null {
    const follower = { replicaId, brokerEpoch, logStartOffset, lastFetchedEpoch };
    const at = { offset, currentLeaderEpoch: epoch };
    return this.partition.acceptFollowerFetch(follower, at, isFirstLook);
  }

  tick(): void {
    this.partition.tickIsr(this.time.monotonicMs());
  }
}

export function stateOf(isr: readonly number[], leaderEpoch = 5): PartitionState {
  return { leader: LEADER, leaderEpoch, isr, replicas: [1, 2, 3], partitionEpoch: 7 };
}

export function written(
  isr: readonly number[],
  { partitionEpoch = 8, leaderEpoch = 5 } = {},
): IsrOutcome {
  return { kind: 'written', state: { leaderEpoch, isr, partitionEpoch } };
}
