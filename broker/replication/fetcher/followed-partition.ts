/**
 * One replica that follows one leader in one of its epochs. Owner: the fetcher of that leader, which
 * alone changes the log while this replica is with it.
 *
 * Invariants: nothing is appended but verified batches, each at the end of the log; nothing is
 * appended after a truncation until the checkpoints that it has moved back are on the disk. Asked for
 * is only the end of what is in the file: a leader takes that for having everything before it.
 */

import type { AppendBatches } from '../../log/partition-log.ts';
import type { EpochEnd } from '../../log/state/leader-epochs.ts';
import type { KafkaError } from '../../model/kafka-error.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import type { WantedFetch } from './fetch-session.ts';
import { readFetchedBatches } from './fetched-batches.ts';
import type { FollowerReplica } from './follower-replica.ts';
import type { TruncationPoint } from './truncation-point.ts';
import { truncationPoint } from './truncation-point.ts';

/**
 * compare: whether its log agrees with the leader's has to be found out; fetch: it does, or the next
 * fetch will tell; lost: the leader does not have the offset that it asked for; parked: the leader
 * has a newer epoch, of which the controller will tell.
 */
export type FollowerStage = 'compare' | 'fetch' | 'lost' | 'parked';

type SaveOffsets = (partition: TopicPartition) => Promise<void>;

export interface LeaderOffsets {
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

export interface Taken {
  /** Bytes that were appended. */
  readonly size: number;
  /** Null where nothing was. Rejects with KAFKA_STORAGE_ERROR. */
  readonly written: Promise<void> | null;
  /** What stood behind them and was not appended. */
  readonly problem: KafkaError | null;
}

export class FollowedPartition {
  readonly replica: FollowerReplica;
  readonly leaderEpoch: number;
  readonly key: string;
  stage: FollowerStage = 'compare';
  /** Failures since the last fetch that went well. */
  failureCount = 0;
  /** It has just failed: nothing is asked for it for a while. */
  mustWait = false;
  /** Of the monotonic clock. */
  notBeforeMs = 0;
  /** The last request that was sent asked for it, itself or by way of the session. */
  isAskedFor = false;
  /** It had everything that is committed when the leader last answered. */
  isInSync = false;
  isRemoved = false;
  readonly #saveOffsets: SaveOffsets;
  #mustSave = false;
  #change: Promise<void> | null = null;

  constructor(replica: FollowerReplica, leaderEpoch: number, saveOffsets: SaveOffsets) {
    this.replica = replica;
    this.leaderEpoch = leaderEpoch;
    this.#saveOffsets = saveOffsets;
    this.key = partitionKey(replica.topic, replica.index);
  }

  get name(): TopicPartition {
    return { topic: this.replica.topic, partition: this.replica.index };
  }

  /** Nothing is on its way to the file. */
  get isWritten(): boolean {
    const { log } = this.replica;
    return log.writtenEndOffset === log.logEndOffset;
  }

  wanted(bytesMax: number): WantedFetch {
    const { log } = this.replica;
    return {
      ...this.name,
      topicId: log.topicId,
      currentLeaderEpoch: this.leaderEpoch,
      offset: log.logEndOffset,
      lastFetchedEpoch: log.latestEpoch,
      logStartOffset: log.logStartOffset,
      bytesMax,
    };
  }

  /** Appends what the leader has sent. Throws KafkaError as PartitionLog.appendAsFollower. */
  take(records: Buffer, leader: LeaderOffsets): Taken | Promise<Taken> {
    const { log } = this.replica;
    const chunkSizeMax = log.config.segmentBytes;
    const { leaderEpoch } = this;
    const fetched = readFetchedBatches(records, { chunkSizeMax, leaderEpoch });
    const append = (): Taken => {
      let written: Promise<void> | null = null;
      if (this.isRemoved) return { size: 0, written, problem: null };
      for (const chunk of fetched.chunks) ({ written } = this.replica.appendAsFollower(chunk));
      this.isInSync = log.logEndOffset >= leader.highWatermark;
      this.replica.noteLeader(leader);
      return { size: fetched.size, written, problem: fetched.problem };
    };
    const start = this.#startInside(fetched.chunks[0]);
    if (start === null) return append();
    return this.#changing(() =>
      this.#cut((replica) => replica.truncateFullyAndStartAt(start)),
    ).then(append);
  }

  /** Cuts the log where it parts from the leader's, as far as that answer tells. */
  async truncateBy(leaderEnd: EpochEnd): Promise<TruncationPoint> {
    const point = truncationPoint(this.replica, leaderEnd);
    await this.truncateTo(point.offset);
    return point;
  }

  truncateTo(offset: number): Promise<void> {
    return this.#changing(() => this.#cut((replica) => replica.truncateTo(offset)));
  }

  restartAt(offset: number): Promise<void> {
    return this.#changing(() => this.#cut((replica) => replica.truncateFullyAndStartAt(offset)));
  }

  /** What a truncation before could not save. */
  async saveIfNeeded(): Promise<void> {
    if (this.#mustSave) await this.#changing(() => this.#save());
  }

  /** Resolves when a change of the log that has begun has ended, well or not. */
  async idle(): Promise<void> {
    await this.#change;
  }

  /**
   * The first batch begins before the end of a log that is empty: the leader's log starts inside of
   * it, as after DeleteRecords. Null: it does not.
   */
  #startInside(first: AppendBatches | undefined): number | null {
    const { logStartOffset, logEndOffset } = this.replica.log;
    const header = first?.headers[0];
    if (header === undefined || logStartOffset !== logEndOffset) return null;
    const isInside = header.baseOffset < logEndOffset && header.lastOffset >= logEndOffset;
    return isInside ? header.baseOffset : null;
  }

  async #cut(truncate: (replica: FollowerReplica) => Promise<void>): Promise<void> {
    const { log } = this.replica;
    const { recoveryPoint, logStartOffset } = log;
    const { highWatermark } = this.replica;
    try {
      await truncate(this.replica);
    } finally {
      this.#mustSave ||=
        log.recoveryPoint < recoveryPoint ||
        log.logStartOffset < logStartOffset ||
        this.replica.highWatermark < highWatermark;
    }
    if (this.#mustSave) await this.#save();
  }

  async #save(): Promise<void> {
    await this.#saveOffsets(this.name);
    this.#mustSave = false;
  }

  async #changing<T>(change: () => Promise<T>): Promise<T> {
    const running = change();
    const ended = running.then(
      () => undefined,
      () => undefined,
    );
    this.#change = ended;
    try {
      return await running;
    } finally {
      if (this.#change === ended) this.#change = null;
    }
  }
}
