/**
 * The layers of configuration while the broker runs: server.properties and environment, and what
 * /config in ZooKeeper says of all brokers, this broker and each topic. Answers from memory; who
 * subscribed is told when something has changed.
 *
 * Invariants: every value that is answered has passed its check; what a tool wrote past it is left
 * out and logged. A topic's configuration is written without a notification when the topic is made,
 * so whoever opens the log of a new partition calls refreshTopic() first.
 *
 * Owned by the composition root; one for the life of the process, attached to each ZooKeeper session
 * in turn. Between two sessions it answers with what it knew.
 */

import assert from 'node:assert/strict';
import type { BrokerConfig } from '../config/broker-config.ts';
import { configOfLayers } from '../config/broker-config.ts';
import { brokerKeys } from '../config/broker-keys.ts';
import { ConfigError } from '../config/config-error.ts';
import type { BrokerLayers, ConfigEntry, Properties } from '../config/resolve.ts';
import { brokerEntry, topicEntry } from '../config/resolve.ts';
import type { TopicConfig } from '../config/topic-config.ts';
import { buildTopicConfig } from '../config/topic-config.ts';
import { topicKey, topicKeys } from '../config/topic-keys.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { brokerEntity, topicEntity, topicPath } from '../zookeeper/paths.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import type { ConfigOperation } from './alterations.ts';
import { alteredBrokerConfig, alteredTopicConfig, checkTopicConfig } from './alterations.ts';
import { ChangeNotifications } from './change-notifications.ts';
import { checkedBroker, checkedTopic } from './checked-values.ts';
import { changeEntity, readTopics, readEntity, writeNewEntity } from './entity-configs.ts';

export interface ConfigStoreOptions {
  readonly brokerId: number;
  /** server.properties and environment, as buildBrokerConfig() took them. */
  readonly properties: Properties;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface AlterOptions {
  /** Checks everything and writes nothing. */
  readonly validateOnly: boolean;
}

/** `all`: a key of the brokers has changed that topics default to. */
export type TopicConfigListener = (topics: readonly string[] | 'all') => void;
export type BrokerConfigListener = (config: BrokerConfig) => void;

const none: Properties = new Map();

export class ConfigStore {
  readonly #brokerId: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #topicListeners = new Set<TopicConfigListener>();
  readonly #brokerListeners = new Set<BrokerConfigListener>();
  /** What topics say themselves; those that say nothing need not be here. */
  #topics = new Map<string, Properties>();
  /** Built on the first question. Bounded by the number of topics; empty after each change of layers. */
  readonly #built = new Map<string, TopicConfig>();
  #config: BrokerConfig;
  #session: ZooKeeperSession | null = null;
  #notifications: ChangeNotifications | null = null;

