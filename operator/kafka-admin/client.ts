/**
 * The admin port over the Kafka protocol.
 *
 * Every broker answers questions, but what it knows may be a moment old: a topic that was just made
 * may be missing there. So questions about topics go to the controller, who answers a change only
 * when it can be seen there, and to the others only while it does not answer.
 */

import { ConnectionError } from '../../broker/client/broker-connection.ts';
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
  /** As a broker told it last; null: to be asked for. */
  #controllerId: number | null = null;

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
    return this.#describe(null);
  }

  async metadata(names: readonly string[]): Promise<TopicResults<TopicDescription>> {
    const answer = await this.#sendToControllerFirst(metadata, metadataRequest(names));
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
    const answer = await this.#sendToControllerFirst(describeConfigs, {
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

  async #describe(preferred: number | null): Promise<ClusterDescription> {
    const request = metadataRequest([]);
    const answer = await this.#connections.sendToAny(metadata, request, preferred);
    return {
      clusterId: answer.clusterId ?? '',
      controllerId: answer.controllerId,
      brokerIds: answer.brokers.map((broker) => broker.nodeId),
    };
  }

  /** `preferred`: the broker to ask who the controller is. */
  async #controller(preferred: number | null = null): Promise<number | null> {
    if (this.#controllerId === null) {
      const { controllerId } = await this.#describe(preferred);
      this.#controllerId = controllerId < 0 ? null : controllerId;
    }
    return this.#controllerId;
  }

  async #sendToControllerFirst<Req, Res>(api: Api<Req, Res>, request: Req): Promise<Res> {
    return this.#connections.sendToAny(api, request, await this.#controller());
  }

  /** Once more if it was another by then: who no longer is the controller has heard who is. */
  async #sendToController<Req, Res>(
    api: Api<Req, Res>,
    request: Req,
    itemsOf: (answer: Res) => readonly { readonly errorCode: number }[],
  ): Promise<Res> {
    const supposed = elected(await this.#controller());
    const answer = await this.#connections.sendToController(supposed, api, request);
    const moved = itemsOf(answer).some((each) => each.errorCode === ErrorCodes.NOT_CONTROLLER);
    if (!moved) return answer;
    this.#controllerId = null;
    const next = elected(await this.#controller(supposed));
    return this.#connections.sendToController(next, api, request);
  }
}

function elected(controllerId: number | null): number {
  if (controllerId !== null) return controllerId;
  throw new ConnectionError('the brokers have not elected a controller');
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
