/**
 * Topics as handlers see them: created with the broker's defaults, on demand too, and waited for
 * until this broker's metadata shows them.
 */

import {
  CONSUMER_OFFSETS,
  isInternalTopic,
  TRANSACTION_STATE,
  topicNameProblem,
} from '../cluster/topic-name.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { CreatedTopic, NewTopic, TopicAdmin, TopicGrowth } from '../controller/topic-admin.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import { errorCodeOf } from '../model/kafka-error.ts';
import type { Logger } from '../platform/logger.ts';
import type { MetadataCache } from './metadata-cache.ts';

const DEFAULT = -1;
/** How long an answer waits for brokers that are slow to hear of a new topic. */
const DELIVERY_MS_MAX = 1000;

export class TopicService {
  readonly #admin: TopicAdmin;
  readonly #metadata: MetadataCache;
  readonly #config: () => BrokerConfig;
  readonly #delivered: (timeoutMs: number) => Promise<void>;
  readonly #logger: Logger;
  /** Creations on demand under way: many clients ask for the same new topic at once. */
  readonly #creating = new Map<string, Promise<void>>();

  constructor(options: {
    readonly admin: TopicAdmin;
    readonly metadata: MetadataCache;
    readonly config: () => BrokerConfig;
    /** What the controller has sent so far has arrived, or the time is over. */
    readonly delivered: (timeoutMs: number) => Promise<void>;
    readonly logger: Logger;
  }) {
    this.#admin = options.admin;
    this.#metadata = options.metadata;
    this.#config = options.config;
    this.#delivered = options.delivered;
    this.#logger = options.logger;
  }

  /** Counts of -1 stand for num.partitions and default.replication.factor. Throws KafkaError. */
  create(topic: NewTopic, options: { readonly validateOnly: boolean }): Promise<CreatedTopic> {
    const config = this.#config();
    const { partitionCount, replicationFactor } = topic;
    return this.#admin.create(
      {
        ...topic,
        partitionCount: partitionCount === DEFAULT ? config.numPartitions : partitionCount,
        replicationFactor:
          replicationFactor === DEFAULT ? config.defaultReplicationFactor : replicationFactor,
      },
      options,
    );
  }

  /** Throws KafkaError. */
  addPartitions(growth: TopicGrowth, options: { readonly validateOnly: boolean }): Promise<void> {
    return this.#admin.addPartitions(growth, options);
  }

  /** Throws KafkaError. */
  remove(topic: string): Promise<void> {
    return this.#admin.remove(topic);
  }

  /** Starts to make a topic that a client asked for; failures are logged, the client asks again. */
  createOnDemand(topic: string): void {
    if (this.#creating.has(topic) || topicNameProblem(topic) !== null) return;
    const creation = this.create(this.#onDemand(topic), { validateOnly: false })
      .then((created) => this.#logger.info({ topic, ...created }, 'topic created on demand'))
      .catch((error: unknown) => {
        if (errorCodeOf(error) === ErrorCodes.TOPIC_ALREADY_EXISTS) return;
        this.#logger.warn({ err: error, topic }, 'topic could not be created on demand');
      })
      .finally(() => this.#creating.delete(topic));
    this.#creating.set(topic, creation);
  }

  /** Whether clients may make a topic by asking for it. */
  mayCreateOnDemand(topic: string): boolean {
    return this.#config().autoCreateTopicsEnable || isInternalTopic(topic);
  }

  /**
   * True as soon as all of the topic's partitions have leaders here, and the other brokers know them
   * too unless one is slow; false when the time is over.
   */
  async waitForLeaders(
    topic: string,
    { partitionCount, timeoutMs }: { readonly partitionCount: number; readonly timeoutMs: number },
  ): Promise<boolean> {
    const isThere = await this.#metadata.waitUntil(() => {
      const partitions = this.#metadata.topic(topic)?.partitions;
      if (partitions === undefined || partitions.size < partitionCount) return false;
      return [...partitions.values()].every(({ leader }) => leader >= 0);
    }, timeoutMs);
    // The controller's own broker hears of it first; clients may ask any other one next.
    if (isThere) await this.#delivered(Math.min(timeoutMs, DELIVERY_MS_MAX));
    return isThere;
  }

  /** As waitForLeaders(), for a topic that is deleted. */
  async waitUntilGone(topic: string, timeoutMs: number): Promise<boolean> {
    const isGone = await this.#metadata.waitUntil(
      () => this.#metadata.topic(topic) === undefined,
      timeoutMs,
    );
    if (isGone) await this.#delivered(Math.min(timeoutMs, DELIVERY_MS_MAX));
    return isGone;
  }

  #onDemand(name: string): NewTopic {
    const config = this.#config();
    const plain = { name, partitionCount: DEFAULT, replicationFactor: DEFAULT, assignment: null };
    // With fewer live brokers the creation fails, and whoever needs the topic asks again.
    if (name === CONSUMER_OFFSETS) {
      return {
        ...plain,
        partitionCount: config.offsetsTopicNumPartitions,
        replicationFactor: internalFactor(config, config.offsetsTopicReplicationFactor),
        config: internalTopicConfig(config.offsetsTopicSegmentBytes, 'producer'),
      };
    }
    if (name === TRANSACTION_STATE) {
      return {
        ...plain,
        partitionCount: config.transactionStateLogNumPartitions,
        replicationFactor: internalFactor(config, config.transactionStateLogReplicationFactor),
        config: internalTopicConfig(config.transactionStateLogSegmentBytes, 'uncompressed'),
      };
    }
    return { ...plain, config: new Map() };
  }
}

/** Without a chance of a second broker the defaults, made for three, are not to be had. */
function internalFactor({ zookeeperIsEmbedded }: BrokerConfig, configured: number): number {
  return zookeeperIsEmbedded ? 1 : configured;
}

function internalTopicConfig(segmentBytes: number, compression: string): Map<string, string> {
  return new Map([
    ['compression.type', compression],
    ['cleanup.policy', 'compact'],
    ['segment.bytes', String(segmentBytes)],
  ]);
}
