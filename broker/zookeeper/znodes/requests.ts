/**
 * What tools and brokers ask of the controller by making a znode: /admin/reassign_partitions,
 * /admin/preferred_replica_election, and the notifications of brokers below
 * inter.broker.protocol.version 2.7 in /isr_change_notification.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { encodeZnode, parseZnode } from './json.ts';
import type { ZnodeObject } from './json.ts';

export interface RequestedReassignment extends TopicPartition {
  readonly replicas: readonly number[];
}

export function decodeReassignPartitions(
  data: Buffer | null,
  path: string,
): readonly RequestedReassignment[] {
  return parseZnode(data, path)
    .objects('partitions')
    .map((item) => ({ ...readPartition(item), replicas: item.integers('replicas') }));
}

export function encodeReassignPartitions(requested: readonly RequestedReassignment[]): Buffer {
  const partitions = requested.map(({ topic, partition, replicas }) => ({
    topic,
    partition,
    replicas,
  }));
  return encodeZnode({ version: 1, partitions });
}

export function decodePreferredElection(
  data: Buffer | null,
  path: string,
): readonly TopicPartition[] {
  return parseZnode(data, path).objects('partitions').map(readPartition);
}

export function decodeIsrChange(data: Buffer | null, path: string): readonly TopicPartition[] {
  return parseZnode(data, path).objects('partitions').map(readPartition);
}

export function encodeIsrChange(partitions: readonly TopicPartition[]): Buffer {
  return encodeZnode({
    version: 1,
    partitions: partitions.map(({ topic, partition }) => ({ topic, partition })),
  });
}

function readPartition(item: ZnodeObject): TopicPartition {
  return { topic: item.text('topic'), partition: item.integer('partition') };
}
