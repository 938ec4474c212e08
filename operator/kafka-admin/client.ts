/** The admin port over the Kafka protocol. */

import { ErrorCodes } from '../../broker/model/error-codes.ts';
import type { ErrorCode } from '../../broker/model/error-codes.ts';
import { KafkaError } from '../../broker/model/kafka-error.ts';
import type { Sockets } from '../../broker/platform/socket.ts';
import type { Timers } from '../../broker/platform/timers.ts';
import { createPartitions } from '../../broker/protocol/messages/create-partitions.ts';
import { createTopics } from '../../broker/protocol/messages/create-topics.ts';
import { deleteTopics } from '../../broker/protocol/messages/delete-topics.ts';
import { describeConfigs } from '../../broker/protocol/messages/describe-configs.ts';
import { incrementalAlterConfigs } from '../../broker/protocol/messages/incremental-alter-configs.ts';
import { metadata } from '../../broker/protocol/messages/metadata.ts';
import type { Api, RequestOf } from '../../broker/protocol/schema/api.ts';
import { ZERO_UUID } from '../../broker/protocol/wire/uuid.ts';
import { BrokerConnections } from './broker-connections.ts';
import type {
  AdminBroker,
  ClusterDescription,
  ConfigChange,
  KafkaAdmin,
  KafkaAdminFactory,
  NewTopic,
  TopicConfigEntry,
  TopicDescription,
  TopicResults,
} from './port.ts';

const connectTimeoutMs = 3_000;
const requestTimeoutMs = 15_000;
/** How long the controller may take over a change; shorter than we wait for its answer. */
const changeTimeoutMs = 10_000;
const topicResource = 2;
const topicConfigSource = 1;
const operations = { set: 0, delete: 1 } as const;

/** Connects by `sockets` to the addresses that the operator knows. */
export function kafkaAdminFactory(sockets: Sockets, timers: Timers): KafkaAdminFactory {
  return (brokers) => new KafkaAdminClient(brokers, sockets, timers);
}

class KafkaAdminClient implements KafkaAdmin {
  readonly #connections: BrokerConnections;

  constructor(brokers: readonly AdminBroker[], sockets: Sockets, timers: Timers) {
    this.#connections = new BrokerConnections({
      brokers,
      sockets,
      timers,
      connectTimeoutMs,
      requestTimeoutMs,
    });
  }

  /** By Metadata, which brokers of every version have. */
  async describeCluster(): Promise<ClusterDescription> {
    const answer = await this.#connections.sendToAny(metadata, metadataRequest([]));
    return {
      clusterId: answer.clusterId ?? '',
      controllerId: answer.controllerId,
      brokerIds: answer.brokers.map((broker) => broker.nodeId),
    };
  }

  async metadata(names: readonly string[]): Promise<TopicResults<TopicDescription>> {
    const answer = await this.#connections.sendToAny(metadata, metadataRequest(names));
    return new Map(
      answer.topics.map((topic) => {
        const name = topic.name ?? '';
        const known = topic.topicId !== ZERO_UUID;
        const partitions = topic.partitions.map((partition) => ({
          partition: partition.partitionIndex,
          leader: partition.leaderId,
          replicas: partition.replicaNodes,
          isr: partition.isrNodes,
        }));
        const description = { name, partitions, ...(known ? { topicId: topic.topicId } : {}) };
        return [name, failureOf(topic.errorCode, null) ?? description];
      }),
    );
  }

  async createTopics(topics: readonly NewTopic[]): Promise<TopicResults<'done'>> {
    const answer = await this.#sendToController(
      createTopics,
      {
        topics: topics.map(({ name, partitions, replicationFactor, config }) => ({
          name,
          numPartitions: partitions,
          replicationFactor,
          assignments: [],
          configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
        })),
        timeoutMs: changeTimeoutMs,
        validateOnly: false,
      },
      (each) => each.topics,
    );
    return results(answer.topics);
  }

  async deleteTopics(names: readonly string[]): Promise<TopicResults<'done'>> {
    const answer = await this.#sendToController(
      deleteTopics,
      {
        topics: names.map((name) => ({ name, topicId: ZERO_UUID })),
        topicNames: [...names],
        timeoutMs: changeTimeoutMs,
      },
      (each) => each.responses,
    );
    return results(answer.responses.map((each) => ({ ...each, name: each.name ?? '' })));
  }

  async createPartitions(counts: ReadonlyMap<string, number>): Promise<TopicResults<'done'>> {
    const answer = await this.#sendToController(
      createPartitions,
      {
        topics: [...counts].map(([name, count]) => ({ name, count, assignments: null })),
        timeoutMs: changeTimeoutMs,
        validateOnly: false,
      },
      (each) => each.results,
    );
    return results(answer.results);
  }

  async describeConfigs(
    names: readonly string[],
  ): Promise<TopicResults<readonly TopicConfigEntry[]>> {
    const answer = await this.#connections.sendToAny(describeConfigs, {
      resources: names.map((resourceName) => ({
        resourceType: topicResource,
        resourceName,
        configurationKeys: null,
      })),
      includeSynonyms: false,
      includeDocumentation: false,
    });
    return new Map(
      answer.results.map(({ resourceName, errorCode, errorMessage, configs }) => {
        const entries = configs.map(({ name, value, configSource }) => ({
          key: name,
          value,
          own: configSource === topicConfigSource,
        }));
        return [resourceName, failureOf(errorCode, errorMessage) ?? entries];
      }),
    );
  }

  async incrementalAlterConfigs(
    changes: ReadonlyMap<string, readonly ConfigChange[]>,
  ): Promise<TopicResults<'done'>> {
    const answer = await this.#connections.sendToAny(incrementalAlterConfigs, {
      resources: [...changes].map(([resourceName, each]) => ({
        resourceType: topicResource,
        resourceName,
        configs: each.map(({ key, value }) => ({
          name: key,
          configOperation: value === null ? operations.delete : operations.set,
          value,
        })),
      })),
      validateOnly: false,
    });
    return results(answer.responses.map((each) => ({ ...each, name: each.resourceName })));
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Asks who the controller is and sends there; once more if it was another by then. */
  async #sendToController<Req, Res>(
    api: Api<Req, Res>,
    request: Req,
    itemsOf: (answer: Res) => readonly { readonly errorCode: number }[],
  ): Promise<Res> {
    const answer = await this.#sendToSupposedController(api, request);
    const moved = itemsOf(answer).some((each) => each.errorCode === ErrorCodes.NOT_CONTROLLER);
    return moved ? this.#sendToSupposedController(api, request) : answer;
  }

  async #sendToSupposedController<Req, Res>(api: Api<Req, Res>, request: Req): Promise<Res> {
    const { controllerId } = await this.describeCluster();
    return this.#connections.sendTo(controllerId, api, request);
  }
}

function metadataRequest(names: readonly string[]): RequestOf<typeof metadata> {
  return {
    topics: names.map((name) => ({ name, topicId: ZERO_UUID })),
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  };
}

interface Result {
  readonly name: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

function results(items: readonly Result[]): TopicResults<'done'> {
  return new Map(
    items.map(({ name, errorCode, errorMessage }) => [
      name,
      failureOf(errorCode, errorMessage) ?? 'done',
    ]),
  );
}

const codes = new Map<number, ErrorCode>(Object.values(ErrorCodes).map((code) => [code, code]));

function failureOf(code: number, message: string | null): KafkaError | null {
  if (code === ErrorCodes.NONE) return null;
  return new KafkaError(
    codes.get(code) ?? ErrorCodes.UNKNOWN_SERVER_ERROR,
    message === null || message === '' ? undefined : message,
  );
}
