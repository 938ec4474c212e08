/**
 * What a follower says with a fetch, and whether its log and the leader's have parted (KIP-595):
 * then the follower is told where, truncates, and asks again.
 */

import type { PartitionLog } from '../../log/partition-log.ts';
import type { EpochEnd } from '../../log/state/leader-epochs.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';

export interface Follower {
  readonly replicaId: number;
  /** Of the life in which it fetches; -1 where it does not say. */
  readonly brokerEpoch: number;
  readonly logStartOffset: number;
  /** The epoch of the last record that it has; -1 where it does not say. */
  readonly lastFetchedEpoch: number;
}

type EpochLog = Pick<PartitionLog, 'endOffsetForEpoch' | 'latestEpoch' | 'logEndOffset'>;

/**
 * The largest epoch up to `epoch` that a leader knows, and where it ends; null where it knows none. Its
 * own epoch is forgotten when the first records of it could not be written: it began at the end.
 */
export function endOfEpoch(log: EpochLog, epoch: number, leaderEpoch: number): EpochEnd | null {
  const known = log.endOffsetForEpoch(epoch);
  if (known !== null || epoch < 0 || epoch > leaderEpoch || log.latestEpoch < 0) return known;
  return { epoch: log.latestEpoch, endOffset: log.logEndOffset };
}

/**
 * Null where all before `offset` is the same in both logs, as far as the follower says. Throws
 * OFFSET_OUT_OF_RANGE where that can not be told, or the offset is not in the log.
 */
export function divergenceOf(
  log: EpochLog & Pick<PartitionLog, 'logStartOffset' | 'writtenEndOffset'>,
  offset: number,
  lastFetchedEpoch: number,
  leaderEpoch = -1,
): EpochEnd | null {
  const { logStartOffset, writtenEndOffset } = log;
  if (offset < logStartOffset) throw outOfRange(offset, { logStartOffset, writtenEndOffset });
  if (lastFetchedEpoch >= 0) {
    const end = endOfEpoch(log, lastFetchedEpoch, leaderEpoch);
    if (end === null) {
      throw new KafkaError(
        ErrorCodes.OFFSET_OUT_OF_RANGE,
        `the end of leader epoch ${String(lastFetchedEpoch)} is not known`,
      );
    }
    if (end.epoch < lastFetchedEpoch || end.endOffset < offset) return end;
  }
  if (offset > writtenEndOffset) throw outOfRange(offset, { logStartOffset, writtenEndOffset });
  return null;
}

function outOfRange(
  offset: number,
  log: { readonly logStartOffset: number; readonly writtenEndOffset: number },
): KafkaError {
  return new KafkaError(
    ErrorCodes.OFFSET_OUT_OF_RANGE,
    `offset ${String(offset)} is outside of ` +
      `${String(log.logStartOffset)} to ${String(log.writtenEndOffset)}`,
  );
}
