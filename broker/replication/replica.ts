/**
 * What leaders and followers of a partition share: a log, how much of it is committed, and who waits
 * for that to change. The half of a leader is in partition.ts.
 *
 * Invariants: only a follower takes appends of its leader; the high watermark never passes what is in
 * the file, and goes back only where a follower truncates.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { AppendBatches, AppendResult, LogRead, PartitionLog } from '../log/partition-log.ts';
import type { CommittedRead, ReadLimits } from './committed-read.ts';
import { readCommitted } from './committed-read.ts';
import { Listeners } from './listeners.ts';
import type { PartitionState } from './partition-state.ts';
import { NO_EPOCH, ReplicaRole } from './replica-role.ts';

export interface ReplicaOptions {
  readonly topic: string;
  readonly index: number;
  readonly brokerId: number;
  readonly log: PartitionLog;
  /** As it was saved: it may lie outside of what is left of the log. */
  readonly highWatermark: number;
}

export abstract class Replica {
  readonly topic: string;
  readonly index: number;
  readonly log: PartitionLog;
  protected readonly role: ReplicaRole;
  readonly #progress = new Listeners();
  readonly #written = new Listeners();
  #highWatermark: number;
  /** As a follower's leader has said; -1: nothing yet. */
  #leaderHighWatermark = -1;

  constructor({ topic, index, brokerId, log, highWatermark }: ReplicaOptions) {
    this.topic = topic;
    this.index = index;
    this.log = log;
    this.role = new ReplicaRole(brokerId, log.folder);
    this.#highWatermark = withinLog(highWatermark, log);
    log.transactions.noteHighWatermark(this.#highWatermark);
    log.onWritten = () => {
      this.advanceHighWatermark();
      this.#written.notify();
    };
  }

  get state(): PartitionState | null {
    return this.role.state;
  }

  /** The newest that this replica has been told of; -1: none. */
  get leaderEpoch(): number {
    return this.role.leaderEpoch;
  }

  get isLeader(): boolean {
    return this.role.isLeader;
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
    return this.role.hasPassed(leaderEpoch);
  }

  /** Throws NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, KAFKA_STORAGE_ERROR. */
  requireLeader(currentLeaderEpoch = NO_EPOCH): PartitionState {
    const state = this.role.requireReplica(currentLeaderEpoch);
    if (!this.role.isLeader) throw new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    return state;
  }

  /** The same of a replica in any role. */
  requireReplica(currentLeaderEpoch = NO_EPOCH): PartitionState {
    return this.role.requireReplica(currentLeaderEpoch);
  }

  /** Reads below the high watermark. Throws OFFSET_OUT_OF_RANGE. */
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

  /** Reads all that is written, for a follower. Throws as `read`. */
  readAsFollower(limits: ReadLimits): LogRead | Promise<LogRead> {
    return this.log.read({ ...limits, upperBound: this.log.writtenEndOffset });
  }

  /** What a leader has sent. Throws NOT_LEADER_OR_FOLLOWER if this replica follows nobody. */
  appendAsFollower(batches: AppendBatches): AppendResult {
    this.#requireFollower();
    return this.log.appendAsFollower(batches);
  }

  /**
   * What the leader's answer says: this replica's own follow as far as its log goes. What it knows to
   * be committed stays so, even if a new leader does not know that yet.
   */
  noteLeader(leader: { readonly highWatermark: number; readonly logStartOffset: number }): void {
    if (this.role.isLeader) return;
    this.#leaderHighWatermark = leader.highWatermark;
    this.advanceHighWatermark();
    const start = Math.min(leader.logStartOffset, this.#highWatermark);
    this.log.advanceLogStartOffset(start, this.#highWatermark);
  }

  /** As a follower: drops everything from `offset` on; the high watermark goes back where it has to. */
  async truncateTo(offset: number): Promise<void> {
    this.#requireFollower();
    try {
      await this.log.truncateTo(offset);
    } finally {
      this.#noteTruncated();
    }
  }

  /** As a follower: drops everything; the log goes on at `offset`. */
  async truncateFullyAndStartAt(offset: number): Promise<void> {
    this.#requireFollower();
    try {
      await this.log.truncateFullyAndStartAt(offset);
    } finally {
      this.#noteTruncated();
    }
  }

  /** Calls back after every change that a consumer's fetch may wait for; returns how to stop that. */
  onProgress(listener: () => void): () => void {
    return this.#progress.add(listener);
  }

  /** Calls back after every change that a follower's fetch may wait for; returns how to stop that. */
  onWritten(listener: () => void): () => void {
    return this.#written.add(listener);
  }

  /** How far a leader may say that everything is committed. */
  protected abstract committedEnd(writtenEndOffset: number): number;

  /** Of the high watermark. */
  protected abstract onAdvanced(highWatermark: number): void;

  protected advanceHighWatermark(): void {
    const { writtenEndOffset } = this.log;
    if (writtenEndOffset <= this.#highWatermark) return;
    const end = this.role.isLeader
      ? this.committedEnd(writtenEndOffset)
      : Math.min(this.#leaderHighWatermark, writtenEndOffset);
    if (end <= this.#highWatermark) return;
    this.#highWatermark = end;
    this.log.transactions.noteHighWatermark(end);
    this.onAdvanced(end);
    this.#progress.notify();
  }

  /** After a change of roles: what leaders have said before does not count any more. */
  protected roleChanged(): void {
    this.#leaderHighWatermark = -1;
    this.#progress.notify();
    this.#written.notify();
  }

  #requireFollower(): void {
    this.role.requireReplica(NO_EPOCH);
    if (this.role.isLeader) throw new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
  }

  #noteTruncated(): void {
    this.#highWatermark = withinLog(this.#highWatermark, this.log);
    this.log.transactions.noteHighWatermark(this.#highWatermark);
  }
}

const NOTHING: LogRead = {
  payload: [],
  size: 0,
  firstBatchBaseOffset: 0,
  segmentBaseOffset: 0,
  startPosition: 0,
};

function withinLog(highWatermark: number, log: PartitionLog): number {
  return Math.max(log.logStartOffset, Math.min(highWatermark, log.writtenEndOffset));
}