  /** Throws ConfigError if the properties are not those of a broker. */
  constructor(options: ConfigStoreOptions) {
    this.#brokerId = options.brokerId;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#config = configOfLayers({
      static: options.properties,
      dynamicBroker: none,
      dynamicDefault: none,
    });
  }

  /** The effective configuration of this broker; another object after each change. */
  get broker(): BrokerConfig {
    return this.#config;
  }

  /** Reads everything and follows changes until the session ends; takes the place of an earlier one. */
  async attach(session: ZooKeeperSession): Promise<void> {
    this.stop();
    this.#session = session;
    this.#notifications = new ChangeNotifications({
      session,
      clock: this.#clock,
      logger: this.#logger,
      onStart: () => this.#loadAll(session),
      onChange: (entityPath) => this.#onChange(session, entityPath),
    });
    await this.#notifications.start();
  }

  /** Follows no changes any more. Idempotent. */
  stop(): void {
    this.#notifications?.stop();
    this.#notifications = null;
    this.#session = null;
  }

  /** For a topic that is not known: what it would have if it said nothing itself. */
  topicConfig(topic: string): TopicConfig {
    const known = this.#built.get(topic);
    if (known !== undefined) return known;
    const config = buildTopicConfig(this.#topics.get(topic) ?? none, this.#config.layers);
    if (this.#topics.has(topic)) this.#built.set(topic, config);
    return config;
  }

  /** Answers for each key of the table of topics with its value and where it comes from. */
  effectiveTopicConfig(topic: string): (key: string) => ConfigEntry {
    const own = this.#topics.get(topic) ?? none;
    return (key) => topicEntry(topicKey(key), own, this.#config.layers);
  }

  /** What the topic says itself. */
  ownTopicConfig(topic: string): Properties {
    return this.#topics.get(topic) ?? none;
  }

  /**
   * DescribeConfigs of a topic that other brokers may just have changed: read again, so that who made
   * the change sees it at whichever broker it asks. Without ZooKeeper, what is known here.
   */
  async describeTopicAfresh(topic: string): Promise<readonly ConfigEntry[]> {
    try {
      if (this.#session !== null) await this.refreshTopic(topic);
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      this.#logger.warn({ err: error, topic }, 'a configuration is described from memory');
    }
    return this.describeTopic(topic);
  }

  /** DescribeConfigs of a topic: every key there is. */
  describeTopic(topic: string): readonly ConfigEntry[] {
    return [...topicKeys.keys()].map(this.effectiveTopicConfig(topic));
  }

  /** DescribeConfigs of this broker: every key of the table, and what else has been set. */
  describeBroker(): readonly ConfigEntry[] {
    const { layers } = this.#config;
    const names = new Set([...brokerKeys.keys(), ...layers.static.keys()]);
    return [...names].map((name) => brokerEntry(name, layers));
  }

  /** DescribeConfigs of all brokers together (an empty name): what has been set for them. */
  describeBrokerDefaults(): readonly ConfigEntry[] {
    const { dynamicDefault } = this.#config.layers;
    const only: BrokerLayers = { dynamicDefault, dynamicBroker: none, static: none };
    return [...dynamicDefault.keys()].map((name) => {
      const entry = brokerEntry(name, only);
      const synonyms = entry.synonyms.filter(({ source }) => source !== 'DEFAULT_CONFIG');
      return { ...entry, synonyms };
    });
  }

  /** Told after the change; topicConfig() answers with the new values by then. Returns how to stop. */
  onTopicConfig(listener: TopicConfigListener): () => void {
    this.#topicListeners.add(listener);
    return () => this.#topicListeners.delete(listener);
  }

  onBrokerConfig(listener: BrokerConfigListener): () => void {
    this.#brokerListeners.add(listener);
    return () => this.#brokerListeners.delete(listener);
  }

  /** Reads a topic again: before the log of a new partition is opened. */
  async refreshTopic(topic: string): Promise<TopicConfig> {
    const own = await readEntity(this.#attached(), topicEntity(topic), this.#logger);
    this.#setTopic(topic, own);
    return this.topicConfig(topic);
  }

  /** The topic is gone; one of the same name begins anew. */
  forgetTopic(topic: string): void {
    this.#topics.delete(topic);
    this.#built.delete(topic);
  }

  /** Throws KafkaError INVALID_CONFIG for what a topic must not be made with. */
  checkNewTopic(topic: string, config: Properties): void {
    checkTopicConfig(topic, config, this.#config.layers);
  }

  /** Writes the configuration of a topic that is made next; to be checked by checkNewTopic() before. */
  async writeNewTopic(topic: string, config: Properties): Promise<void> {
    await writeNewEntity(this.#attached(), topicEntity(topic), config);
    this.#setTopic(topic, config);
  }

  /**
   * Throws KafkaError: INVALID_CONFIG, INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION. The new values are
   * in force here when it returns, and on other brokers when they have seen the notification.
   */
  async alterTopic(
    topic: string,
    operations: readonly ConfigOperation[],
    { validateOnly }: AlterOptions,
  ): Promise<void> {
    const session = this.#attached();
    if ((await session.exists(topicPath(topic))) === null) {
      throw new KafkaError(
        ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
        `The topic '${topic}' does not exist.`,
      );
    }
    const change = (current: Properties): Properties =>
      alteredTopicConfig(topic, { current, operations, layers: this.#config.layers });
    if (validateOnly) {
      change(await readEntity(session, topicEntity(topic), this.#logger));
      return;
    }
    this.#setTopic(topic, await changeEntity(session, topicEntity(topic), change));
  }

  /** AlterConfigs: what is not named goes back to its default. Throws as alterTopic(). */
  async replaceTopic(topic: string, config: Properties, options: AlterOptions): Promise<void> {
    const own = await readEntity(this.#attached(), topicEntity(topic), this.#logger);
    const gone = [...own.keys()].filter((key) => !config.has(key));
    await this.alterTopic(topic, [...sets(config), ...deletes(gone)], options);
  }

  /** `brokerId` null: all brokers. Throws KafkaError INVALID_CONFIG or INVALID_REQUEST. */
  async alterBroker(
    brokerId: number | null,
    operations: readonly ConfigOperation[],
    { validateOnly }: AlterOptions,
  ): Promise<void> {
    if (brokerId !== null && brokerId !== this.#brokerId) {
      throw new KafkaError(
        ErrorCodes.INVALID_REQUEST,
        `Unexpected broker id, expected ${String(this.#brokerId)}, but received ${String(brokerId)}`,
      );
    }
    const session = this.#attached();
    const entity = brokerEntity(brokerId);
    const change = (current: Properties): Properties =>
      alteredBrokerConfig(brokerId, { current, operations, layers: this.#config.layers });
    if (validateOnly) {
      change(await readEntity(session, entity, this.#logger));
      return;
    }
    await changeEntity(session, entity, change);
    await this.#loadBroker(session);
  }

  #attached(): ZooKeeperSession {
    assert(this.#session !== null, 'the configuration store is not attached to a session');
    return this.#session;
  }

  async #loadAll(session: ZooKeeperSession): Promise<void> {
    const topics = await readTopics(session, this.#logger);
    this.#topics = new Map(
      [...topics].map(([name, own]) => [name, checkedTopic(name, own, this.#logger)]),
    );
    this.#built.clear();
    await this.#loadBroker(session);
  }

  async #onChange(session: ZooKeeperSession, entityPath: string): Promise<void> {
    const [type, name] = entityPath.split('/');
    if (type === 'topics' && name !== undefined) {
      this.#setTopic(name, await readEntity(session, topicEntity(name), this.#logger));
    } else if (entityPath === brokerEntity(null) || entityPath === brokerEntity(this.#brokerId)) {
      await this.#loadBroker(session);
    }
  }

  #setTopic(topic: string, own: Properties): void {
    const checked = checkedTopic(topic, own, this.#logger);
    const before = this.#topics.get(topic);
    this.#topics.set(topic, checked);
    this.#built.delete(topic);
    if (before !== undefined && isSame(before, checked)) return;
    for (const listener of this.#topicListeners) listener([topic]);
  }

  /** Both layers at once: a key may move from one to the other. */
  async #loadBroker(session: ZooKeeperSession): Promise<void> {
    const [dynamicDefault, dynamicBroker] = await Promise.all([
      readEntity(session, brokerEntity(null), this.#logger),
      readEntity(session, brokerEntity(this.#brokerId), this.#logger),
    ]);
    const layers = {
      static: this.#config.layers.static,
      dynamicDefault: checkedBroker(dynamicDefault, this.#logger),
      dynamicBroker: checkedBroker(dynamicBroker, this.#logger),
    };
    try {
      this.#config = configOfLayers(layers);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#logger.error({ problems: error.problems }, 'dynamic broker configuration is left out');
      return;
    }
    this.#built.clear();
    for (const listener of this.#brokerListeners) listener(this.#config);
    for (const listener of this.#topicListeners) listener('all');
  }
}

function isSame(one: Properties, other: Properties): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value);
}

function sets(config: Properties): readonly ConfigOperation[] {
  return [...config].map(([key, value]) => ({ key, operation: 'SET', value }));
}

function deletes(keys: readonly string[]): readonly ConfigOperation[] {
  return keys.map((key) => ({ key, operation: 'DELETE', value: null }));
}
