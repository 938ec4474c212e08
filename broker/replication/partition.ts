/**
 * A replica hosted by this broker: leader or follower of one partition. README.md has the rules that
 * a leader keeps to.
 *
 * Invariants: only the leader takes appends of producers; the leader epoch never goes back; the high
 * watermark never goes back while this broker leads.
 * Owned by the replica manager, which applies role changes one at a time.
 */

import assert from 'node:assert/strict';
import type { ErrorCode } from '../model/error-codes.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { AppendBatches, AppendResult } from '../log/partition-log.ts';
import type { EpochEnd } from '../log/state/leader-epochs.ts';
import type { Appended } from './leader/commit-waits.ts';
import { CommitWaits } from './leader/commit-waits.ts';
import type { Follower } from './leader/follower-fetch.ts';
import { divergenceOf, endOfEpoch } from './leader/follower-fetch.ts';
import type { CommittedIsr } from './leader/in-sync-replicas.ts';
import type { LeaderPorts } from './leader/leader-ports.ts';
import { Leadership, notAReplica } from './leader/leadership.ts';
import { Listeners } from './listeners.ts';
import type { PartitionState } from './partition-state.ts';
import type { ReplicaOptions } from './replica.ts';
import { Replica } from './replica.ts';

export type { PartitionState } from './partition-state.ts';

export interface PartitionOptions extends ReplicaOptions {
  readonly leaderPorts: LeaderPorts;
}

export class Partition extends Replica {
  /** Appends that wait for the in-sync replicas. */
  readonly commits = new CommitWaits((appended) => this.commitOutcome(appended));
  readonly #brokerId: number;
  readonly #leaderPorts: LeaderPorts;
  readonly #lowWatermark = new Listeners();
  #epochStartOffset = 0;
  /** Null while it does not lead, or leads alone: then all that is written is committed. */
  #leadership: Leadership | null = null;

  constructor(options: PartitionOptions) {
    super(options);
    this.#brokerId = options.brokerId;
    this.#leaderPorts = options.leaderPorts;
  }

  /** Another number means that this broker has not led all the time since. */
  get tenure(): number {
    return this.role.tenure;
  }

  /**
   * A new leader may know less of what is committed than the one before: until it knows at least all
   * from before its epoch, the end that it sees may be older than one that clients have seen (KIP-207).
   */
  get knowsCommittedEnd(): boolean {
    return this.highWatermark >= this.#epochStartOffset;
  }

  /** Those that are known to be in sync: by a leader the newest, by a follower as it was told. */
  get inSyncReplicas(): readonly number[] {
    return this.#leadership?.inSyncReplicas ?? this.state?.isr ?? [];
  }

  /** Before it no live replica keeps anything; -1 while one has not said. */
  get lowWatermark(): number {
    return this.#leadership?.lowWatermark() ?? this.log.logStartOffset;
  }

