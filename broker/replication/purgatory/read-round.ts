/**
 * One look at all partitions of a fetch. Where every position is known nothing waits, so that a fetch
 * of many partitions that have nothing new takes one turn.
 *
 * Invariant: a span that was read is in a result; what fails has none.
 */

import type { AbortedTransaction, LogRead } from '../../log/partition-log.ts';
import type { EpochEnd } from '../../log/state/leader-epochs.ts';
import { errorCodeOf } from '../../model/kafka-error.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import type { Payload } from '../../model/payload.ts';
import type { CommittedRead } from '../committed-read.ts';
import type { Follower } from '../leader/follower-fetch.ts';
import type { Partition } from '../partition.ts';
import type { ReplicationThrottle } from '../throttle/replication-throttle.ts';

export interface PartitionFetch {
  /** Null if this broker has no such replica: `missingCode` is the answer then. */
  readonly partition: Partition | null;
  readonly missingCode: ErrorCode;
  readonly offset: number;
  readonly maxBytes: number;
  readonly currentLeaderEpoch: number;
  /** Nothing of transactions that are still open (read_committed). */
  readonly committedOnly: boolean;
  /** Null: a consumer asks. */
  readonly follower: Follower | null;
  /**
   * Of a consumer that may read from followers too (KIP-392; empty if it has none); null: only leaders
   * answer.
   */
  readonly clientRack: string | null;
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
  /** Where the logs of follower and leader part; null where they do not, or no follower asks. */
  readonly divergingEpoch: EpochEnd | null;
  /** An error that is no KafkaError, for the log; null otherwise. */
  readonly defect: unknown;
}

export interface Round {
  readonly results: readonly PartitionFetchResult[];
  readonly size: number;
  /** There is something to be told that is no record. */
  readonly isUrgent: boolean;
}

export interface LookOptions {
  readonly maxBytes: number;
  /** The first look of a fetch: followers say with it what they have. */
  readonly isFirst: boolean;
  /** Of what followers read here. */
  readonly throttle: ReplicationThrottle | null;
  /** That the high watermark has risen is something to be told, too. */
  readonly tellsHighWatermark: boolean;
}

interface Share extends Omit<LookOptions, 'tellsHighWatermark'> {
  readonly minOneBatch: boolean;
}

/**
 * The first partition that has data gives at least one batch, however large; all others share what
 * is left of `maxBytes`.
 */
export function readAll(
  fetches: readonly PartitionFetch[],
  options: LookOptions,
): Round | Promise<Round> {
  const gathering = new Gathering(fetches, options);
  for (let place = 0; place < fetches.length; place += 1) {
    const reading = readNext(fetches, place, { gathering, options });
    if (reading instanceof Promise) return readRest(fetches, reading, { gathering, options });
    gathering.add(reading);
  }
  return gathering;
}

async function readRest(
  fetches: readonly PartitionFetch[],
  begun: Promise<PartitionFetchResult>,
  task: { readonly gathering: Gathering; readonly options: LookOptions },
): Promise<Round> {
  const { gathering } = task;
  gathering.add(await begun);
  while (gathering.results.length < fetches.length) {
    const reading = readNext(fetches, gathering.results.length, task);
    gathering.add(reading instanceof Promise ? await reading : reading);
  }
  return gathering;
}

/** Of one round, until it has a result for each fetch. */
class Gathering implements Round {
  readonly #fetches: readonly PartitionFetch[];
  readonly #tellsHighWatermark: boolean;
  readonly results: PartitionFetchResult[] = [];
  size = 0;
  isUrgent = false;

  constructor(fetches: readonly PartitionFetch[], { tellsHighWatermark }: LookOptions) {
    this.#fetches = fetches;
    this.#tellsHighWatermark = tellsHighWatermark;
  }

  add(result: PartitionFetchResult): void {
    if (this.#tellsHighWatermark) this.isUrgent ||= this.#isBehind(result);
    this.results.push(result);
    for (const part of result.payload) this.size += Buffer.isBuffer(part) ? part.length : part.size;
    this.isUrgent ||= result.errorCode !== ErrorCodes.NONE || result.divergingEpoch !== null;
  }

  /** The next result is that of a follower which does not know yet what is committed. */
  #isBehind({ highWatermark }: PartitionFetchResult): boolean {
    const { partition, follower } = this.#fetches[this.results.length] ?? {};
    if (partition == null || follower == null) return false;
    return !partition.hasTold(follower.replicaId, highWatermark);
  }
}

