/**
 * What the controller needs of topics' configurations. A topic is made without a notification of its
 * configuration, so each is read once before it is relied upon; changes come by notification.
 */

import type { Logger } from '../../platform/logger.ts';

export interface TopicConfigs {
  /** Reads what the topic says itself. */
  refreshTopic(topic: string): Promise<unknown>;
  topicConfig(topic: string): {
    readonly minInsyncReplicas: number;
    readonly uncleanLeaderElection: boolean;
  };
}

export class TopicSettings {
  readonly #configs: TopicConfigs;
  readonly #logger: Logger;
  readonly #read = new Map<string, Promise<void>>();

  constructor(configs: TopicConfigs, logger: Logger) {
    this.#configs = configs;
    this.#logger = logger;
  }

  /** What is answered of these topics is what they say. Never rejects. */
  async ready(topics: Iterable<string>): Promise<void> {
    const reading: Promise<void>[] = [];
    for (const topic of topics) {
      const known = this.#read.get(topic) ?? this.#refresh(topic);
      this.#read.set(topic, known);
      reading.push(known);
    }
    await Promise.all(reading);
  }

  minInSync(topic: string): number {
    return this.#configs.topicConfig(topic).minInsyncReplicas;
  }

  /** Of the topics, those that would rather lose records than wait; read anew. */
  async uncleanTopics(topics: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    await Promise.all([...topics].map((topic) => this.#refresh(topic)));
    return new Set([...topics].filter((it) => this.#configs.topicConfig(it).uncleanLeaderElection));
  }

  forget(topic: string): void {
    this.#read.delete(topic);
  }

  async #refresh(topic: string): Promise<void> {
    try {
      await this.#configs.refreshTopic(topic);
    } catch (error) {
      // The session of the broker is in trouble, and with it the term: what is known has to do.
      this.#read.delete(topic);
      this.#logger.warn({ err: error, topic }, 'the configuration of a topic cannot be read');
    }
  }
}
