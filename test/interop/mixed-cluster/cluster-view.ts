/** What the brokers say of the cluster, each of them for itself. */

import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import type { ResponseOf } from '../../../broker/protocol/schema/api.ts';
import { withConnection } from '../takeover/connection.ts';

type Answer = ResponseOf<typeof metadata>;
type Topic = Answer['topics'][number];

export interface PartitionView {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface ClusterView {
  readonly brokerIds: readonly number[];
  readonly controllerId: number;
  readonly topics: readonly string[];
  readonly partitions: readonly PartitionView[];
}

/** Of one broker. */
export async function viewOf(address: string): Promise<ClusterView> {
  const request = {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  };
  const answer = await withConnection(address, (connection) =>
    connection.send(metadata, 9, request),
  );
  return {
    brokerIds: answer.brokers.map(({ nodeId }) => nodeId).sort(),
    controllerId: answer.controllerId,
    topics: answer.topics.map(({ name }) => name ?? ''),
    partitions: answer.topics.flatMap(partitionsOf),
  };
}

export function isUnderReplicated({ replicas, isr, leader }: PartitionView): boolean {
  return leader < 0 || isr.length < replicas.length;
}

export function hasPreferredLeader({ replicas, leader }: PartitionView): boolean {
  return leader === replicas[0];
}

export function namesOf(partitions: readonly PartitionView[]): readonly string[] {
  return partitions.map(
    ({ topic, partition, leader, isr }) =>
      `${topic}-${String(partition)} (leader ${String(leader)}, in sync ${isr.join(',')})`,
  );
}

function partitionsOf({ name, partitions }: Topic): readonly PartitionView[] {
  return partitions.map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
    topic: name ?? '',
    partition: partitionIndex,
    leader: leaderId,
    replicas: replicaNodes,
    isr: isrNodes,
  }));
}
