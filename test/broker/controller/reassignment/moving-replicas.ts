/** What the tests of reassignments ask of a cluster, and do to it as its leaders would. */

import assert from 'node:assert/strict';
import type { ReassignmentOutcome } from '../../../../broker/controller/reassignment/reassignments.ts';
import { topicPath } from '../../../../broker/zookeeper/paths.ts';
import { decodePartitionState } from '../../../../broker/zookeeper/znodes/partition-state.ts';
import { partitionStatePath } from '../../../../broker/zookeeper/paths.ts';
import type { PartitionState } from '../../../../broker/zookeeper/znodes/partition-state.ts';
import { decodeTopicAssignment } from '../../../../broker/zookeeper/znodes/topic-assignment.ts';
import type { ControllerCluster, FakeBroker } from '../cluster-fixture.ts';

export interface WrittenPlacement {
  readonly replicas: readonly number[];
  readonly adding: readonly number[];
  readonly removing: readonly number[];
}

/** Where ZooKeeper says that the replicas are; null without the topic. */
export async function placementOf(
  cluster: ControllerCluster,
  topic: string,
  partition = 0,
): Promise<WrittenPlacement | null> {
  const node = await cluster.session.get(topicPath(topic));
  if (node === null) return null;
  const assignment = decodeTopicAssignment(node.data, topicPath(topic));
  return {
    replicas: assignment.partitions.get(partition) ?? [],
    adding: assignment.addingReplicas.get(partition) ?? [],
    removing: assignment.removingReplicas.get(partition) ?? [],
  };
}

export async function stateOf(
  cluster: ControllerCluster,
  topic: string,
  partition = 0,
): Promise<PartitionState & { readonly version: number }> {
  const path = partitionStatePath(topic, partition);
  const node = await cluster.session.get(path);
  assert(node !== null, `${path} is there`);
  return { ...decodePartitionState(node.data, path), version: node.stat.version };
}

/** As AlterPartitionReassignments. Null gives up. */
export async function reassign(
  cluster: ControllerCluster,
  topic: string,
  replicas: readonly number[] | null,
): Promise<ReassignmentOutcome> {
  const request = { topic, partition: 0, replicas };
  const [outcome] = await cluster.controller.reassign([request], { mayResize: true });
  assert(outcome !== undefined);
  await cluster.settle();
  return outcome;
}

/** The leader says that these are in sync too. The code of its answer. */
export async function catchUp(
  cluster: ControllerCluster,
  leader: FakeBroker,
  { topic, partition = 0, ids }: { topic: string; partition?: number; ids: readonly number[] },
): Promise<number | undefined> {
  const { isr } = await stateOf(cluster, topic, partition);
  return propose(cluster, leader, { topic, partition, isr: [...new Set([...isr, ...ids])] });
}

/** The leader says that this one is not in sync any more. */
export async function leaveIsr(
  cluster: ControllerCluster,
  leader: FakeBroker,
  { topic, id }: { topic: string; id: number },
): Promise<number | undefined> {
  const { isr } = await stateOf(cluster, topic);
  return propose(cluster, leader, { topic, partition: 0, isr: isr.filter((it) => it !== id) });
}

async function propose(
  cluster: ControllerCluster,
  leader: FakeBroker,
  change: { readonly topic: string; readonly partition: number; readonly isr: readonly number[] },
): Promise<number | undefined> {
  const state = await stateOf(cluster, change.topic, change.partition);
  const outcomes = await cluster.controller.alterPartitions({
    brokerId: leader.id,
    brokerEpoch: await cluster.epochOf(leader),
    proposals: [
      {
        ...change,
        leaderEpoch: state.leaderEpoch,
        brokerEpochs: new Map(),
        leaderRecoveryState: 0,
        partitionEpoch: state.version,
      },
    ],
  });
  await cluster.settle();
  return outcomes[0]?.errorCode;
}

/** Partitions of the topic that the broker was told to remove. */
export function removedFrom(broker: FakeBroker, topic: string): readonly number[] {
  return broker.stopRequests
    .flatMap(({ topicStates }) => topicStates)
    .filter(({ topicName }) => topicName === topic)
    .flatMap(({ partitionStates }) => partitionStates)
    .filter(({ deletePartition }) => deletePartition)
    .map(({ partitionIndex }) => partitionIndex);
}
