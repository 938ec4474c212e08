/**
 * DeleteRecords waits until no live replica keeps what is deleted: else a replica that has not heard
 * of it could lead, and bring it back.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf } from '../../model/kafka-error.ts';
import type { Timers } from '../../platform/timers.ts';
import type { Partition } from '../partition.ts';

type Awaited = Pick<Partition, 'requireLeader' | 'lowWatermark' | 'onLowWatermark'>;

/**
 * NONE as soon as the low watermark is at `offset`; REQUEST_TIMED_OUT, or the error that says that
 * this replica leads no more.
 */
export function reachLowWatermark(
  partition: Awaited,
  offset: number,
  { timers, timeoutMs }: { readonly timers: Pick<Timers, 'after'>; readonly timeoutMs: number },
): ErrorCode | Promise<ErrorCode> {
  const now = outcomeOf(partition, offset);
  if (now !== null) return now;
  if (timeoutMs <= 0) return ErrorCodes.REQUEST_TIMED_OUT;
  return new Promise((resolve) => {
    const finish = (errorCode: ErrorCode): void => {
      timer.cancel();
      stop();
      resolve(errorCode);
    };
    const timer = timers.after(timeoutMs, () => finish(ErrorCodes.REQUEST_TIMED_OUT));
    const stop = partition.onLowWatermark(() => {
      const outcome = outcomeOf(partition, offset);
      if (outcome !== null) finish(outcome);
    });
  });
}

function outcomeOf(partition: Awaited, offset: number): ErrorCode | null {
  try {
    partition.requireLeader();
  } catch (error) {
    return errorCodeOf(error);
  }
  return partition.lowWatermark >= offset ? ErrorCodes.NONE : null;
}
