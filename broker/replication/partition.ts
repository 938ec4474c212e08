/**
 * A replica hosted by this broker: leader or follower of one partition.
 *
 * Invariants: only the leader takes appends and answers reads; its leader epoch never goes back; the
 * high watermark never goes back while this broker leads, and never passes what is in the file.
 * Until followers fetch, the only replica that counts is the leader itself, so the high watermark is
 * the end of what is written.
 * Owned by the replica manager, which applies role changes one at a time.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { AppendBatches, AppendResult, LogRead, PartitionLog } from '../log/partition-log.ts';
import type { CommittedRead, ReadLimits } from './committed-read.ts';
import { readCommitted } from './committed-read.ts';

/** What the controller says of a partition (LeaderAndIsr). */
export interface PartitionState {
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly replicas: readonly number[];
  /** The version of the partition's state znode. */
  readonly partitionEpoch: number;
}

/** -1: the client did not say which epoch it knows. */
const NO_EPOCH = -1;

export class Partition {
  readonly topic: string;
  readonly index: number;
  readonly log: PartitionLog;
  readonly #brokerId: number;
  readonly #progressListeners = new Set<() => void>();
  /** Null before the first state, and while the replica is stopped. */
  #state: PartitionState | null = null;
  #hasFailed = false;
  /** Of the last state, also of one from before a stop. */
  #leaderEpoch = -1;
  #highWatermark: number;

