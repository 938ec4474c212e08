/**
 * One partition of a fetch session: what the client asked for last, and what it was told last. It is
 * itself what the purgatory reads by, so that an incremental fetch makes nothing per partition.
 *
 * It is prepared before each read. A fetch that still waits when the next one of the session comes may
 * then read as that one does; its answer is not given (see FetchSession.epoch).
 */

import type { ErrorCode } from '../../model/error-codes.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { toSaturatedOffset } from '../../model/offsets.ts';
import type { fetch } from '../../protocol/messages/fetch.ts';
import type { RequestOf } from '../../protocol/schema/api.ts';
import type {
  PartitionFetch,
  PartitionFetchResult,
} from '../../replication/purgatory/fetch-purgatory.ts';
import type { Follower } from '../../replication/leader/follower-fetch.ts';
import type { Partition } from '../../replication/partition.ts';

export type FetchPartition = RequestOf<typeof fetch>['topics'][number]['partitions'][number];

/** Who asks this time, and what that means for the read; the same for all partitions of a request. */
export interface SessionReader {
  readonly replicaId: number;
  readonly brokerEpoch: number;
  readonly isFollower: boolean;
  readonly committedOnly: boolean;
  readonly rack: string | null;
}

/** No high watermark is that: the next answer without an error differs from it. */
const NOT_TOLD = -1;

export class SessionPartition implements PartitionFetch {
  /** Null where the client names topics by id, and the id is not known (yet). */
  topic: string | null;
  readonly topicId: string;
  readonly index: number;

  partition: Partition | null = null;
  missingCode: ErrorCode = ErrorCodes.NONE;
  committedOnly = false;
  clientRack: string | null = null;
  offset = 0;
  maxBytes = 0;
  currentLeaderEpoch = -1;
  /** The same object at each fetch, as there may be thousands of partitions. */
  readonly #follower = { replicaId: -1, brokerEpoch: -1, logStartOffset: -1, lastFetchedEpoch: -1 };
  #highWatermark = NOT_TOLD;
  #lastStableOffset = NOT_TOLD;
  #logStartOffset = NOT_TOLD;

  constructor(
    names: { readonly topic: string | null; readonly topicId: string },
    asked: FetchPartition,
  ) {
    this.topic = names.topic;
    this.topicId = names.topicId;
    this.index = asked.partition;
    this.ask(asked);
  }

  get follower(): Follower | null {
    return this.#follower.replicaId < 0 ? null : this.#follower;
  }

  /** What the client wants from now on. */
  ask(asked: FetchPartition): void {
    this.offset = toSaturatedOffset(asked.fetchOffset);
    this.maxBytes = asked.partitionMaxBytes;
    this.currentLeaderEpoch = asked.currentLeaderEpoch;
    this.#follower.logStartOffset = toSaturatedOffset(asked.logStartOffset);
    this.#follower.lastFetchedEpoch = asked.lastFetchedEpoch;
  }

  /** The replica to read, or why there is none. */
  prepare(found: Partition | ErrorCode, reader: SessionReader): void {
    this.partition = typeof found === 'number' ? null : found;
    this.missingCode = typeof found === 'number' ? found : ErrorCodes.NONE;
    this.committedOnly = reader.committedOnly;
    this.clientRack = reader.rack;
    this.#follower.replicaId = reader.isFollower ? reader.replicaId : -1;
    this.#follower.brokerEpoch = reader.brokerEpoch;
  }

  /** Notes what the client is told. True if it is anything new: else it need not be told. */
  tell(result: PartitionFetchResult): boolean {
    const isNew =
      result.payload.length > 0 ||
      result.errorCode !== ErrorCodes.NONE ||
      result.divergingEpoch !== null ||
      result.highWatermark !== this.#highWatermark ||
      result.lastStableOffset !== this.#lastStableOffset ||
      result.logStartOffset !== this.#logStartOffset;
    // That an error has ended, or that the logs agree again, is news too.
    const isWell = result.errorCode === ErrorCodes.NONE && result.divergingEpoch === null;
    this.#highWatermark = isWell ? result.highWatermark : NOT_TOLD;
    this.#lastStableOffset = result.lastStableOffset;
    this.#logStartOffset = result.logStartOffset;
    return isNew;
  }
}
