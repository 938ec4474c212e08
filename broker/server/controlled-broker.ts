/**
 * What this broker does for the controller, whether its request came over the network or from the
 * controller in the same process: LeaderAndIsr, UpdateMetadata and StopReplica.
 */

import type { ClusterUpdate, Endpoint, PartitionUpdate } from '../cluster/cluster-image.ts';
import type { ControlledBroker } from '../controller/broker-channels.ts';
import type {
  LeaderAndIsrRequest,
  StopReplicaRequest,
  UpdateMetadataRequest,
} from '../controller/controller-requests.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import type { Logger } from '../platform/logger.ts';
import type { leaderAndIsr } from '../protocol/messages/leader-and-isr.ts';
import type { stopReplica } from '../protocol/messages/stop-replica.ts';
import type { updateMetadata } from '../protocol/messages/update-metadata.ts';
import type { ResponseOf } from '../protocol/schema/api.ts';
import { ZERO_UUID } from '../protocol/wire/uuid.ts';
import type {
  ControllerIdentity,
  PartitionStateChange,
  PartitionStop,
  ReplicaManager,
} from '../replication/replica-manager.ts';
import type { MetadataCache } from './metadata-cache.ts';

const SECURITY_PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

export interface LocalBrokerOptions {
  readonly replicas: ReplicaManager;
  readonly metadata: MetadataCache;
  /** Reads a topic's configuration before its log is opened. */
  readonly refreshTopic: (topic: string) => Promise<unknown>;
  readonly onTopicsDeleted: (topics: readonly string[]) => void;
  readonly logger: Logger;
}

type LeaderAndIsrState = LeaderAndIsrRequest['topicStates'][number]['partitionStates'][number];
type MetadataState = UpdateMetadataRequest['topicStates'][number]['partitionStates'][number];

export class LocalBroker implements ControlledBroker {
  readonly #options: LocalBrokerOptions;

  constructor(options: LocalBrokerOptions) {
    this.#options = options;
  }

  async leaderAndIsr(request: LeaderAndIsrRequest): Promise<ResponseOf<typeof leaderAndIsr>> {
    const { replicas } = this.#options;
    const errorCode = replicas.checkController(identityOf(request));
    if (errorCode !== ErrorCodes.NONE) return { errorCode, partitionErrors: [], topics: [] };
    const changes = stateChanges(request);
    await this.#refreshNewTopics(changes);
    const outcomes = await replicas.applyStates(changes);
    const ids = new Map(changes.map(({ topic, topicId }) => [topic, topicId ?? ZERO_UUID]));
    const partitionErrors = outcomes.map(({ topic, partition, errorCode: code }) => ({
      topicName: topic,
      partitionIndex: partition,
      errorCode: code,
    }));
    const topics = [...ids].map(([topic, topicId]) => ({
      topicId,
      partitionErrors: partitionErrors
        .filter(({ topicName }) => topicName === topic)
        .map((it) => ({ ...it, topicName: '' })),
    }));
    return { errorCode: ErrorCodes.NONE, partitionErrors, topics };
  }

  updateMetadata(request: UpdateMetadataRequest): Promise<ResponseOf<typeof updateMetadata>> {
    const { replicas, metadata, onTopicsDeleted } = this.#options;
    const errorCode = replicas.checkController(identityOf(request));
    if (errorCode !== ErrorCodes.NONE) return Promise.resolve({ errorCode });
    const update = clusterUpdate(request);
    const topics = [...new Set(update.partitions.map(({ topic }) => topic))];
    metadata.apply(update);
    for (const { topic, partition, state } of update.partitions) {
      replicas.noteCommittedState(topic, partition, state);
    }
    const deleted = topics.filter((topic) => metadata.topic(topic) === undefined);
    if (deleted.length > 0) onTopicsDeleted(deleted);
    return Promise.resolve({ errorCode: ErrorCodes.NONE });
  }

  async stopReplica(request: StopReplicaRequest): Promise<ResponseOf<typeof stopReplica>> {
    const { replicas } = this.#options;
    const errorCode = replicas.checkController(identityOf(request));
    if (errorCode !== ErrorCodes.NONE) return { errorCode, partitionErrors: [] };
    const outcomes = await replicas.stopReplicas(partitionStops(request));
    return {
      errorCode: ErrorCodes.NONE,
      partitionErrors: outcomes.map(({ topic, partition, errorCode: code }) => ({
        topicName: topic,
        partitionIndex: partition,
        errorCode: code,
      })),
    };
  }