function readNext(
  fetches: readonly PartitionFetch[],
  place: number,
  { gathering: { size }, options }: { gathering: Gathering; options: LookOptions },
): PartitionFetchResult | Promise<PartitionFetchResult> {
  const fetch = fetches[place];
  if (fetch === undefined) return failure(ErrorCodes.UNKNOWN_SERVER_ERROR, null);
  const maxBytes = Math.max(0, Math.min(fetch.maxBytes, options.maxBytes - size));
  const { isFirst, throttle } = options;
  return readOne(fetch, { maxBytes, minOneBatch: size === 0, isFirst, throttle });
}

function readOne(
  fetch: PartitionFetch,
  share: Share,
): PartitionFetchResult | Promise<PartitionFetchResult> {
  const { partition } = fetch;
  if (partition === null) return failure(fetch.missingCode, null);
  try {
    const divergingEpoch = admit(partition, fetch, share.isFirst);
    // As they are before the read: the answer must not claim more than what was read under.
    const { highWatermark, lastStableOffset } = partition;
    const answer = (payload: Payload, aborted: Aborted): PartitionFetchResult => ({
      errorCode: ErrorCodes.NONE,
      highWatermark,
      lastStableOffset,
      logStartOffset: partition.log.logStartOffset,
      payload,
      abortedTransactions: aborted,
      divergingEpoch,
      defect: null,
    });
    if (divergingEpoch !== null) return answer([], null);
    if (isHeldBack(partition, fetch, share)) return answer([], null);
    const reading = readFrom(partition, fetch, share);
    if (!(reading instanceof Promise)) return answer(reading.payload, abortedOf(reading));
    return reading.then(
      (read) => answer(read.payload, abortedOf(read)),
      (error: unknown) => failed(partition, error),
    );
  } catch (error) {
    return failed(partition, error);
  }
}

/** Whether it may be read here, and for a follower where the logs part. Throws if it may not. */
function admit(partition: Partition, fetch: PartitionFetch, isFirst: boolean): EpochEnd | null {
  const { follower, clientRack, currentLeaderEpoch } = fetch;
  if (follower !== null) return partition.acceptFollowerFetch(follower, fetch, isFirst);
  if (clientRack === null) partition.requireLeader(currentLeaderEpoch);
  else partition.requireReplica(currentLeaderEpoch);
  return null;
}

/** Who is in sync is never held back: it would fall out, and acks=all would wait for it. */
function isHeldBack(
  partition: Partition,
  { follower }: PartitionFetch,
  { throttle }: Share,
): boolean {
  if (follower === null || throttle === null || !throttle.isExceeded()) return false;
  const isThrottled = throttle.isThrottled(partition.topic, partition.index);
  return isThrottled && !partition.inSyncReplicas.includes(follower.replicaId);
}

type Aborted = PartitionFetchResult['abortedTransactions'];
type AnyRead = LogRead | CommittedRead;

function readFrom(
  partition: Partition,
  { follower, committedOnly, offset }: PartitionFetch,
  { maxBytes, minOneBatch }: Share,
): AnyRead | Promise<AnyRead> {
  const limits = { offset, maxBytes, minOneBatch };
  if (follower !== null) return partition.readAsFollower(limits);
  return committedOnly ? partition.readCommitted(limits) : partition.read(limits);
}

function abortedOf(read: AnyRead): Aborted {
  return 'abortedTransactions' in read ? read.abortedTransactions : null;
}

function failed(partition: Partition, error: unknown): PartitionFetchResult {
  const code = errorCodeOf(error);
  const answer = failure(code, code === ErrorCodes.UNKNOWN_SERVER_ERROR ? error : null);
  if (code !== ErrorCodes.OFFSET_OUT_OF_RANGE) return answer;
  const { logStartOffset } = partition.log;
  return { ...answer, logStartOffset, highWatermark: partition.highWatermark };
}

function failure(errorCode: ErrorCode, defect: unknown): PartitionFetchResult {
  return {
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    payload: [],
    abortedTransactions: [],
    divergingEpoch: null,
    defect,
  };
}
