/**
 * What a leader keeps for one leader epoch of a partition that has followers: how far they are, and
 * which of them are in sync. Owner: the partition, which makes a new one for each epoch, as what a
 * follower had in an earlier epoch it may have truncated since.
 */

import type { PartitionState } from '../partition-state.ts';
import type { FollowerFetch, LagMoment } from './follower-progress.ts';
import { FollowerProgress } from './follower-progress.ts';
import { InSyncReplicas } from './in-sync-replicas.ts';

export interface TermOptions {
  readonly brokerId: number;
  readonly state: PartitionState;
  /** Where the log ended when the epoch began. */
  readonly startOffset: number;
  readonly nowMs: number;
}

export class LeaderTerm {
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly isr: InSyncReplicas;
  readonly #brokerId: number;
  readonly #followers = new Map<number, FollowerProgress>();

  constructor({ brokerId, state, startOffset, nowMs }: TermOptions) {
    this.leaderEpoch = state.leaderEpoch;
    this.startOffset = startOffset;
    this.isr = new InSyncReplicas(state);
    this.#brokerId = brokerId;
    for (const id of state.replicas) {
      if (id === brokerId) continue;
      this.#followers.set(id, new FollowerProgress({ isInSync: state.isr.includes(id), nowMs }));
    }
  }

  get replicaCount(): number {
    return this.#followers.size + 1;
  }

  /** Undefined if that broker has no replica. */
  progressOf(replicaId: number): FollowerProgress | undefined {
    return this.#followers.get(replicaId);
  }

  /**
   * The end of what every replica has that counts: those of the maximal set, and those outside it
   * that are about to join. Were these not waited for, the end of a busy log would run away from a
   * replica that has caught up, and it could never join. -1 while one has not fetched in this term.
   */
  replicatedEnd(moment: LagMoment, isAlive: (brokerId: number) => boolean): number {
    let end = moment.leaderEndOffset;
    for (const [id, progress] of this.#followers) {
      if (progress.logEndOffset >= end) continue;
      if (this.isr.isInMaximal(id) || (progress.isCaughtUp(moment) && isAlive(id))) {
        end = progress.logEndOffset;
      }
    }
    return end;
  }

  /** The smallest start of the logs of all live replicas; -1 while one is not known. */
  lowWatermark(ownStartOffset: number, isAlive: (brokerId: number) => boolean): number {
    let start = ownStartOffset;
    for (const [id, { logStartOffset }] of this.#followers) {
      if (logStartOffset < start && isAlive(id)) start = logStartOffset;
    }
    return start;
  }

  /** Notes a fetch. False if the sender is no replica. */
  noteFetch(replicaId: number, fetch: FollowerFetch): boolean {
    const progress = this.#followers.get(replicaId);
    progress?.noteFetch(fetch);
    return progress !== undefined;
  }

  /**
   * It has all that is committed, and all that the epochs before this one left: that is more than the
   * high watermark shows as long as the leader is new.
   */
  hasCaughtUp(replicaId: number, highWatermark: number): boolean {
    const end = this.#followers.get(replicaId)?.logEndOffset ?? -1;
    return end >= highWatermark && end >= this.startOffset;
  }

  /** Members of the committed set that have been behind for too long. */
  laggards(moment: LagMoment): ReadonlySet<number> {
    return new Set(
      this.isr.committed.filter(
        (id) => id !== this.#brokerId && this.#followers.get(id)?.isCaughtUp(moment) !== true,
      ),
    );
  }

  /** Followers in sync whose logs have the record of that offset, or are about to get it. */
  followersWith(offset: number): readonly number[] {
    return this.isr.committed.filter((id) => {
      const progress = this.#followers.get(id);
      if (progress === undefined || progress.logEndOffset < offset) return false;
      return progress.logStartOffset <= offset;
    });
  }
}
