/**
 * Where a follower's log has to end so that it agrees with its leader's (KIP-101, KIP-279).
 *
 * The leader is asked for the follower's latest epoch, and answers with the largest epoch that it
 * knows up to that one and where that ends. If the follower knows the epoch too, both logs are the
 * same up to the smaller of the two ends. If it does not, nothing behind its last older epoch can be
 * the leader's: it is cut there, and asks again with that epoch. Epochs only fall, so this ends.
 */

import type { EpochEnd } from '../../log/state/leader-epochs.ts';
import type { FollowerReplica } from './follower-replica.ts';

/** What a leader that does not know says, as epoch and as offset. */
const UNDEFINED = -1;

export interface TruncationPoint {
  readonly offset: number;
  /** Up to there the logs agree; else the leader has to be asked again. */
  readonly isFinal: boolean;
}

/** `leaderEnd`: the leader's answer for the latest epoch of `replica`. */
export function truncationPoint(
  {
    log,
    highWatermark,
  }: Pick<FollowerReplica, 'highWatermark'> & {
    readonly log: Pick<FollowerReplica['log'], 'logEndOffset' | 'endOffsetForEpoch'>;
  },
  leaderEnd: EpochEnd,
): TruncationPoint {
  const { logEndOffset } = log;
  const upTo = (offset: number): number => Math.min(offset, logEndOffset);
  // It knows no epochs at all: what is committed is all that can be kept.
  if (leaderEnd.endOffset === UNDEFINED) return { offset: upTo(highWatermark), isFinal: true };
  // A leader before KIP-279 does not say which epoch it means.
  if (leaderEnd.epoch === UNDEFINED) return { offset: upTo(leaderEnd.endOffset), isFinal: true };
  const own = log.endOffsetForEpoch(leaderEnd.epoch);
  if (own === null) return { offset: upTo(leaderEnd.endOffset), isFinal: true };
  if (own.epoch !== leaderEnd.epoch) return { offset: upTo(own.endOffset), isFinal: false };
  return { offset: upTo(Math.min(own.endOffset, leaderEnd.endOffset)), isFinal: true };
}
