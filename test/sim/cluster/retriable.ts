/** The codes after which Kafka's clients try again, with what the cluster then says of itself. */

import { ErrorCodes } from '../../../broker/model/error-codes.ts';

const retriable: ReadonlySet<number> = new Set([
  ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCodes.LEADER_NOT_AVAILABLE,
  ErrorCodes.NOT_LEADER_OR_FOLLOWER,
  ErrorCodes.REQUEST_TIMED_OUT,
  ErrorCodes.NETWORK_EXCEPTION,
  ErrorCodes.NOT_ENOUGH_REPLICAS,
  ErrorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ErrorCodes.KAFKA_STORAGE_ERROR,
  ErrorCodes.FENCED_LEADER_EPOCH,
  ErrorCodes.UNKNOWN_LEADER_EPOCH,
  ErrorCodes.OFFSET_NOT_AVAILABLE,
  ErrorCodes.NOT_CONTROLLER,
  ErrorCodes.COORDINATOR_NOT_AVAILABLE,
  ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCodes.NOT_COORDINATOR,
]);

export function isRetriable(code: number): boolean {
  return retriable.has(code);
}