  /** True if this broker was not the leader before, or in an older epoch. */
  becomeLeader(state: PartitionState): boolean {
    assert.equal(state.leader, this.#brokerId);
    const isNewEpoch = state.leaderEpoch > this.leaderEpoch;
    this.#endLeadership();
    this.role.apply(state);
    this.#epochStartOffset = this.log.logEndOffset;
    if (isNewEpoch) this.log.assignEpochStartOffset(state.leaderEpoch, this.#epochStartOffset);
    if (state.replicas.length > 1) this.#leadership = this.#leadershipOf(state);
    this.advanceHighWatermark();
    this.roleChanged();
    return isNewEpoch;
  }

  becomeFollower(state: PartitionState): void {
    assert.notEqual(state.leader, this.#brokerId);
    this.#endLeadership();
    this.role.apply(state);
    this.roleChanged();
  }

  /** The replica is going away: whoever waits is told. */
  stop(): void {
    this.#endLeadership();
    this.role.stop();
    this.roleChanged();
  }

  /** Its disk is gone, and this replica with it: whoever waits is told KAFKA_STORAGE_ERROR. */
  fail(): void {
    this.#endLeadership();
    this.role.fail();
    this.roleChanged();
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
    if (allReplicas) this.#requireInSync(minInSyncReplicas);
    return this.log.append(batches, { leaderEpoch: state.leaderEpoch });
  }

  /** Whether all in-sync replicas have it; null as long as they may still get it. */
  commitOutcome({ endOffset, tenure, minInSyncReplicas }: Appended): ErrorCode | null {
    if (this.role.hasFailed) return ErrorCodes.KAFKA_STORAGE_ERROR;
    if (!this.isLeader || tenure !== this.tenure) return ErrorCodes.NOT_LEADER_OR_FOLLOWER;
    if (this.highWatermark < endOffset) return null;
    return this.inSyncReplicas.length < minInSyncReplicas
      ? ErrorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND
      : ErrorCodes.NONE;
  }

  /**
   * Checks a follower's fetch and takes note of how far it has come (`isFirstLook`: a fetch that waits
   * is looked at again, but only says once what its sender has). Returns where the logs part, null if
   * they do not. Throws OFFSET_OUT_OF_RANGE, what requireLeader() throws and as
   * Leadership.checkFollower.
   */
  acceptFollowerFetch(
    follower: Follower,
    {
      offset,
      currentLeaderEpoch,
    }: { readonly offset: number; readonly currentLeaderEpoch: number },
    isFirstLook: boolean,
  ): EpochEnd | null {
    this.requireLeader(currentLeaderEpoch);
    const leadership = this.#leadership;
    if (leadership === null) throw notAReplica(follower, currentLeaderEpoch);
    leadership.checkFollower(follower, currentLeaderEpoch);
    const divergence = divergenceOf(this.log, offset, follower.lastFetchedEpoch, this.leaderEpoch);
    if (divergence !== null || !isFirstLook) return divergence;
    leadership.noteFetch(follower, offset, this.highWatermark);
    this.advanceHighWatermark();
    this.#lowWatermark.notify();
    return null;
  }

  /** Of the largest epoch up to `epoch` that is known; null where none is. */
  endOffsetForEpoch(epoch: number): EpochEnd | null {
    return endOfEpoch(this.log, epoch, this.leaderEpoch);
  }

  /** Whether an answer has told that follower so much of the high watermark. */
  hasTold(replicaId: number, highWatermark: number): boolean {
    return this.#leadership?.hasTold(replicaId, highWatermark) ?? true;
  }

  noteTold(replicaId: number, highWatermark: number): void {
    this.#leadership?.noteTold(replicaId, highWatermark);
  }

  /** Followers in sync that can give a consumer what is at that offset (KIP-392). */
  followersWith(offset: number): readonly number[] {
    return this.#leadership?.followersWith(offset) ?? [];
  }

  /**
   * DeleteRecords: the log starts at `offset`, or where that is null at the high watermark; it never
   * goes back. Returns the offset that is meant; `lowWatermark` says how far all replicas are. Throws
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
    const wanted = offset ?? this.highWatermark;
    this.log.advanceLogStartOffset(wanted, this.highWatermark);
    return wanted;
  }

  /** Calls back when the low watermark may be another; returns how to stop that. */
  onLowWatermark(listener: () => void): () => void {
    return this.#lowWatermark.add(listener);
  }

  /** Followers that have been behind for too long leave the in-sync replicas. */
  tickIsr(nowMs: number): void {
    if (this.#leadership === null) return;
    this.#leadership.tickIsr(nowMs);
    // Brokers may have gone since, whom nobody has to wait for.
    this.#onSetChanged();
  }

  /** The controller has let all brokers know (UpdateMetadata); news of other epochs are left alone. */
  noteCommittedState(state: CommittedIsr & { readonly leaderEpoch: number }): void {
    if (state.leaderEpoch === this.leaderEpoch) this.#leadership?.learn(state);
  }

  protected override committedEnd(writtenEndOffset: number): number {
    return this.#leadership === null ? writtenEndOffset : this.#leadership.replicatedEnd();
  }

  protected override onAdvanced(highWatermark: number): void {
    this.commits.passed(highWatermark);
  }

  protected override roleChanged(): void {
    this.commits.check();
    this.#lowWatermark.notify();
    super.roleChanged();
  }

  #leadershipOf(state: PartitionState): Leadership {
    return new Leadership({
      brokerId: this.#brokerId,
      state,
      startOffset: this.#epochStartOffset,
      log: this.log,
      ports: this.#leaderPorts,
      onChange: () => this.#onSetChanged(),
    });
  }

  /** What followers and the controller say in another epoch does not count in this one. */
  #endLeadership(): void {
    this.#leadership?.end();
    this.#leadership = null;
  }

  /** Of the replicas that count. */
  #onSetChanged(): void {
    this.advanceHighWatermark();
    this.#lowWatermark.notify();
  }

  #requireInSync(minInSyncReplicas: number): void {
    const { length } = this.inSyncReplicas;
    if (length >= minInSyncReplicas) return;
    throw new KafkaError(
      ErrorCodes.NOT_ENOUGH_REPLICAS,
      `${String(length)} replicas are in sync, min.insync.replicas is ${String(minInSyncReplicas)}`,
    );
  }
}
