/**
 * The requests by which a controller tells brokers what is: built from its context, in the form of
 * the newest version. What an older version lacks is left out when it is written.
 */

import type { TopicPartition } from '../model/topic-partition.ts';
import { partitionKey } from '../model/topic-partition.ts';
import type { leaderAndIsr } from '../protocol/messages/leader-and-isr.ts';
import type { stopReplica } from '../protocol/messages/stop-replica.ts';
import type { updateMetadata } from '../protocol/messages/update-metadata.ts';
import type { RequestOf } from '../protocol/schema/api.ts';
import { ZERO_UUID } from '../protocol/wire/uuid.ts';
import type { ControllerContext, LiveBroker } from './context.ts';

export interface Sender {
  readonly controllerId: number;
  readonly controllerEpoch: number;
}

export type LeaderAndIsrRequest = RequestOf<typeof leaderAndIsr>;
export type UpdateMetadataRequest = RequestOf<typeof updateMetadata>;
export type StopReplicaRequest = RequestOf<typeof stopReplica>;

/** In UpdateMetadata: the topic is being deleted. */
const LEADER_DURING_DELETE = -2;
const NO_EPOCH = -1;
const FULL = 2;
const INCREMENTAL = 1;

const SECURITY_PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

/** LeaderAndIsr for one broker: those of the partitions that it has a replica of. */
export function leaderAndIsrRequest(options: {
  readonly context: ControllerContext;
  readonly sender: Sender;
  readonly broker: LiveBroker;
  readonly partitions: readonly TopicPartition[];
  /** Those that have just got their first state. */
  readonly created: readonly TopicPartition[];
  /** Those that the broker has just got a replica of. */
  readonly added?: readonly TopicPartition[];
  /** Everything that the broker has to host, as after its start. */
  readonly isFull: boolean;
  readonly listenerName: string;
}): LeaderAndIsrRequest {
  const { context, sender, broker } = options;
  const { created, added = [] } = options;
  const isNew = new Set([...created, ...added].map((it) => partitionKey(it.topic, it.partition)));
  const partitions = options.partitions.filter((it) => context.replicas(it).includes(broker.id));
  const leaders = new Set<number>();
  const topicStates = byTopic(partitions).map(([topic, items]) => ({
    topicName: topic,
    topicId: context.topics.get(topic)?.topicId ?? ZERO_UUID,
    partitionStates: items.flatMap((item) => {
      const state = context.state(item);
      if (state === undefined) return [];
      leaders.add(state.leader);
      return [
        {
          topicName: topic,
          partitionIndex: item.partition,
          controllerEpoch: state.controllerEpoch,
          leader: state.leader,
          leaderEpoch: state.leaderEpoch,
          isr: state.isr,
          partitionEpoch: state.partitionEpoch,
          replicas: context.replicas(item),
          addingReplicas: context.placement(item).adding,
          removingReplicas: context.placement(item).removing,
          isNew: isNew.has(partitionKey(topic, item.partition)),
          leaderRecoveryState: state.leaderRecoveryState,
        },
      ];
    }),
  }));
  return {
    ...sender,
    isKRaftController: false,
    brokerEpoch: BigInt(broker.epoch),
    type: options.isFull ? FULL : INCREMENTAL,
    ungroupedPartitionStates: [],
    topicStates,
    liveLeaders: [...leaders].flatMap((id) => liveLeader(context, id, options.listenerName)),
  };
}

/** UpdateMetadata for one broker. `partitions` may be empty: then it is about brokers only. */
export function updateMetadataRequest(options: {
  readonly context: ControllerContext;
  readonly sender: Sender;
  readonly broker: LiveBroker;
  readonly partitions: readonly TopicPartition[];
}): UpdateMetadataRequest {
  const { context, sender, broker } = options;
  return {
    ...sender,
    isKRaftController: false,
    type: 0,
    brokerEpoch: BigInt(broker.epoch),
    ungroupedPartitionStates: [],
    topicStates: byTopic(options.partitions).map(([topic, items]) => ({
      topicName: topic,
      topicId: context.topics.get(topic)?.topicId ?? ZERO_UUID,
      partitionStates: items.flatMap((item) => metadataState(context, item)),
    })),
    liveBrokers: [...context.brokers.values()].map(liveBroker),
  };
}

/**
 * StopReplica for one broker, in the form of version 3 and later, where each partition says for itself
 * whether it is deleted.
 */
export function stopReplicaRequest(options: {
  readonly context: ControllerContext;
  readonly sender: Sender;
  readonly broker: LiveBroker;
  /** That it has, or had, a replica of. */
  readonly partitions: readonly TopicPartition[];
  readonly deletePartitions: boolean;
  /** The topics stay, and the broker gives up its replicas as of the epochs that they have now. */
  readonly withEpochs?: boolean;
}): StopReplicaRequest {
  const { context, sender, broker, partitions, deletePartitions, withEpochs = false } = options;
  return {
    ...sender,
    isKRaftController: false,
    brokerEpoch: BigInt(broker.epoch),
    deletePartitions: false,
    ungroupedPartitions: [],
    topics: [],
    topicStates: byTopic(partitions).map(([topicName, items]) => ({
      topicName,
      partitionStates: items.map(({ partition }) => ({
        partitionIndex: partition,
        leaderEpoch: withEpochs
          ? (context.state({ topic: topicName, partition })?.leaderEpoch ?? NO_EPOCH)
          : LEADER_DURING_DELETE,
        deletePartition: deletePartitions,
      })),
    })),
  };
}

function metadataState(
  context: ControllerContext,
  item: TopicPartition,
): UpdateMetadataRequest['topicStates'][number]['partitionStates'] {
  const state = context.state(item);
  if (state === undefined) return [];
  const replicas = context.replicas(item);
  return [
    {
      topicName: item.topic,
      partitionIndex: item.partition,
      controllerEpoch: state.controllerEpoch,
      leader: context.deleting.has(item.topic) ? LEADER_DURING_DELETE : state.leader,
      leaderEpoch: state.leaderEpoch,
      isr: state.isr,
      zkVersion: state.partitionEpoch,
      replicas,
      offlineReplicas: replicas.filter((id) => !context.isOnline(id, item)),
    },
  ];
}

function liveBroker({
  id,
  registration,
}: LiveBroker): UpdateMetadataRequest['liveBrokers'][number] {
  return {
    id,
    v0Host: '',
    v0Port: 0,
    endpoints: registration.endpoints.map((endpoint) => ({
      host: endpoint.host,
      port: endpoint.port,
      listener: endpoint.listenerName,
      securityProtocol: SECURITY_PROTOCOLS.indexOf(endpoint.securityProtocol),
    })),
    rack: registration.rack,
  };
}

function liveLeader(
  context: ControllerContext,
  id: number,
  listenerName: string,
): LeaderAndIsrRequest['liveLeaders'] {
  const endpoint = context.brokers
    .get(id)
    ?.registration.endpoints.find((it) => it.listenerName === listenerName);
  if (endpoint === undefined) return [];
  return [{ brokerId: id, hostName: endpoint.host, port: endpoint.port }];
}

function byTopic(partitions: readonly TopicPartition[]): [string, TopicPartition[]][] {
  const topics = new Map<string, TopicPartition[]>();
  for (const item of partitions) {
    const items = topics.get(item.topic);
    if (items === undefined) topics.set(item.topic, [item]);
    else items.push(item);
  }
  return [...topics];
}
