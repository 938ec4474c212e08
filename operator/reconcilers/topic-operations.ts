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

/** A change that was not made. */
export interface Refusal {
  readonly message: string;
  /** Nobody has to do anything: looking again is enough. */
  readonly passes: boolean;
}

const absent: readonly number[] = [ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION];

/** Of brokers that are busy with themselves, or with a change that was asked for before. */
const passing: readonly number[] = [
  ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCodes.LEADER_NOT_AVAILABLE,
  ErrorCodes.REQUEST_TIMED_OUT,
  ErrorCodes.NOT_CONTROLLER,
  ErrorCodes.REASSIGNMENT_IN_PROGRESS,
  ErrorCodes.THROTTLING_QUOTA_EXCEEDED,
];

/**
 * A topic or partitions are made only after they were not seen. If they are there in spite of that,
 * what was seen is older than our own change, or the topic is on its way out.
 */
const unseen: Readonly<Record<TopicAction['kind'], number | null>> = {
  create: ErrorCodes.TOPIC_ALREADY_EXISTS,
  'create-partitions': ErrorCodes.INVALID_PARTITIONS,
  'alter-config': null,
};

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

  /** Null when done. */
  async perform(action: TopicAction): Promise<Refusal | null> {
    const result = await this.#send(action);
    if (result === 'done') return null;
    const isUnseen = result.code === unseen[action.kind];
    const message = errorText(result);
    if (!isUnseen) return { message, passes: passing.includes(result.code) };
    const why = 'of what it does not show yet: it is being made, or deleted';
    return { message: `${message}, ${why}`, passes: true };
  }

  /** Null when the topic is gone. */
  async remove(): Promise<Refusal | null> {
    const result = this.#resultOf(await this.#admin.deleteTopics([this.#name]));
    if (result === 'done' || absent.includes(result.code)) return null;
    return { message: errorText(result), passes: passing.includes(result.code) };
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

/** The name of its code, and what the broker added. */
export function errorText({ code, message }: KafkaError): string {
  const name = errorName(code);
  return message === name ? name : `${name}: ${message}`;
}
