/**
 * The replicas of this broker: which there are, and what the controller wants of them.
 *
 * Invariants: changes of roles are applied one request at a time, in the order of their arrival; a
 * request of an older controller, or for an older life of this broker, changes nothing; a replica
 * with a leader epoch that is not newer is left as it is; nothing that a replica has fetched from one
 * leader reaches its log after it has another, or leads; a partition that this broker should have and
 * whose log cannot be had is offline, and no replica, until a later request finds its log. A log.dir
 * that fails takes its replicas offline at once, between two changes or in the middle of one.
 */

import type { LogManager } from '../log/log-manager.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import { errorCodeOf, KafkaError } from '../model/kafka-error.ts';
import { partitionKey } from '../model/topic-partition.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import type { Logger } from '../platform/logger.ts';
import { SerialQueue } from '../platform/serial-queue.ts';
import type { Followers } from './fetcher/followers.ts';
import type { LeaderPorts } from './leader/leader-ports.ts';
import type { PartitionState } from './partition.ts';
import { Partition } from './partition.ts';

export interface PartitionStateChange extends TopicPartition {
  /** Null where the sender knows none (IBP below 2.8). */
  readonly topicId: string | null;
  /** It has never had a leader, so that no broker has a log of it. */
  readonly isNew: boolean;
  readonly state: PartitionState;
}

export interface PartitionStop extends TopicPartition {
  /** -1: none; -2: the topic is being deleted. Both pass. */
  readonly leaderEpoch: number;
  readonly deletePartition: boolean;
}

export interface PartitionOutcome extends TopicPartition {
  readonly errorCode: ErrorCode;
}

/** Who sends, so that an old controller can be told from the present one. */
export interface ControllerIdentity {
  readonly controllerId: number;
  readonly controllerEpoch: number;
  /** The epoch of this broker that the controller means; -1: it does not say. */
  readonly brokerEpoch: number;
}

export interface ReplicaManagerOptions {
  readonly brokerId: number;
  readonly logs: LogManager;
  readonly logger: Logger;
  /** Of this broker's present registration; null while there is none. */
  readonly brokerEpoch: () => number | null;
  /** For the partitions that it leads. */
  readonly leaderPorts: LeaderPorts;
  /** For those that it follows. */
  readonly followers: Followers;
  /** Also in each newer epoch of a leader that stays. */
  readonly onBecomeLeader: (partition: Partition) => void;
  readonly onResign: (topic: string, partition: number) => void;
  /** A request has a higher controller epoch than any before it, whether it is taken or refused. */
  readonly onControllerEpoch: (controllerEpoch: number) => void;
}

export class ReplicaManager {
  readonly #options: ReplicaManagerOptions;
  readonly #partitions = new Map<string, Partition>();
  readonly #offline = new Set<string>();
  readonly #changes = new SerialQueue();
  #controllerEpoch = 0;

  constructor(options: ReplicaManagerOptions) {
    this.#options = options;
    options.logs.setHighWatermarks(
      (log) => this.get(log.topic, log.partition)?.highWatermark ?? log.logStartOffset,
    );
    options.logs.onLogDirFailed(({ partitions }) => {
      for (const { topic, partition } of partitions) this.#takeOffline(topic, partition);
    });
  }

  get(topic: string, partition: number): Partition | undefined {
    return this.#partitions.get(partitionKey(topic, partition));
  }

  /** It should be here, but its log cannot be had: KAFKA_STORAGE_ERROR. */
  isOffline(topic: string, partition: number): boolean {
    return this.#offline.has(partitionKey(topic, partition));
  }

  partitions(): IterableIterator<Partition> {
    return this.#partitions.values();
  }

  /** NONE if the request comes from the present controller and means this life of the broker. */
  checkController(from: ControllerIdentity): ErrorCode {
    const { controllerEpoch } = from;
    if (controllerEpoch > this.#controllerEpoch) this.#options.onControllerEpoch(controllerEpoch);
    const brokerEpoch = this.#options.brokerEpoch();
    if (from.brokerEpoch !== -1 && brokerEpoch !== null && from.brokerEpoch < brokerEpoch) {
      return ErrorCodes.STALE_BROKER_EPOCH;
    }
    if (controllerEpoch < this.#controllerEpoch) return ErrorCodes.STALE_CONTROLLER_EPOCH;
    this.#controllerEpoch = controllerEpoch;
    return ErrorCodes.NONE;
  }

  /** LeaderAndIsr: the outcome of each partition, in order. */
  applyStates(changes: readonly PartitionStateChange[]): Promise<readonly PartitionOutcome[]> {
    return this.#changes.run(async () => {
      const outcomes: PartitionOutcome[] = [];
      for (const change of changes) outcomes.push(await this.#applyState(change));
      return outcomes;
    });
  }

  /** StopReplica: the outcome of each partition, in order. */
  stopReplicas(stops: readonly PartitionStop[]): Promise<readonly PartitionOutcome[]> {
    return this.#changes.run(async () => {
      const outcomes: PartitionOutcome[] = [];
      for (const stop of stops) outcomes.push(await this.#stopReplica(stop));
      return outcomes;
    });
  }

