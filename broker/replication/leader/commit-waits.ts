/**
 * Appends of one partition that wait until all in-sync replicas have them, in the order of their
 * offsets: what the high watermark has passed is found without a look at the rest.
 *
 * Invariant: every wait is told its outcome once, and is in here until then.
 */

import type { ErrorCode } from '../../model/error-codes.ts';

/** What became of an append by its leader. */
export interface Appended {
  /** The offset after the last record. */
  readonly endOffset: number;
  /** Partition.tenure at the time of the append. */
  readonly tenure: number;
  readonly minInSyncReplicas: number;
}

export interface CommitWait extends Appended {
  readonly finish: (errorCode: ErrorCode) => void;
}

export class CommitWaits {
  readonly #outcomeOf: (appended: Appended) => ErrorCode | null;
  #waits: CommitWait[] = [];

  /** `outcomeOf` is null while there is none yet. */
  constructor(outcomeOf: (appended: Appended) => ErrorCode | null) {
    this.#outcomeOf = outcomeOf;
  }

  get count(): number {
    return this.#waits.length;
  }

  add(wait: CommitWait): void {
    let place = this.#waits.length;
    // Almost always the last one: offsets are given in the order of the appends.
    while (place > 0 && (this.#waits[place - 1]?.endOffset ?? 0) > wait.endOffset) place -= 1;
    this.#waits.splice(place, 0, wait);
  }

  remove(wait: CommitWait): void {
    const place = this.#waits.indexOf(wait);
    if (place >= 0) this.#waits.splice(place, 1);
  }

  /** The high watermark is there now. */
  passed(highWatermark: number): void {
    let count = 0;
    while (count < this.#waits.length && (this.#waits[count]?.endOffset ?? 0) <= highWatermark) {
      count += 1;
    }
    if (count > 0) this.#finish(this.#waits.splice(0, count));
  }

  /** Something else has changed: all are looked at. */
  check(): void {
    if (this.#waits.length > 0) this.#finish(this.#waits.splice(0));
  }

  #finish(waits: readonly CommitWait[]): void {
    for (const wait of waits) {
      const outcome = this.#outcomeOf(wait);
      if (outcome === null) this.add(wait);
      else wait.finish(outcome);
    }
  }
}
