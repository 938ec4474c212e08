/**
 * LeaderAndIsr (4): the controller tells a broker which partitions it leads and follows.
 * Versions: 1 isNew · 2 grouped by topic, broker epoch (KIP-380) · 3 adding and removing replicas
 * (KIP-455) · 4 flexible · 5 topic ids, type of request (KIP-516) · 6 leader recovery state (KIP-704)
 * · 7 whether the controller is a KRaft one (KIP-866).
 * Errors: STALE_CONTROLLER_EPOCH, STALE_BROKER_EPOCH, INCONSISTENT_TOPIC_ID, KAFKA_STORAGE_ERROR,
 * CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, boolean, field, int16, int32, int64, int8, string, uuid } from '../schema/types.ts';

const partitionState = struct({
  topicName: field(string, { until: 1, ignorable: true }),
  partitionIndex: int32,
  controllerEpoch: int32,
  leader: int32,
  leaderEpoch: int32,
  isr: array(int32),
  /** The version of the partition's state znode. */
  partitionEpoch: int32,
  replicas: array(int32),
  addingReplicas: field(array(int32), { since: 3, ignorable: true }),
  removingReplicas: field(array(int32), { since: 3, ignorable: true }),
  isNew: field(boolean, { since: 1, ignorable: true }),
  /** 0 recovered, 1 recovering from an unclean election. */
  leaderRecoveryState: field(int8, { since: 6 }),
});

const topicState = struct({
  topicName: string,
  topicId: field(uuid, { since: 5, ignorable: true }),
  partitionStates: array(partitionState),
});

const partitionError = struct({
  topicName: field(string, { until: 4, ignorable: true }),
  partitionIndex: int32,
  errorCode: int16,
});

export const leaderAndIsr = defineApi({
  name: 'LeaderAndIsr',
  key: 4,
  versions: [0, 7],
  flexibleSince: 4,
  request: struct({
    controllerId: int32,
    isKRaftController: field(boolean, { since: 7 }),
    controllerEpoch: int32,
    brokerEpoch: field(int64, { since: 2, default: -1n, ignorable: true }),
    /** 0 unknown, 1 incremental, 2 full: everything that the broker has to host. */
    type: field(int8, { since: 5, ignorable: true }),
    ungroupedPartitionStates: field(array(partitionState), { until: 1 }),
    topicStates: field(array(topicState), { since: 2 }),
    liveLeaders: array(struct({ brokerId: int32, hostName: string, port: int32 })),
  }),
  response: struct({
    errorCode: int16,
    partitionErrors: field(array(partitionError), { until: 4 }),
    topics: field(array(struct({ topicId: uuid, partitionErrors: array(partitionError) })), {
      since: 5,
    }),
  }),
});
