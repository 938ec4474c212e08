/**
 * A partition's leader over its followers, in one leader epoch: takes note of their fetches, has the
 * in-sync replicas changed, and says how far the high watermark may be. Owner: the partition.
 */

import type { PartitionLog } from '../../log/partition-log.ts';
import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { Follower } from './follower-fetch.ts';
import type { LagMoment } from './follower-progress.ts';
import type { CommittedIsr } from './in-sync-replicas.ts';
import { IsrUpkeep } from './isr-upkeep.ts';
import type { LeaderPorts } from './leader-ports.ts';
import type { TermOptions } from './leader-term.ts';
import { LeaderTerm } from './leader-term.ts';

export interface LeadershipOptions extends Omit<TermOptions, 'nowMs'> {
  readonly log: PartitionLog;
  readonly ports: LeaderPorts;
  /** The committed or the maximal set of in-sync replicas is another. */
  readonly onChange: () => void;
}

export class Leadership {
  readonly #log: PartitionLog;
  readonly #ports: LeaderPorts;
  readonly #term: LeaderTerm;
  readonly #upkeep: IsrUpkeep;

  constructor(options: LeadershipOptions) {
    const { log, ports } = options;
    this.#log = log;
    this.#ports = ports;
    this.#term = new LeaderTerm({ ...options, nowMs: ports.clock.monotonicMs() });
    this.#upkeep = new IsrUpkeep({
      topic: log.topic,
      partition: log.partition,
      topicId: log.topicId,
      brokerId: options.brokerId,
      term: this.#term,
      ports,
      onChange: options.onChange,
    });
  }

  /** Those that the controller has written. */
  get inSyncReplicas(): readonly number[] {
    return this.#term.isr.committed;
  }

  get partitionEpoch(): number {
    return this.#term.isr.partitionEpoch;
  }

  /** Nothing that is under way changes anything any more. */
  end(): void {
    this.#upkeep.end();
  }

  /**
   * Throws UNKNOWN_LEADER_EPOCH to a broker that has no replica, as it may know a newer state than
   * this leader does (NOT_LEADER_OR_FOLLOWER if it does not say what it knows), and
   * NOT_LEADER_OR_FOLLOWER to an earlier life of one that has come back.
   */
  checkFollower(follower: Follower, currentLeaderEpoch: number): void {
    const { replicaId, brokerEpoch } = follower;
    const progress = this.#term.progressOf(replicaId);
    if (progress === undefined) throw notAReplica(follower, currentLeaderEpoch);
    if (brokerEpoch >= 0 && brokerEpoch < progress.brokerEpoch) {
      throw new KafkaError(
        ErrorCodes.NOT_LEADER_OR_FOLLOWER,
        `a fetch of an earlier life of broker ${String(replicaId)}`,
      );
    }
  }

  /** Everything before `offset` is in the follower's log. */
  noteFetch(follower: Follower, offset: number, highWatermark: number): void {
    const { replicaId, logStartOffset, brokerEpoch } = follower;
    const nowMs = this.#ports.clock.monotonicMs();
    const leaderEndOffset = this.#log.writtenEndOffset;
    const noted = { offset, logStartOffset, brokerEpoch, leaderEndOffset, nowMs };
    this.#term.noteFetch(replicaId, noted);
    this.#upkeep.considerJoining(replicaId, highWatermark, nowMs);
  }

  /** Whether an answer has told that follower so much of the high watermark. */
  hasTold(replicaId: number, highWatermark: number): boolean {
    return (this.#term.progressOf(replicaId)?.toldHighWatermark ?? Infinity) >= highWatermark;
  }

  noteTold(replicaId: number, highWatermark: number): void {
    const progress = this.#term.progressOf(replicaId);
    if (progress !== undefined) progress.toldHighWatermark = highWatermark;
  }

  /** Takes those out of the in-sync replicas that have been behind for too long. */
  tickIsr(nowMs: number): void {
    this.#upkeep.considerLeaving(this.#moment(nowMs));
  }

  learn(state: CommittedIsr): void {
    this.#upkeep.learn(state);
  }

  /**
   * How far the high watermark may be. -1 while there are fewer in sync than min.insync.replicas
   * wants: what only they have would be shown to consumers, and lost with them (KIP-966).
   */
  replicatedEnd(): number {
    const { topic } = this.#log;
    const wanted = Math.min(this.#ports.minInSyncReplicas(topic), this.#term.replicaCount);
    if (this.#term.isr.committed.length < wanted) return -1;
    const moment = this.#moment(this.#ports.clock.monotonicMs());
    return this.#term.replicatedEnd(moment, this.#ports.isAlive);
  }

  /** Before it no live replica keeps anything; -1 while one has not said. */
  lowWatermark(): number {
    return this.#term.lowWatermark(this.#log.logStartOffset, this.#ports.isAlive);
  }

  followersWith(offset: number): readonly number[] {
    return this.#term.followersWith(offset);
  }

  #moment(nowMs: number): LagMoment {
    const { writtenEndOffset: leaderEndOffset } = this.#log;
    return { leaderEndOffset, nowMs, lagMsMax: this.#ports.lagMsMax() };
  }
}

/** Of a fetch of a broker that has no replica. */
export function notAReplica({ replicaId }: Follower, currentLeaderEpoch: number): KafkaError {
  return new KafkaError(
    currentLeaderEpoch < 0 ? ErrorCodes.NOT_LEADER_OR_FOLLOWER : ErrorCodes.UNKNOWN_LEADER_EPOCH,
    `broker ${String(replicaId)} is no replica`,
  );
}
