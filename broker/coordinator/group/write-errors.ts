/** What a client is told when a record could not be stored: codes that make it act rightly. */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';

/** For writes of a group's membership. */
export function groupWriteError(errorCode: ErrorCode): ErrorCode {
  if (errorCode === ErrorCodes.REQUEST_TIMED_OUT) return ErrorCodes.REBALANCE_IN_PROGRESS;
  return isTooLarge(errorCode) ? ErrorCodes.UNKNOWN_SERVER_ERROR : coordinatorError(errorCode);
}

/** For writes of offsets. */
export function offsetWriteError(errorCode: ErrorCode): ErrorCode {
  return isTooLarge(errorCode)
    ? ErrorCodes.INVALID_COMMIT_OFFSET_SIZE
    : coordinatorError(errorCode);
}

function coordinatorError(errorCode: ErrorCode): ErrorCode {
  switch (errorCode) {
    case ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCodes.NOT_ENOUGH_REPLICAS:
    case ErrorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return ErrorCodes.COORDINATOR_NOT_AVAILABLE;
    case ErrorCodes.NOT_LEADER_OR_FOLLOWER:
    case ErrorCodes.KAFKA_STORAGE_ERROR:
    case ErrorCodes.FENCED_LEADER_EPOCH:
      return ErrorCodes.NOT_COORDINATOR;
    default:
      return errorCode;
  }
}

function isTooLarge(errorCode: ErrorCode): boolean {
  return (
    errorCode === ErrorCodes.MESSAGE_TOO_LARGE ||
    errorCode === ErrorCodes.RECORD_LIST_TOO_LARGE ||
    errorCode === ErrorCodes.INVALID_FETCH_SIZE
  );
}
