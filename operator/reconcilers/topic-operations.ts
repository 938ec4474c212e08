/** One topic through the admin port: what it is like, and what changes it. */

import { KafkaError } from '../../broker/model/kafka-error.ts';
import { ErrorCodes, errorName } from '../../broker/model/error-codes.ts';
import type { ObservedTopic, TopicAction } from '../decide/topic.ts';
import type { KafkaAdmin, TopicResults } from '../kafka-admin/port.ts';

export interface SeenTopic extends ObservedTopic {
  readonly topicId: string | null;
  /** Every partition has a leader. */
  readonly led: boolean;
}

/** Codes that say "not yet" of a topic that was just made, or is just going. */
const absent: readonly number[] = [ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION];

export class TopicOperations {
  readonly #admin: KafkaAdmin;
  readonly #name: string;

  constructor(admin: KafkaAdmin, name: string) {
    this.#admin = admin;
    this.#name = name;
  }

  /** Null: there is no such topic. */
  async observe(): Promise<SeenTopic | null> {
    const topic = this.#resultOf(await this.#admin.metadata([this.#name]));
    if (topic instanceof KafkaError) return nullIfAbsent(topic);
    const configs = this.#resultOf(await this.#admin.describeConfigs([this.#name]));
    if (configs instanceof KafkaError) return nullIfAbsent(configs);
    const own = configs.filter((entry) => entry.own);
    return {
      topicId: topic.topicId ?? null,
      partitions: topic.partitions.length,
      replicas: topic.partitions[0]?.replicas.length ?? 0,
      led: topic.partitions.every((partition) => partition.leader >= 0),
      config: new Map(own.map(({ key, value }) => [key, value ?? ''])),
    };
  }

  /** Null when done, else what the broker said. */
  async perform(action: TopicAction): Promise<string | null> {
    return refusalOf(await this.#send(action));
  }

  /** Null when the topic is gone, else what the broker said. */
  async remove(): Promise<string | null> {
    const result = this.#resultOf(await this.#admin.deleteTopics([this.#name]));
    return result instanceof KafkaError && absent.includes(result.code) ? null : refusalOf(result);
  }

  async #send(action: TopicAction): Promise<'done' | KafkaError> {
    const name = this.#name;
    switch (action.kind) {
      case 'create': {
        const { partitions, replicationFactor, config } = action;
        const topic = { name, partitions, replicationFactor, config };
        return this.#resultOf(await this.#admin.createTopics([topic]));
      }
      case 'create-partitions':
        return this.#resultOf(await this.#admin.createPartitions(new Map([[name, action.count]])));
      case 'alter-config': {
        const changes = new Map([[name, action.changes]]);
        return this.#resultOf(await this.#admin.incrementalAlterConfigs(changes));
      }
    }
  }

  #resultOf<T>(results: TopicResults<T>): T | KafkaError {
    const missing = `no answer about ${this.#name}`;
    return results.get(this.#name) ?? new KafkaError(ErrorCodes.UNKNOWN_SERVER_ERROR, missing);
  }
}

function nullIfAbsent(error: KafkaError): null {
  if (absent.includes(error.code)) return null;
  throw error;
}

function refusalOf(result: 'done' | KafkaError): string | null {
  if (result === 'done') return null;
  const name = errorName(result.code);
  return result.message === name ? name : `${name}: ${result.message}`;
}
