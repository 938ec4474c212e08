/**
 * What the state machines of groups ask of their runtime: time, deadlines, identities, and writing.
 * They have no IO of their own, and nothing here calls back before the asking method has returned.
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import type { GroupRecord } from './group-record.ts';
import type { GroupSettings } from './settings.ts';

/** A point in time that can be moved; passing it calls back once. */
export interface Deadline {
  /** Passes after `delayMs` from now, whatever was set before. */
  set(delayMs: number): void;
  cancel(): void;
}

export interface GroupEnvironment {
  readonly settings: GroupSettings;
  /** Milliseconds since the epoch, for what is stored. */
  nowMs(): number;
  /** A random UUID as text, for member ids. */
  uuid(): string;
  deadline(onPassed: () => void): Deadline;
  /**
   * Appends the records as one batch. Once they are committed each is replayed, in the order of all
   * writes, before the observer hears of it.
   */
  write(records: readonly GroupRecord[], observer: WriteObserver): void;
}

/** Each is called at most once, `ended` first where both are due. */
export interface WriteObserver {
  /** What to answer: NONE, why it was refused, or REQUEST_TIMED_OUT while its fate is still open. */
  answered?(errorCode: ErrorCode): void;
  /** Its fate: committed and replayed (NONE), or refused: then it is in no log. */
  ended?(errorCode: ErrorCode): void;
}

/** Gives an answer; called exactly once, at once or when the group's state allows. */
export type Reply<T> = (answer: T) => void;
