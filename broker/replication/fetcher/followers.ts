/** Who copies from the leaders what this broker follows; a fake in tests of the replica manager. */

import type { FollowerReplica } from './follower-replica.ts';

export interface LeaderOf {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

export interface Followers {
  /** Nobody follows for that replica yet, or `unfollow` has resolved since. */
  follow(replica: FollowerReplica, leader: LeaderOf): void;
  /**
   * Nothing is fetched for the replica any more at once; resolves when nothing changes its log any
   * more (a truncation that has begun ends first). Nothing happens if nobody follows.
   */
  unfollow(replica: FollowerReplica): Promise<void>;
  /** Resolves when nothing changes any log any more. Idempotent. */
  stop(): Promise<void>;
}
