/** A cluster of whole brokers, with a client of each and what an administrator asks of it. */

import assert from 'node:assert/strict';
import type { BrokerConnection } from '../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { alterPartitionReassignments } from '../../broker/protocol/messages/alter-partition-reassignments.ts';
import { electLeaders } from '../../broker/protocol/messages/elect-leaders.ts';
import { incrementalAlterConfigs } from '../../broker/protocol/messages/incremental-alter-configs.ts';
import { topicPath } from '../../broker/zookeeper/paths.ts';
import { watchData } from '../../broker/zookeeper/watches.ts';
import type { TopicAssignment } from '../../broker/zookeeper/znodes/topic-assignment.ts';
import { decodeTopicAssignment } from '../../broker/zookeeper/znodes/topic-assignment.ts';
import { batchOf, makeTopic, only, produceTo } from './requests.ts';
import type { TestBroker } from './test-broker.ts';
import type { TestCluster } from './test-cluster.ts';

export const TOPIC_RESOURCE = 2;
export const BROKER_RESOURCE = 4;

/** These pass while leadership moves. */
const PASSING = new Set<number>([
  ErrorCodes.NOT_LEADER_OR_FOLLOWER,
  ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCodes.LEADER_NOT_AVAILABLE,
]);

export class ReplicatedCluster {
  readonly cluster: TestCluster;
  readonly #brokers: readonly TestBroker[];
  readonly #clients: readonly BrokerConnection[];

  private constructor(
    cluster: TestCluster,
    brokers: readonly TestBroker[],
    clients: readonly BrokerConnection[],
  ) {
    this.cluster = cluster;
    this.#brokers = brokers;
    this.#clients = clients;
  }

  /** The first broker is the controller. */
  static async start(
    cluster: TestCluster,
    count: number,
    propertiesOf: (id: number) => Readonly<Record<string, string>> = () => ({}),
  ): Promise<ReplicatedCluster> {
    const brokers: TestBroker[] = [];
    const clients: BrokerConnection[] = [];
    for (let id = 0; id < count; id += 1) {
      const broker = cluster.make(id, { properties: propertiesOf(id) });
      await broker.broker.start();
      brokers.push(broker);
      clients.push(await broker.connect());
    }
    return new ReplicatedCluster(cluster, brokers, clients);
  }

  broker(id: number): TestBroker {
    const broker = this.#brokers[id];
    assert(broker !== undefined);
    return broker;
  }

  client(id: number): BrokerConnection {
    const client = this.#clients[id];
    assert(client !== undefined);
    return client;
  }

  /** With the replicas of each partition, the preferred leader first. */
  async makeTopic(
    name: string,
    replicas: readonly (readonly number[])[],
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await makeTopic(this.client(0), name, {
      numPartitions: -1,
      replicationFactor: -1,
      assignments: replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    });
  }

  /** With acks=all, to that broker as soon as it leads. Returns the offset. */
  async produce(
    id: number,
    topic: string,
    values: readonly (string | Buffer)[],
    partition = 0,
  ): Promise<number> {
    for (;;) {
      const answer = await produceTo(this.client(id), topic, batchOf(values), { partition });
      if (PASSING.has(answer.errorCode)) continue;
      assert.equal(answer.errorCode, ErrorCodes.NONE);
      return Number(answer.baseOffset);
    }
  }

  /** The offset of an acknowledged record; null where that broker does not lead (any more). */
  async tryProduce(id: number, topic: string, value: string): Promise<number | null> {
    const { errorCode, baseOffset } = await produceTo(this.client(id), topic, batchOf([value]));
    if (PASSING.has(errorCode)) return null;
    assert.equal(errorCode, ErrorCodes.NONE);
    return Number(baseOffset);
  }

  /** Null gives up what is under way. Asked of the controller. Returns the error code. */
  async reassign(
    topic: string,
    replicas: readonly number[] | null,
    { partition = 0, controller = 0 } = {},
  ): Promise<number> {
    const answer = await this.client(controller).send(alterPartitionReassignments, 0, {
      timeoutMs: 30_000,
      allowReplicationFactorChange: true,
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, replicas }] }],
    });
    assert.equal(answer.errorCode, ErrorCodes.NONE);
    return only(only(answer.responses).partitions).errorCode;
  }

  /** The placement of a topic's replicas, as soon as it fits. */
  assignment(
    topic: string,
    fits: (assignment: TopicAssignment) => boolean,
  ): Promise<TopicAssignment> {
    const path = topicPath(topic);
    return new Promise((resolve) => {
      const watch = watchData(this.cluster.session, path, (node) => {
        if (node?.data == null) return;
        const assignment = decodeTopicAssignment(node.data, path);
        if (!fits(assignment)) return;
        watch.stop();
        resolve(assignment);
      });
    });
  }

  /** Nothing of the topic moves any more. */
  settled(topic: string): Promise<TopicAssignment> {
    return this.assignment(topic, ({ addingReplicas, removingReplicas }) => {
      return addingReplicas.size === 0 && removingReplicas.size === 0;
    });
  }

  /** A deletion of the topic is carried out. */
  gone(topic: string): Promise<void> {
    return new Promise((resolve) => {
      const watch = watchData(this.cluster.session, topicPath(topic), (node) => {
        if (node !== null) return;
        watch.stop();
        resolve();
      });
    });
  }

  async setConfig(
    resource: { readonly type: number; readonly name: string },
    values: Readonly<Record<string, string>>,
  ): Promise<void> {
    const client = this.client(resource.type === BROKER_RESOURCE ? Number(resource.name) : 0);
    const answer = await client.send(incrementalAlterConfigs, 1, {
      resources: [
        {
          resourceType: resource.type,
          resourceName: resource.name,
          configs: Object.entries(values).map(([name, value]) => {
            return { name, configOperation: 0, value };
          }),
        },
      ],
      validateOnly: false,
    });
    const { errorCode, errorMessage } = only(answer.responses);
    assert.equal(errorCode, ErrorCodes.NONE, errorMessage ?? '');
  }

  /** The preferred leader of each partition; returns the error codes by partition. */
  async electPreferred(topic: string, partitions: readonly number[]): Promise<readonly number[]> {
    const answer = await this.client(0).send(electLeaders, 2, {
      electionType: 0,
      topicPartitions: [{ topic, partitions: [...partitions] }],
      timeoutMs: 10_000,
    });
    assert.equal(answer.errorCode, ErrorCodes.NONE);
    return only(answer.replicaElectionResults).partitionResult.map(({ errorCode }) => errorCode);
  }
}