  /** Topics are made without a notification of their configuration. */
  async #refreshNewTopics(changes: readonly PartitionStateChange[]): Promise<void> {
    const { replicas, refreshTopic } = this.#options;
    const fresh = changes.filter(
      ({ topic, partition }) => replicas.get(topic, partition) === undefined,
    );
    await Promise.all([...new Set(fresh.map(({ topic }) => topic))].map(refreshTopic));
  }
}

function identityOf(request: {
  readonly controllerId: number;
  readonly controllerEpoch: number;
  readonly brokerEpoch: bigint;
}): ControllerIdentity {
  const { controllerId, controllerEpoch, brokerEpoch } = request;
  return { controllerId, controllerEpoch, brokerEpoch: Number(brokerEpoch) };
}

function stateChanges(request: LeaderAndIsrRequest): PartitionStateChange[] {
  const change = (topic: string, topicId: string, it: LeaderAndIsrState): PartitionStateChange => ({
    topic,
    partition: it.partitionIndex,
    topicId: topicId === ZERO_UUID ? null : topicId,
    isNew: it.isNew,
    state: {
      leader: it.leader,
      leaderEpoch: it.leaderEpoch,
      isr: it.isr,
      replicas: it.replicas,
      partitionEpoch: it.partitionEpoch,
    },
  });
  return [
    ...request.ungroupedPartitionStates.map((it) => change(it.topicName, ZERO_UUID, it)),
    ...request.topicStates.flatMap(({ topicName, topicId, partitionStates }) =>
      partitionStates.map((it) => change(topicName, topicId, it)),
    ),
  ];
}

function partitionStops(request: StopReplicaRequest): PartitionStop[] {
  const { deletePartitions, topics, topicStates, ungroupedPartitions } = request;
  const plain = (topic: string, partition: number): PartitionStop => ({
    topic,
    partition,
    leaderEpoch: -1,
    deletePartition: deletePartitions,
  });
  // One of the three is filled: which one depends on the version of the request.
  if (topicStates.length > 0) {
    return topicStates.flatMap(({ topicName, partitionStates }) =>
      partitionStates.map(({ partitionIndex, leaderEpoch, deletePartition }) => ({
        topic: topicName,
        partition: partitionIndex,
        leaderEpoch,
        deletePartition,
      })),
    );
  }
  return [
    ...ungroupedPartitions.map((it) => plain(it.topicName, it.partitionIndex)),
    ...topics.flatMap(({ name, partitionIndexes }) =>
      partitionIndexes.map((it) => plain(name, it)),
    ),
  ];
}

function clusterUpdate(request: UpdateMetadataRequest): ClusterUpdate {
  const update = (topic: string, topicId: string, it: MetadataState): PartitionUpdate => ({
    topic,
    topicId: topicId === ZERO_UUID ? null : topicId,
    partition: it.partitionIndex,
    state: {
      leader: it.leader,
      leaderEpoch: it.leaderEpoch,
      isr: it.isr,
      replicas: it.replicas,
      partitionEpoch: it.zkVersion,
      offlineReplicas: it.offlineReplicas,
      controllerEpoch: it.controllerEpoch,
    },
  });
  return {
    controllerId: request.controllerId,
    brokers: request.liveBrokers.map(({ id, endpoints, rack }) => ({
      id,
      epoch: -1,
      rack,
      endpoints: new Map(
        endpoints.map(({ listener, host, port, securityProtocol }): [string, Endpoint] => {
          const protocol = SECURITY_PROTOCOLS[securityProtocol] ?? 'PLAINTEXT';
          return [
            listener === '' ? protocol : listener,
            { host, port, securityProtocol: protocol },
          ];
        }),
      ),
    })),
    partitions: [
      ...request.ungroupedPartitionStates.map((it) => update(it.topicName, ZERO_UUID, it)),
      ...request.topicStates.flatMap(({ topicName, topicId, partitionStates }) =>
        partitionStates.map((it) => update(topicName, topicId, it)),
      ),
    ],
  };
}
