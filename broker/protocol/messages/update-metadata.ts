/**
 * UpdateMetadata (6): the controller tells a broker the live brokers and the state of partitions.
 * Versions: 1 several endpoints per broker (KIP-2) · 2 rack (KIP-36) · 3 listener names (KIP-103) ·
 * 4 offline replicas (KIP-112) · 5 grouped by topic, broker epoch (KIP-380) · 6 flexible · 7 topic ids
 * (KIP-516) · 8 whether the controller is a KRaft one (KIP-866).
 * Errors: STALE_CONTROLLER_EPOCH, STALE_BROKER_EPOCH, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import {
  array,
  boolean,
  field,
  int16,
  int32,
  int64,
  int8,
  nullableString,
  string,
  uuid,
} from '../schema/types.ts';

const partitionState = struct({
  topicName: field(string, { until: 4, ignorable: true }),
  partitionIndex: int32,
  controllerEpoch: int32,
  /** -1: none, -2: the topic is being deleted. */
  leader: int32,
  leaderEpoch: int32,
  isr: array(int32),
  zkVersion: int32,
  replicas: array(int32),
  offlineReplicas: field(array(int32), { since: 4, ignorable: true }),
});

const topicState = struct({
  topicName: string,
  topicId: field(uuid, { since: 7, ignorable: true }),
  partitionStates: array(partitionState),
});

const endpoint = struct({
  port: int32,
  host: string,
  listener: field(string, { since: 3, ignorable: true }),
  /** 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  securityProtocol: int16,
});

const liveBroker = struct({
  id: int32,
  v0Host: field(string, { until: 0, ignorable: true }),
  v0Port: field(int32, { until: 0, ignorable: true }),
  endpoints: field(array(endpoint), { since: 1, ignorable: true }),
  rack: field(nullableString, { since: 2, default: null, ignorable: true }),
});

export const updateMetadata = defineApi({
  name: 'UpdateMetadata',
  key: 6,
  versions: [0, 8],
  flexibleSince: 6,
  request: struct({
    controllerId: int32,
    isKRaftController: field(boolean, { since: 8 }),
    /** 0 unknown, 1 incremental, 2 full; only KRaft controllers say it. */
    type: field(int8, { since: 8, tag: 0, ignorable: true }),
    controllerEpoch: int32,
    brokerEpoch: field(int64, { since: 5, default: -1n, ignorable: true }),
    ungroupedPartitionStates: field(array(partitionState), { until: 4 }),
    topicStates: field(array(topicState), { since: 5 }),
    liveBrokers: array(liveBroker),
  }),
  response: struct({ errorCode: int16 }),
});