  constructor(options: {
    readonly topic: string;
    readonly index: number;
    readonly brokerId: number;
    readonly log: PartitionLog;
    readonly highWatermark: number;
  }) {
    this.topic = options.topic;
    this.index = options.index;
    this.log = options.log;
    this.#brokerId = options.brokerId;
    this.#highWatermark = options.highWatermark;
    this.log.onWritten = () => this.#advanceHighWatermark();
    this.log.transactions.noteHighWatermark(this.#highWatermark);
  }

  get state(): PartitionState | null {
    return this.#state;
  }

  /** The newest that this replica has been told of; -1: none. */
  get leaderEpoch(): number {
    return this.#leaderEpoch;
  }

  get isLeader(): boolean {
    return this.#state?.leader === this.#brokerId;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** Everything before it is committed, and no transaction among it is undecided. */
  get lastStableOffset(): number {
    const unstable = this.log.transactions.firstUnstableOffset;
    return unstable === null ? this.#highWatermark : Math.min(unstable, this.#highWatermark);
  }

  /** Whether a state of that epoch is an old one. After a stop the same epoch may come again. */
  hasPassed(leaderEpoch: number): boolean {
    return this.#state === null
      ? leaderEpoch < this.#leaderEpoch
      : leaderEpoch <= this.#leaderEpoch;
  }

  /** True if this broker was not the leader before, or in an older epoch. */
  becomeLeader(state: PartitionState): boolean {
    assert.equal(state.leader, this.#brokerId);
    const isNewEpoch = this.#apply(state);
    if (isNewEpoch) this.log.assignEpochStartOffset(state.leaderEpoch, this.log.logEndOffset);
    this.#advanceHighWatermark();
    this.#progress();
    return isNewEpoch;
  }

  becomeFollower(state: PartitionState): void {
    assert.notEqual(state.leader, this.#brokerId);
    this.#apply(state);
    this.#progress();
  }

  /** The replica is going away: whoever waits is told. */
  stop(): void {
    this.#state = null;
    this.#progress();
  }

  /** Its disk is gone, and this replica with it: whoever waits is told KAFKA_STORAGE_ERROR. */
  fail(): void {
    this.#hasFailed = true;
    this.stop();
  }

  /** Throws NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, KAFKA_STORAGE_ERROR. */
  requireLeader(currentLeaderEpoch = NO_EPOCH): PartitionState {
    if (this.#hasFailed) {
      throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, `${this.log.folder} is offline`);
    }
    const state = this.#state;
    if (state === null || !this.isLeader) throw new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    if (currentLeaderEpoch !== NO_EPOCH) {
      if (currentLeaderEpoch < state.leaderEpoch) {
        throw new KafkaError(ErrorCodes.FENCED_LEADER_EPOCH);
      }
      if (currentLeaderEpoch > state.leaderEpoch) {
        throw new KafkaError(ErrorCodes.UNKNOWN_LEADER_EPOCH);
      }
    }
    return state;
  }

  /**
   * Appends as leader. With `allReplicas` (acks=all) the in-sync replicas must be at least
   * `minInSyncReplicas`, else NOT_ENOUGH_REPLICAS.
   */
  append(
    batches: AppendBatches,
    { allReplicas, minInSyncReplicas }: { allReplicas: boolean; minInSyncReplicas: number },
  ): AppendResult {
    const state = this.requireLeader();
    if (allReplicas && state.isr.length < minInSyncReplicas) {
      throw new KafkaError(
        ErrorCodes.NOT_ENOUGH_REPLICAS,
        `${String(state.isr.length)} replicas are in sync, min.insync.replicas is ${String(minInSyncReplicas)}`,
      );
    }
    return this.log.append(batches, { leaderEpoch: state.leaderEpoch });
  }

  /** Reads below the high watermark. Throws OFFSET_OUT_OF_RANGE and what requireLeader() throws. */
  read(limits: ReadLimits): LogRead | Promise<LogRead> {
    if (limits.offset > this.#highWatermark && limits.offset <= this.log.logEndOffset) {
      return { ...NOTHING, firstBatchBaseOffset: limits.offset };
    }
    return this.log.read({ ...limits, upperBound: this.#highWatermark });
  }

  /** Reads below the last stable offset, with the aborted transactions. Throws as `read`. */
  readCommitted(limits: ReadLimits): CommittedRead | Promise<CommittedRead> {
    const { lastStableOffset } = this;
    if (limits.offset >= lastStableOffset && limits.offset <= this.log.logEndOffset) {
      return { ...NOTHING, firstBatchBaseOffset: limits.offset, abortedTransactions: [] };
    }
    return readCommitted(this.log, limits, lastStableOffset);
  }

  /**
   * DeleteRecords: the log starts at `offset`, or where that is null at the high watermark; it never
   * goes back. Returns the low watermark, before which no replica keeps anything. Throws
   * POLICY_VIOLATION, OFFSET_OUT_OF_RANGE and what requireLeader() throws.
   */
  deleteRecords(offset: number | null): number {
    this.requireLeader();
    if (!this.log.config.deletes) {
      throw new KafkaError(
        ErrorCodes.POLICY_VIOLATION,
        `cleanup.policy of ${this.topic} does not contain delete`,
      );
    }
    this.log.advanceLogStartOffset(offset ?? this.#highWatermark, this.#highWatermark);
    return this.log.logStartOffset;
  }

  /** Calls back after every change that a waiting fetch may wait for; returns how to stop that. */
  onProgress(listener: () => void): () => void {
    this.#progressListeners.add(listener);
    return () => this.#progressListeners.delete(listener);
  }

  #apply(state: PartitionState): boolean {
    const before = this.#leaderEpoch;
    assert(state.leaderEpoch >= before, 'the leader epoch went back');
    this.#state = state;
    this.#leaderEpoch = state.leaderEpoch;
    return state.leaderEpoch > before;
  }

  #advanceHighWatermark(): void {
    const end = this.log.writtenEndOffset;
    if (!this.isLeader || end <= this.#highWatermark) return;
    this.#highWatermark = end;
    this.log.transactions.noteHighWatermark(end);
    this.#progress();
  }

  #progress(): void {
    for (const listener of [...this.#progressListeners]) listener();
  }
}

const NOTHING: LogRead = {
  payload: [],
  size: 0,
  firstBatchBaseOffset: 0,
  segmentBaseOffset: 0,
  startPosition: 0,
};
