/**
 * Deletes topics that stand in /admin/delete_topics: leaders are taken away, brokers are told, every
 * replica is removed, and only then the znodes, the marker last, so that a crash between any two
 * steps leaves what the next controller completes. A topic with a replica on a dead broker waits; one
 * whose replica a broker fails to remove is tried again after a pause, as long as its marker stands.
 */

import type { Logger } from '../platform/logger.ts';
import type { Timer, Timers } from '../platform/timers.ts';
import {
  configPath,
  deleteTopicPath,
  partitionPath,
  partitionsPath,
  partitionStatePath,
  topicEntity,
  topicPath,
} from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import type { BrokerChannels, StopReplicaResponse } from './broker-channels.ts';
import type { ControllerContext } from './context.ts';
import type { Sender } from './controller-requests.ts';
import { stopReplicaRequest } from './controller-requests.ts';
import type { PartitionMachine } from './partition-machine.ts';

/** A disk that fails has its time to recover; every attempt tells all brokers. */
const RETRY_MS = 10_000;

export interface TopicDeletionOptions {
  readonly session: ZooKeeperSession;
  readonly context: ControllerContext;
  readonly sender: Sender;
  readonly channels: BrokerChannels;
  readonly partitions: Pick<PartitionMachine, 'retire'>;
  readonly sendMetadata: (topics: readonly string[]) => void;
  /** Runs what is left to be done in the controller's queue. */
  readonly enqueue: (event: () => Promise<void>) => void;
  readonly timers: Timers;
  readonly logger: Logger;
}

export class TopicDeletion {
  readonly #options: TopicDeletionOptions;
  /** Those with a marker. */
  #marked: readonly string[] = [];
  /** One for all topics that failed. */
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(options: TopicDeletionOptions) {
    this.#options = options;
  }

  /** Begins with the topics that can be deleted now; the others are tried again by the next call. */
  async begin(topics: readonly string[]): Promise<void> {
    this.#marked = topics;
    await this.retry();
  }

  /** Brokers or topics have changed: what had to wait may go on. */
  async retry(): Promise<void> {
    for (const topic of this.#marked) await this.#beginOne(topic);
  }

  /** It is to be deleted, now or when its brokers are back. */
  isMarked(topic: string): boolean {
    return this.#marked.includes(topic);
  }

  /** Takes the markers away and leaves the topics, as Kafka does with delete.topic.enable=false. */
  async refuse(topics: readonly string[]): Promise<void> {
    for (const topic of topics) {
      this.#options.logger.warn(
        { topic },
        'a topic is marked for deletion and stays: delete.topic.enable is false',
      );
      await this.#remove(deleteTopicPath(topic));
    }
  }

  /** No further attempts. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Removes what is left of a topic in ZooKeeper. */
  async #finish(topic: string): Promise<void> {
    const { session, context, logger } = this.#options;
    // A topic of that name that is made again is not to be deleted for the old one's marker.
    this.#marked = this.#marked.filter((name) => name !== topic);
    for (const { partition } of context.partitions(topic)) {
      await this.#remove(partitionStatePath(topic, partition));
      await this.#remove(partitionPath(topic, partition));
    }
    await this.#remove(partitionsPath(topic));
    await this.#remove(topicPath(topic));
    await this.#remove(configPath(topicEntity(topic)));
    await this.#remove(deleteTopicPath(topic));
    context.removeTopic(topic);
    logger.info({ topic, session: session.id }, 'topic deleted');
  }

  async #beginOne(topic: string): Promise<void> {
    const { context, partitions, sendMetadata, logger } = this.#options;
    if (!context.topics.has(topic)) {
      await this.#beginUnknown(topic);
      return;
    }
    if (context.deleting.has(topic)) return;
    const replicas = new Set(context.partitions(topic).flatMap((item) => context.replicas(item)));
    const dead = [...replicas].filter((id) => !context.isAlive(id));
    if (dead.length > 0) {
      logger.info({ topic, dead }, 'topic deletion waits for brokers');
      return;
    }
    context.deleting.add(topic);
    await partitions.retire(context.partitions(topic));
    sendMetadata([topic]);
    void this.#stopReplicas(topic, [...replicas]);
  }

  /**
   * A topic that is made already, but not known here yet, stays marked: it begins when it is known.
   * Without one, the marker, and a configuration, are what a crash in finish() left.
   */
  async #beginUnknown(topic: string): Promise<void> {
    const { session } = this.#options;
    if ((await session.exists(topicPath(topic))) !== null) return;
    if ((await session.exists(deleteTopicPath(topic))) === null) return;
    await this.#remove(configPath(topicEntity(topic)));
    await this.#remove(deleteTopicPath(topic));
  }

  /** Outside the controller's queue: brokers may take their time to answer. */
  async #stopReplicas(topic: string, brokers: readonly number[]): Promise<void> {
    const { context, enqueue, logger } = this.#options;
    try {
      const answers = await Promise.all(brokers.map((id) => this.#stopOn(topic, id)));
      const failed = brokers.filter((_, index) => !isDone(answers[index]));
      if (failed.length === 0) enqueue(() => this.#finish(topic));
      else this.#retryLater(topic, failed, answers);
    } catch (error) {
      logger.warn({ err: error, topic }, 'topic deletion was interrupted');
      // The broker or the controller went away. A broker may be back already, and its return past.
      enqueue(() => {
        context.deleting.delete(topic);
        return this.retry();
      });
    }
  }

  #retryLater(
    topic: string,
    brokers: readonly number[],
    answers: readonly StopReplicaResponse[],
  ): void {
    const { context, timers, logger, enqueue } = this.#options;
    context.deleting.delete(topic);
    if (this.#isStopped) return;
    const errorCodes = [...new Set(answers.flatMap((answer) => errorCodesOf(answer)))];
    logger.error(
      { topic, brokers, errorCodes, retryMs: RETRY_MS },
      'brokers could not remove their replicas of a topic that is deleted',
    );
    this.#timer ??= timers.after(RETRY_MS, () => {
      this.#timer = null;
      enqueue(() => this.retry());
    });
  }

  async #stopOn(topic: string, brokerId: number): Promise<StopReplicaResponse> {
    const { context, sender, channels } = this.#options;
    const broker = context.brokers.get(brokerId);
    const channel = channels.get(brokerId);
    if (broker === undefined || channel === undefined) {
      throw new Error(`broker ${String(brokerId)} is gone`);
    }
    const request = (deletePartitions: boolean): ReturnType<typeof stopReplicaRequest> =>
      stopReplicaRequest({
        context,
        sender,
        broker,
        partitions: context
          .partitions(topic)
          .filter((item) => context.replicas(item).includes(brokerId)),
        deletePartitions,
      });
    await channel.stopReplica(request(false));
    return channel.stopReplica(request(true));
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#options.session.remove(path, -1);
    } catch (error) {
      if (!(error instanceof ZooKeeperError) || error.code !== 'NO_NODE') throw error;
    }
  }
}

function isDone(answer: StopReplicaResponse | undefined): boolean {
  return answer !== undefined && errorCodesOf(answer).length === 0;
}

function errorCodesOf({ errorCode, partitionErrors }: StopReplicaResponse): readonly number[] {
  return [errorCode, ...partitionErrors.map((it) => it.errorCode)].filter((code) => code !== 0);
}
