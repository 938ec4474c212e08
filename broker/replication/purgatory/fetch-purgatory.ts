/**
 * Fetches that wait: a fetch is answered as soon as it has `minBytes`, an error, a divergence, or
 * waited for `maxWaitMs`, whichever is first.
 *
 * Invariant: every span that is read is either in the answer or released.
 */

import { payloadSize, releasePayload } from '../../model/payload.ts';
import type { Timers } from '../../platform/timers.ts';
import type { ReplicationThrottle } from '../throttle/replication-throttle.ts';
import type { PartitionFetch, PartitionFetchResult, Round } from './read-round.ts';
import { readAll } from './read-round.ts';

export type { PartitionFetch, PartitionFetchResult } from './read-round.ts';

export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
}

export interface FetchRules {
  /** Of what followers read here. */
  readonly throttle?: ReplicationThrottle | null;
  /**
   * Followers are told at once of what is committed: consumers read from them, and see it only then.
   * It costs an answer more for each append.
   */
  readonly tellsHighWatermark?: boolean;
}

export class FetchPurgatory {
  readonly #timers: Timers;
  readonly #throttle: ReplicationThrottle | null;
  readonly #tellsHighWatermark: boolean;
  #waiting = 0;

  constructor(timers: Timers, { throttle = null, tellsHighWatermark = false }: FetchRules = {}) {
    this.#timers = timers;
    this.#throttle = throttle;
    this.#tellsHighWatermark = tellsHighWatermark;
  }

  /** Fetches that wait at the moment. */
  get waitingCount(): number {
    return this.#waiting;
  }

  /** `signal` ends the wait: the client has gone, the broker stops. */
  fetch(
    fetches: readonly PartitionFetch[],
    limits: FetchLimits,
    signal: AbortSignal,
  ): Promise<readonly PartitionFetchResult[]> {
    const looking = this.#look(fetches, limits, true);
    const isAtOnce = !(looking instanceof Promise);
    if (isAtOnce && isAnswer(looking, limits, fetches)) {
      return Promise.resolve(this.#answered(fetches, looking.results));
    }
    return this.#wait(fetches, limits, { signal, looking });
  }

  #look(
    fetches: readonly PartitionFetch[],
    { maxBytes }: FetchLimits,
    isFirst: boolean,
  ): Round | Promise<Round> {
    const tellsHighWatermark = this.#tellsHighWatermark;
    return readAll(fetches, { maxBytes, isFirst, throttle: this.#throttle, tellsHighWatermark });
  }

  /** Takes note of what followers are sent: of throttled replicas how much, in sync or not. */
  #answered(
    fetches: readonly PartitionFetch[],
    results: readonly PartitionFetchResult[],
  ): readonly PartitionFetchResult[] {
    const throttle = this.#throttle;
    const replicaId = fetches[0]?.follower?.replicaId;
    if (replicaId === undefined || (throttle === null && !this.#tellsHighWatermark)) return results;
    for (let place = 0; place < results.length; place += 1) {
      const { payload = [], highWatermark = -1 } = results[place] ?? {};
      const partition = fetches[place]?.partition;
      if (partition == null) continue;
      if (this.#tellsHighWatermark) partition.noteTold(replicaId, highWatermark);
      if (payload.length > 0 && throttle?.isThrottled(partition.topic, partition.index) === true)
        throttle.record(payloadSize(payload));
    }
    return results;
  }

  async #wait(
    fetches: readonly PartitionFetch[],
    limits: FetchLimits,
    { signal, looking }: { signal: AbortSignal; looking: Round | Promise<Round> },
  ): Promise<readonly PartitionFetchResult[]> {
    let round = looking instanceof Promise ? await looking : looking;
    if (isAnswer(round, limits, fetches)) return this.#answered(fetches, round.results);
    const wait = new Wait(this.#timers, {
      fetches,
      timeoutMs: limits.maxWaitMs,
      signal,
      tellsHighWatermark: this.#tellsHighWatermark,
    });
    this.#waiting += 1;
    try {
      // What was read over several turns is read again: progress since must not be missed.
      if (!(looking instanceof Promise)) await wait.progress();
      for (;;) {
        for (const { payload } of round.results) releasePayload(payload);
        const again = this.#look(fetches, limits, false);
        round = again instanceof Promise ? await again : again;
        if (isComplete(round, limits) || wait.isOver) return this.#answered(fetches, round.results);
        await wait.progress();
      }
    } finally {
      this.#waiting -= 1;
      wait.end();
    }
  }
}

function isComplete({ size, isUrgent }: Round, limits: FetchLimits): boolean {
  return isUrgent || size >= limits.minBytes;
}

function isAnswer(round: Round, limits: FetchLimits, fetches: readonly PartitionFetch[]): boolean {
  return isComplete(round, limits) || limits.maxWaitMs <= 0 || fetches.length === 0;
}

/** Progress of any of the partitions, or the end of the wait. */
class Wait {
  readonly #stops: (() => void)[];
  #progressed = false;
  #wake: () => void = () => undefined;
  isOver = false;

  constructor(
    timers: Timers,
    options: {
      readonly fetches: readonly PartitionFetch[];
      readonly timeoutMs: number;
      readonly signal: AbortSignal;
      readonly tellsHighWatermark: boolean;
    },
  ) {
    const { fetches, timeoutMs, signal, tellsHighWatermark } = options;
    const timer = timers.after(timeoutMs, () => this.#finish());
    const onAbort = (): void => this.#finish();
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) this.isOver = true;
    this.#stops = [() => timer.cancel(), () => signal.removeEventListener('abort', onAbort)];
    const onProgress = (): void => {
      this.#progressed = true;
      this.#wake();
    };
    for (const { partition, follower } of fetches) {
      if (partition === null) continue;
      if (follower !== null) this.#stops.push(partition.onWritten(onProgress));
      if (follower === null || tellsHighWatermark)
        this.#stops.push(partition.onProgress(onProgress));
    }
  }

  /** Resolves at the next progress, at once if there was some since the last call. */
  async progress(): Promise<void> {
    if (!this.#progressed && !this.isOver) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#progressed = false;
  }

  end(): void {
    for (const stop of this.#stops) stop();
  }

  #finish(): void {
    this.isOver = true;
    this.#wake();
  }
}