  /** What the controller has let all brokers know, of a partition that this one may lead. */
  noteCommittedState(topic: string, partition: number, state: PartitionState): void {
    if (state.leader === this.#options.brokerId)
      this.get(topic, partition)?.noteCommittedState(state);
  }

  /** Followers that have been behind for too long leave the in-sync replicas. */
  tickIsr(nowMs: number): void {
    for (const partition of this.#partitions.values()) partition.tickIsr(nowMs);
  }

  /** Ends every wait on a partition; the broker stops. */
  async stop(): Promise<void> {
    await this.#changes.idle();
    await this.#options.followers.stop();
    for (const partition of this.#partitions.values()) partition.stop();
  }

  async #applyState(change: PartitionStateChange): Promise<PartitionOutcome> {
    const { topic, partition } = change;
    const outcome = (errorCode: ErrorCode): PartitionOutcome => ({ topic, partition, errorCode });
    if (!change.state.replicas.includes(this.#options.brokerId)) {
      return outcome(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    }
    try {
      const replica = await this.#replicaFor(change);
      if (replica.hasPassed(change.state.leaderEpoch)) {
        return outcome(ErrorCodes.STALE_CONTROLLER_EPOCH);
      }
      await this.#changeRole(replica, change.state);
      return outcome(ErrorCodes.NONE);
    } catch (error) {
      this.#options.logger.error({ err: error, topic, partition }, 'replica could not be set up');
      const known = errorCodeOf(error);
      const code =
        known === ErrorCodes.UNKNOWN_SERVER_ERROR ? ErrorCodes.KAFKA_STORAGE_ERROR : known;
      const isOffline = code === ErrorCodes.KAFKA_STORAGE_ERROR;
      if (isOffline) this.#offline.add(partitionKey(topic, partition));
      return outcome(code);
    }
  }

  async #replicaFor(change: PartitionStateChange): Promise<Partition> {
    const { topic, partition } = change;
    const { logs, brokerId } = this.#options;
    const log = await logs.getOrCreate(change);
    if (logs.get(topic, partition) !== log) {
      throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, `${log.folder} went offline`);
    }
    this.#offline.delete(partitionKey(topic, partition));
    const known = this.get(topic, partition);
    if (known?.log === log) return known;
    const replica = new Partition({
      topic,
      index: partition,
      brokerId,
      log,
      highWatermark: logs.checkpointedHighWatermark(topic, partition),
      leaderPorts: this.#options.leaderPorts,
    });
    this.#partitions.set(partitionKey(topic, partition), replica);
    return replica;
  }

  /** Whatever it is to be next, nothing of what it has followed comes afterwards. */
  async #changeRole(replica: Partition, state: PartitionState): Promise<void> {
    const { brokerId, followers, onBecomeLeader, onResign } = this.#options;
    const { topic, index, log } = replica;
    await followers.unfollow(replica);
    if (this.get(topic, index) !== replica) {
      throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, `${log.folder} went offline`);
    }
    if (state.leader === brokerId) {
      replica.becomeLeader(state);
      onBecomeLeader(replica);
      return;
    }
    const wasLeader = replica.isLeader;
    replica.becomeFollower(state);
    if (wasLeader) onResign(topic, index);
    if (state.leader < 0) return;
    followers.follow(replica, { leaderId: state.leader, leaderEpoch: state.leaderEpoch });
  }

  async #stopReplica(stop: PartitionStop): Promise<PartitionOutcome> {
    const { topic, partition, leaderEpoch } = stop;
    const outcome = (errorCode: ErrorCode): PartitionOutcome => ({ topic, partition, errorCode });
    const replica = this.get(topic, partition);
    const known = replica?.leaderEpoch ?? -1;
    if (leaderEpoch >= 0 && leaderEpoch < known) return outcome(ErrorCodes.FENCED_LEADER_EPOCH);
    if (replica !== undefined) {
      replica.stop();
      await this.#options.followers.unfollow(replica);
      this.#options.onResign(topic, partition);
    }
    if (!stop.deletePartition) {
      const isOffline = this.isOffline(topic, partition);
      return outcome(isOffline ? ErrorCodes.KAFKA_STORAGE_ERROR : ErrorCodes.NONE);
    }
    try {
      this.#partitions.delete(partitionKey(topic, partition));
      await this.#options.logs.deleteLog(topic, partition);
      this.#offline.delete(partitionKey(topic, partition));
      return outcome(ErrorCodes.NONE);
    } catch (error) {
      this.#options.logger.error({ err: error, topic, partition }, 'replica could not be deleted');
      return outcome(ErrorCodes.KAFKA_STORAGE_ERROR);
    }
  }

  /** Clients and the controller are told so until a request finds a log again. */
  #takeOffline(topic: string, partition: number): void {
    const key = partitionKey(topic, partition);
    const replica = this.#partitions.get(key);
    this.#offline.add(key);
    if (replica === undefined) return;
    this.#partitions.delete(key);
    replica.fail();
    void this.#options.followers.unfollow(replica);
    this.#options.onResign(topic, partition);
  }
}
