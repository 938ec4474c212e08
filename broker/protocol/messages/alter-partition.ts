/**
 * AlterPartition (56): a leader proposes a new ISR to the controller (KIP-497; named AlterIsr in
 * version 0).
 * Versions: 0 is flexible already · 1 leader recovery state (KIP-704) · 2 topic ids instead of names
 * (KIP-841) · 3 broker epochs of the new ISR (KIP-903).
 * Errors: NOT_CONTROLLER, STALE_BROKER_EPOCH, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID,
 * FENCED_LEADER_EPOCH, INVALID_UPDATE_VERSION, INVALID_REQUEST, INELIGIBLE_REPLICA,
 * NEW_LEADER_ELECTED, OPERATION_NOT_ATTEMPTED, CLUSTER_AUTHORIZATION_FAILED.
 */

import { defineApi } from '../schema/api.ts';
import { struct } from '../schema/struct.ts';
import { array, field, int16, int32, int64, int8, string, uuid } from '../schema/types.ts';

const brokerState = struct({
  brokerId: int32,
  /** -1: not known. */
  brokerEpoch: field(int64, { default: -1n }),
});

const requestPartition = struct({
  partitionIndex: int32,
  leaderEpoch: int32,
  newIsr: field(array(int32), { until: 2 }),
  newIsrWithEpochs: field(array(brokerState), { since: 3 }),
  leaderRecoveryState: field(int8, { since: 1 }),
  /** The version of the state that the proposal is based on. */
  partitionEpoch: int32,
});

const requestTopic = struct({
  topicName: field(string, { until: 1, ignorable: true }),
  topicId: field(uuid, { since: 2, ignorable: true }),
  partitions: array(requestPartition),
});

const responsePartition = struct({
  partitionIndex: int32,
  errorCode: int16,
  leaderId: int32,
  leaderEpoch: int32,
  isr: array(int32),
  leaderRecoveryState: field(int8, { since: 1, ignorable: true }),
  partitionEpoch: int32,
});

const responseTopic = struct({
  topicName: field(string, { until: 1, ignorable: true }),
  topicId: field(uuid, { since: 2, ignorable: true }),
  partitions: array(responsePartition),
});

export const alterPartition = defineApi({
  name: 'AlterPartition',
  key: 56,
  versions: [0, 3],
  flexibleSince: 0,
  request: struct({
    brokerId: int32,
    brokerEpoch: field(int64, { default: -1n }),
    topics: array(requestTopic),
  }),
  response: struct({
    throttleTimeMs: field(int32, { ignorable: true }),
    errorCode: int16,
    topics: array(responseTopic),
  }),
});
