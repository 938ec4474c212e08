/**
 * What a leader knows of one follower: how far it has fetched, and when it last had everything.
 *
 * A follower had everything at the time of a fetch if that fetch asked for the end that the log had
 * then. A busy log has moved on by the time the next fetch comes, so it also counts if it asks for
 * the end that the log had at the fetch before: then it had everything at the time of that one.
 */

/** Nothing is known yet. */
const UNKNOWN = -1;

export interface FollowerFetch {
  /** Everything before it is in the follower's log. */
  readonly offset: number;
  readonly logStartOffset: number;
  /** Of the life in which it fetches; -1 where it does not say. */
  readonly brokerEpoch: number;
  readonly leaderEndOffset: number;
  readonly nowMs: number;
}

export interface LagMoment {
  readonly leaderEndOffset: number;
  readonly nowMs: number;
  /** replica.lag.time.max.ms */
  readonly lagMsMax: number;
}

export class FollowerProgress {
  /** The high watermark of the last answer; kept only where somebody asks for it. */
  toldHighWatermark = UNKNOWN;
  #logEndOffset = UNKNOWN;
  #logStartOffset = UNKNOWN;
  #brokerEpoch = UNKNOWN;
  #caughtUpMs: number;
  #leaderEndAtLastFetch = UNKNOWN;
  #lastFetchMs = 0;

  /** Of a new leader's term: a follower in sync has the lag time to show itself, any other none. */
  constructor({ isInSync, nowMs }: { readonly isInSync: boolean; readonly nowMs: number }) {
    this.#caughtUpMs = isInSync ? nowMs : -Infinity;
  }

  /** -1: it has not fetched in this term. */
  get logEndOffset(): number {
    return this.#logEndOffset;
  }

  /** -1: it has not fetched in this term. */
  get logStartOffset(): number {
    return this.#logStartOffset;
  }

  /** -1: it has not said. */
  get brokerEpoch(): number {
    return this.#brokerEpoch;
  }

  /** The offset may go back: the follower may have lost what its disk had not. */
  noteFetch(fetch: FollowerFetch): void {
    const { offset, logStartOffset, leaderEndOffset, nowMs } = fetch;
    if (offset >= leaderEndOffset) this.#caughtUpMs = Math.max(this.#caughtUpMs, nowMs);
    else if (this.#leaderEndAtLastFetch !== UNKNOWN && offset >= this.#leaderEndAtLastFetch) {
      this.#caughtUpMs = Math.max(this.#caughtUpMs, this.#lastFetchMs);
    }
    this.#logEndOffset = offset;
    this.#logStartOffset = logStartOffset;
    this.#brokerEpoch = Math.max(this.#brokerEpoch, fetch.brokerEpoch);
    this.#leaderEndAtLastFetch = leaderEndOffset;
    this.#lastFetchMs = nowMs;
  }

  /** One that has everything is not behind, however long it is silent. */
  isCaughtUp({ leaderEndOffset, nowMs, lagMsMax }: LagMoment): boolean {
    if (this.#logEndOffset === leaderEndOffset) return true;
    return nowMs - this.#caughtUpMs <= lagMsMax;
  }
}
