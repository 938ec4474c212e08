/** A Kafka cluster of topics in memory behind the admin port. */

import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { KafkaError } from '../../broker/model/kafka-error.ts';
import type {
  ConfigChange,
  KafkaAdmin,
  NewTopic,
  TopicConfigEntry,
  TopicDescription,
  TopicResults,
} from '../../operator/kafka-admin/port.ts';

interface FakeTopic {
  partitions: number;
  readonly config: Map<string, string>;
}

export class FakeKafka {
  readonly topics = new Map<string, FakeTopic>();
  brokerIds: readonly number[] = [0, 1, 2];
  /** What the next change of a topic is answered with. */
  refusal: KafkaError | null = null;
  /** Why no broker can be asked. */
  outage: Error | null = null;
  /** What brokers that are behind show of topics, in place of what is; null: there is none. */
  readonly stale = new Map<string, FakeTopic | null>();
  /** Connections opened and not yet closed. */
  open = 0;

  connect(): KafkaAdmin {
    this.open += 1;
    return {
      describeCluster: () =>
        this.outage === null
          ? Promise.resolve({
              clusterId: 'fake-cluster',
              controllerId: 1,
              brokerIds: this.brokerIds,
            })
          : Promise.reject(this.outage),
      metadata: (names) =>
        this.#shown(names, (name, topic): TopicDescription => ({
          name,
          topicId: `id-of-${name}`,
          partitions: Array.from({ length: topic.partitions }, (_, partition) => ({
            partition,
            leader: 0,
            replicas: [0],
            isr: [0],
          })),
        })),
      describeConfigs: (names) =>
        this.#shown(names, (_, topic): readonly TopicConfigEntry[] => [
          { key: 'segment.bytes', value: '1073741824', own: false },
          ...[...topic.config].map(([key, value]) => ({ key, value, own: true })),
        ]),
      createTopics: (topics) => Promise.resolve(new Map(topics.map((each) => this.#create(each)))),
      deleteTopics: (names) =>
        this.#each(names, (name) => {
          this.topics.delete(name);
          return 'done' as const;
        }),
      createPartitions: (counts) =>
        this.#each([...counts.keys()], (name, topic) => {
          const count = counts.get(name) ?? 0;
          if (count <= topic.partitions) return new KafkaError(ErrorCodes.INVALID_PARTITIONS);
          topic.partitions = count;
          return 'done' as const;
        }),
      incrementalAlterConfigs: (changes) =>
        this.#each([...changes.keys()], (name, topic) => {
          for (const change of changes.get(name) ?? []) alter(topic, change);
          return 'done' as const;
        }),
      close: () => {
        this.open -= 1;
        return Promise.resolve();
      },
    };
  }

  #create({ name, partitions, config }: NewTopic): [string, 'done' | KafkaError] {
    if (this.refusal !== null) return [name, this.refusal];
    if (this.topics.has(name)) return [name, new KafkaError(ErrorCodes.TOPIC_ALREADY_EXISTS)];
    this.topics.set(name, {
      partitions: partitions < 0 ? 1 : partitions,
      config: new Map(Object.entries(config)),
    });
    return [name, 'done'];
  }

  #shown<T>(
    names: readonly string[],
    answer: (name: string, topic: FakeTopic) => T,
  ): Promise<TopicResults<T>> {
    if (this.outage !== null) return Promise.reject(this.outage);
    return this.#each(names, answer, new Map([...this.topics, ...this.stale]));
  }

  #each<T>(
    names: readonly string[],
    answer: (name: string, topic: FakeTopic) => T | KafkaError,
    topics: ReadonlyMap<string, FakeTopic | null> = this.topics,
  ): Promise<TopicResults<T>> {
    return Promise.resolve(
      new Map(
        names.map((name) => {
          const topic = topics.get(name) ?? null;
          const unknown = new KafkaError(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
          return [name, topic === null ? unknown : answer(name, topic)];
        }),
      ),
    );
  }
}

function alter(topic: FakeTopic, { key, value }: ConfigChange): void {
  if (value === null) topic.config.delete(key);
  else topic.config.set(key, value);
}
