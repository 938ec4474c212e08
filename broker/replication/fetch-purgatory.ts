/**
 * Fetches that wait: a fetch is answered as soon as it has `minBytes`, an error, or waited for
 * `maxWaitMs`, whichever is first.
 *
 * Invariant: every span that is read is either in the answer or released.
 */

import type { AbortedTransaction, LogRead } from '../log/partition-log.ts';
import { errorCodeOf } from '../model/kafka-error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import type { Payload } from '../model/payload.ts';
import { releasePayload } from '../model/payload.ts';
import type { Timers } from '../platform/timers.ts';
import type { CommittedRead } from './committed-read.ts';
import type { Partition } from './partition.ts';

export interface PartitionFetch {
  /** Null if this broker has no such replica: `missingCode` is the answer then. */
  readonly partition: Partition | null;
  readonly missingCode: ErrorCode;
  readonly offset: number;
  readonly maxBytes: number;
  readonly currentLeaderEpoch: number;
  /** Nothing of transactions that are still open (read_committed). */
  readonly committedOnly: boolean;
}

export interface FetchLimits {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** The answer for one partition, in the order in which they were asked for. */
export interface PartitionFetchResult {
  readonly errorCode: ErrorCode;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly payload: Payload;
  /** Null where the reader did not ask for committed records only. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
  /** An error that is no KafkaError, for the log; null otherwise. */
  readonly defect: unknown;
}

interface Round {
  readonly results: readonly PartitionFetchResult[];
  readonly size: number;
  readonly hasError: boolean;
}

export class FetchPurgatory {
  readonly #timers: Timers;
  #waiting = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Fetches that wait at the moment. */
  get waitingCount(): number {
    return this.#waiting;
  }

  /** `signal` ends the wait: the client has gone, the broker stops. */
  async fetch(
    fetches: readonly PartitionFetch[],
    limits: FetchLimits,
    signal: AbortSignal,
  ): Promise<readonly PartitionFetchResult[]> {
    let round = await readAll(fetches, limits.maxBytes);
    if (isComplete(round, limits) || limits.maxWaitMs <= 0 || fetches.length === 0) {
      return round.results;
    }
    // Subscribed first, read again afterwards: progress between the two must not be missed.
    const wait = new Wait(this.#timers, { fetches, timeoutMs: limits.maxWaitMs, signal });
    this.#waiting += 1;
    try {
      for (;;) {
        for (const { payload } of round.results) releasePayload(payload);
        round = await readAll(fetches, limits.maxBytes);
        if (isComplete(round, limits) || wait.over) return round.results;
        await wait.progress();
      }
    } finally {
      this.#waiting -= 1;
      wait.end();
    }
  }
}

function isComplete({ size, hasError }: Round, limits: FetchLimits): boolean {
  return hasError || size >= limits.minBytes;
}

/**
 * The first partition that has data gives at least one batch, however large; all others share what
 * is left of `maxBytes`.
 */
async function readAll(fetches: readonly PartitionFetch[], maxBytes: number): Promise<Round> {
  const results: PartitionFetchResult[] = [];
  let size = 0;
  let hasError = false;
  for (const fetch of fetches) {
    const result = await readOne(fetch, { left: maxBytes - size, minOneBatch: size === 0 });
    results.push(result.answer);
    size += result.size;
    hasError ||= result.answer.errorCode !== ErrorCodes.NONE;
  }
  return { results, size, hasError };
}

async function readOne(
  fetch: PartitionFetch,
  { left, minOneBatch }: { left: number; minOneBatch: boolean },
): Promise<{ answer: PartitionFetchResult; size: number }> {
  const { partition } = fetch;
  if (partition === null) return { answer: failure(fetch.missingCode, null), size: 0 };
  try {
    partition.requireLeader(fetch.currentLeaderEpoch);
    const limits = {
      offset: fetch.offset,
      maxBytes: Math.max(0, Math.min(fetch.maxBytes, left)),
      minOneBatch,
    };
    // As they are before the read: the answer must not claim more than what was read under.
    const { highWatermark, lastStableOffset } = partition;
    const reading = fetch.committedOnly
      ? partition.readCommitted(limits)
      : uncommitted(partition.read(limits));
    const read = reading instanceof Promise ? await reading : reading;
    const answer: PartitionFetchResult = {
      errorCode: ErrorCodes.NONE,
      highWatermark,
      lastStableOffset,
      logStartOffset: partition.log.logStartOffset,
      payload: read.payload,
      abortedTransactions: read.abortedTransactions,
      defect: null,
    };
    return { answer, size: read.size };
  } catch (error) {
    const code = errorCodeOf(error);
    const answer = failure(code, code === ErrorCodes.UNKNOWN_SERVER_ERROR ? error : null);
    if (code !== ErrorCodes.OFFSET_OUT_OF_RANGE) return { answer, size: 0 };
    const { logStartOffset } = partition.log;
    return {
      answer: { ...answer, logStartOffset, highWatermark: partition.highWatermark },
      size: 0,
    };
  }
}

type Read = Omit<CommittedRead, 'abortedTransactions'> &
  Pick<PartitionFetchResult, 'abortedTransactions'>;

function uncommitted(reading: LogRead | Promise<LogRead>): Read | Promise<Read> {
  if (reading instanceof Promise) {
    return reading.then((read) => ({ ...read, abortedTransactions: null }));
  }
  return { ...reading, abortedTransactions: null };
}

function failure(errorCode: ErrorCode, defect: unknown): PartitionFetchResult {
  return {
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    payload: [],
    abortedTransactions: [],
    defect,
  };
}

/** Progress of any of the partitions, or the end of the wait. */
class Wait {
  readonly #stops: (() => void)[];
  #progressed = false;
  #wake: () => void = () => undefined;
  over = false;

  constructor(
    timers: Timers,
    options: { fetches: readonly PartitionFetch[]; timeoutMs: number; signal: AbortSignal },
  ) {
    const { fetches, timeoutMs, signal } = options;
    const timer = timers.after(timeoutMs, () => this.#finish());
    const onAbort = (): void => this.#finish();
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) this.over = true;
    this.#stops = [() => timer.cancel(), () => signal.removeEventListener('abort', onAbort)];
    for (const { partition } of fetches) {
      if (partition !== null) this.#stops.push(partition.onProgress(() => this.#onProgress()));
    }
  }

  /** Resolves at the next progress, at once if there was some since the last call. */
  async progress(): Promise<void> {
    if (!this.#progressed && !this.over) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#progressed = false;
  }

  end(): void {
    for (const stop of this.#stops) stop();
  }

  #onProgress(): void {
    this.#progressed = true;
    this.#wake();
  }

  #finish(): void {
    this.over = true;
    this.#wake();
  }
}
