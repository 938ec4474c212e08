/**
 * Appends that wait until all in-sync replicas have them (acks=all). What is committed already does
 * not come here: ask Partition.commitOutcome first.
 *
 * Invariant: every wait ends: with the outcome, with REQUEST_TIMED_OUT at its deadline, or with
 * NOT_LEADER_OR_FOLLOWER when the replica resigns or is stopped.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Timers } from '../../platform/timers.ts';
import type { Appended, CommitWait, CommitWaits } from '../leader/commit-waits.ts';
import type { Expiring } from './deadlines.ts';
import { Deadlines } from './deadlines.ts';

export class CommitPurgatory {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #deadlines: Deadlines;

  constructor(clock: Pick<Clock, 'monotonicMs'>, timers: Pick<Timers, 'after'>) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock, timers);
  }

  /** Appends that wait at the moment. */
  get waitingCount(): number {
    return this.#deadlines.count;
  }

  /** `deadlineMs` is of the monotonic clock. */
  wait(commits: CommitWaits, appended: Appended, deadlineMs: number): Promise<ErrorCode> {
    if (deadlineMs <= this.#clock.monotonicMs()) {
      return Promise.resolve(ErrorCodes.REQUEST_TIMED_OUT);
    }
    return new Promise((resolve) => {
      const wait: CommitWait & Expiring = {
        endOffset: appended.endOffset,
        tenure: appended.tenure,
        minInSyncReplicas: appended.minInSyncReplicas,
        deadlineMs,
        finish: (errorCode) => {
          this.#deadlines.remove(wait);
          resolve(errorCode);
        },
        expire: () => {
          commits.remove(wait);
          resolve(ErrorCodes.REQUEST_TIMED_OUT);
        },
      };
      commits.add(wait);
      this.#deadlines.add(wait);
    });
  }
}
