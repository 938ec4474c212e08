/** What a fetcher needs of a replica: its log's end, and ways to change it as a follower does. */

import type { AppendBatches, AppendResult } from '../../log/partition-log.ts';
import type { EpochEnd } from '../../log/state/leader-epochs.ts';

export interface FollowerLog {
  /** Null where the topic has none. */
  readonly topicId: string | null;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly writtenEndOffset: number;
  readonly recoveryPoint: number;
  /** -1 if no epoch is known. */
  readonly latestEpoch: number;
  readonly config: { readonly segmentBytes: number };
  endOffsetForEpoch(epoch: number): EpochEnd | null;
}

export interface FollowerReplica {
  readonly topic: string;
  readonly index: number;
  readonly log: FollowerLog;
  readonly highWatermark: number;
  /** As PartitionLog.appendAsFollower; NOT_LEADER_OR_FOLLOWER where it follows nobody. */
  appendAsFollower(batches: AppendBatches): AppendResult;
  /** What the leader's answer says: this replica's own follow as far as its log goes. */
  noteLeader(leader: { readonly highWatermark: number; readonly logStartOffset: number }): void;
  /** Drops everything from `offset` on; the high watermark goes back where it has to. */
  truncateTo(offset: number): Promise<void>;
  /** Drops everything; the log goes on at `offset`. */
  truncateFullyAndStartAt(offset: number): Promise<void>;
}
