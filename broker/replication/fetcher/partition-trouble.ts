/** What becomes of a partition for which a leader's answer, or the log here, has an error. */

import type { Logger } from '../../platform/logger.ts';
import { ErrorCodes, errorName } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { FollowedPartition, FollowerStage } from './followed-partition.ts';

const FIRST_BACKOFF_MS = 50;

/** These pass: the controller's news have reached one of the two, and are on their way to the other. */
const PASSING: ReadonlySet<number> = new Set([
  ErrorCodes.UNKNOWN_LEADER_EPOCH,
  ErrorCodes.NOT_LEADER_OR_FOLLOWER,
  ErrorCodes.LEADER_NOT_AVAILABLE,
  ErrorCodes.REPLICA_NOT_AVAILABLE,
  ErrorCodes.OFFSET_NOT_AVAILABLE,
  ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCodes.UNKNOWN_TOPIC_ID,
  ErrorCodes.INCONSISTENT_TOPIC_ID,
]);

/** Doubles with every failure, up to replica.fetch.backoff.ms. */
export function backoffAfter(failureCount: number, backoffMsMax: number): number {
  return Math.min(backoffMsMax, FIRST_BACKOFF_MS * 2 ** Math.min(failureCount - 1, 20));
}

/** An error code of the leader's. */
export function noteRefusal(followed: FollowedPartition, code: number, logger: Logger): void {
  const name = errorName(code);
  const { key: partition, leaderEpoch } = followed;
  followed.stage = stageAfter(followed.stage, code);
  if (followed.stage === 'lost' && code === ErrorCodes.OFFSET_OUT_OF_RANGE) return;
  followed.failureCount += 1;
  followed.mustWait = true;
  if (PASSING.has(code)) {
    // Once is part of every change of leaders.
    if (followed.failureCount === 2) {
      logger.info(
        { partition, leaderEpoch, error: name },
        'leader does not let a replica follow yet',
      );
    }
  } else if (code === ErrorCodes.FENCED_LEADER_EPOCH) {
    logger.info({ partition, leaderEpoch }, 'leader has a newer epoch: waiting for the controller');
  } else if (followed.failureCount === 1) {
    logger.error({ partition, leaderEpoch, error: name }, 'leader cannot give a partition');
  }
}

/** Anything that went wrong here: the log does not take it, or the records cannot be read. */
export function noteFailure(followed: FollowedPartition, error: unknown, logger: Logger): void {
  const { key: partition } = followed;
  followed.failureCount += 1;
  followed.mustWait = true;
  const offset = followed.replica.log.logEndOffset;
  const isPassing = error instanceof KafkaError && PASSING.has(error.code);
  if (isPassing || followed.failureCount > 1) return;
  logger.error({ partition, offset, err: error }, 'a partition cannot be replicated');
}

function stageAfter(stage: FollowerStage, code: number): FollowerStage {
  if (code === ErrorCodes.FENCED_LEADER_EPOCH) return 'parked';
  return code === ErrorCodes.OFFSET_OUT_OF_RANGE && stage === 'fetch' ? 'lost' : stage;
}
