/**
 * Writes on their way into the log of one shard, oldest first. The end of a write is told strictly
 * in that order, whatever order the appends resolve in: replay has to see what the log has. A write
 * that takes longer than the time limit is answered REQUEST_TIMED_OUT and stays in the queue.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { errorCodeOf } from '../../model/kafka-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Deadline, WriteObserver } from '../group/environment.ts';
import type { GroupRecord } from '../group/group-record.ts';

interface PendingWrite {
  readonly records: readonly GroupRecord[];
  readonly observer: WriteObserver;
  readonly answerByMs: number;
  isAnswered: boolean;
  /** Null while the append runs. */
  outcome: ErrorCode | null;
}

interface CommitQueueOptions {
  readonly clock: Clock;
  readonly deadline: (onPassed: () => void) => Deadline;
  /** offsets.commit.timeout.ms */
  readonly answerTimeoutMs: number;
  readonly replay: (record: GroupRecord) => void;
  readonly onRefused: (error: unknown) => void;
}

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  readonly #deadline: Deadline;
  #writes: PendingWrite[] = [];
  #isClosed = false;
  /** The deadline is set, for the oldest write without an answer. */
  #isTimed = false;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    this.#deadline = options.deadline(() => this.#answerLate());
  }

  /** `append` is the commit of exactly these records, already under way. */
  add(records: readonly GroupRecord[], append: Promise<void>, observer: WriteObserver): void {
    const { clock, answerTimeoutMs, onRefused } = this.#options;
    const answerByMs = clock.monotonicMs() + answerTimeoutMs;
    const write: PendingWrite = { records, observer, answerByMs, isAnswered: false, outcome: null };
    if (!this.#isTimed) this.#deadline.set(answerTimeoutMs);
    this.#isTimed = true;
    this.#writes.push(write);
    append.then(
      () => this.#settle(write, ErrorCodes.NONE),
      (error: unknown) => {
        if (!this.#isClosed) onRefused(error);
        this.#settle(write, errorCodeOf(error));
      },
    );
  }

  /** The shard ends: what is under way will be told by the log, to whoever loads it next. */
  close(): void {
    this.#isClosed = true;
    this.#deadline.cancel();
    const writes = this.#writes;
    this.#writes = [];
    for (const write of writes) {
      write.observer.ended?.(ErrorCodes.NOT_COORDINATOR);
      answer(write, ErrorCodes.NOT_COORDINATOR);
    }
  }

  #settle(write: PendingWrite, outcome: ErrorCode): void {
    write.outcome = outcome;
    // Ending a write may add others; they come after it.
    let endedCount = 0;
    for (const head of this.#writes) {
      if (this.#isClosed || head.outcome === null) break;
      endedCount += 1;
      this.#end(head, head.outcome);
    }
    this.#writes.splice(0, endedCount);
    if (this.#writes.length > 0) return;
    this.#deadline.cancel();
    this.#isTimed = false;
  }

  #end(write: PendingWrite, outcome: ErrorCode): void {
    if (outcome === ErrorCodes.NONE) write.records.forEach(this.#options.replay);
    write.observer.ended?.(outcome);
    answer(write, outcome);
  }

  #answerLate(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const write of [...this.#writes]) {
      if (write.answerByMs <= nowMs) answer(write, ErrorCodes.REQUEST_TIMED_OUT);
    }
    const next = this.#writes.find(({ isAnswered }) => !isAnswered);
    this.#isTimed = next !== undefined;
    if (next !== undefined) this.#deadline.set(next.answerByMs - nowMs);
  }
}

function answer(write: PendingWrite, errorCode: ErrorCode): void {
  if (write.isAnswered) return;
  write.isAnswered = true;
  write.observer.answered?.(errorCode);
}
