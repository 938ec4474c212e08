/**
 * StopReplica (5): the controller tells a broker to stop fetching partitions, or to delete them.
 * Versions: 1 grouped by topic, broker epoch (KIP-380) · 2 flexible · 3 leader epoch and deletion per
 * partition (KIP-570) · 4 whether the controller is a KRaft one (KIP-866).
 * Errors: STALE_CONTROLLER_EPOCH, STALE_BROKER_EPOCH, FENCED_LEADER_EPOCH, KAFKA_STORAGE_ERROR,
 * CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, boolean, field, int16, int32, int64, string } from '../schema/types.ts';

const topicPartition = struct({ topicName: string, partitionIndex: int32 });

const partitionState = struct({
  partitionIndex: int32,
  /** -2: the topic is being deleted; -1: not known. */
  leaderEpoch: field(int32, { default: -1 }),
  deletePartition: boolean,
});

export const stopReplica = defineApi({
  name: 'StopReplica',
  key: 5,
  versions: [0, 4],
  flexibleSince: 2,
  request: struct({
    controllerId: int32,
    isKRaftController: field(boolean, { since: 4 }),
    controllerEpoch: int32,
    brokerEpoch: field(int64, { since: 1, default: -1n, ignorable: true }),
    deletePartitions: field(boolean, { until: 2 }),
    ungroupedPartitions: field(array(topicPartition), { until: 0 }),
    topics: field(array(struct({ name: string, partitionIndexes: array(int32) })), {
      since: 1,
      until: 2,
    }),
    topicStates: field(
      array(struct({ topicName: string, partitionStates: array(partitionState) })),
      { since: 3 },
    ),
  }),
  response: struct({
    errorCode: int16,
    partitionErrors: array(struct({ topicName: string, partitionIndex: int32, errorCode: int16 })),
  }),
});
