/** Consumer groups, offsets, transactions and producer ids. */

import type { SettingReader } from '../setting-reader.ts';

export interface GroupSettings {
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  readonly groupInitialRebalanceDelayMs: number;
  readonly groupMaxSize: number;
  readonly offsetMetadataMaxBytes: number;
  readonly offsetsRetentionMinutes: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  readonly offsetsCommitTimeoutMs: number;
  readonly offsetsLoadBufferSize: number;
  readonly offsetsTopicNumPartitions: number;
  readonly offsetsTopicSegmentBytes: number;
  readonly offsetsTopicReplicationFactor: number;
  readonly transactionStateLogNumPartitions: number;
  readonly transactionStateLogSegmentBytes: number;
  readonly transactionStateLogReplicationFactor: number;
  readonly producerIdExpirationMs: number;
  readonly producerIdExpirationCheckIntervalMs: number;
}

export function groupSettings(read: SettingReader): GroupSettings {
  return {
    groupMinSessionTimeoutMs: read.number('group.min.session.timeout.ms'),
    groupMaxSessionTimeoutMs: read.number('group.max.session.timeout.ms'),
    groupInitialRebalanceDelayMs: read.number('group.initial.rebalance.delay.ms'),
    groupMaxSize: read.number('group.max.size'),
    offsetMetadataMaxBytes: read.number('offset.metadata.max.bytes'),
    offsetsRetentionMinutes: read.number('offsets.retention.minutes'),
    offsetsRetentionCheckIntervalMs: read.number('offsets.retention.check.interval.ms'),
    offsetsCommitTimeoutMs: read.number('offsets.commit.timeout.ms'),
    offsetsLoadBufferSize: read.number('offsets.load.buffer.size'),
    offsetsTopicNumPartitions: read.number('offsets.topic.num.partitions'),
    offsetsTopicSegmentBytes: read.number('offsets.topic.segment.bytes'),
    offsetsTopicReplicationFactor: read.number('offsets.topic.replication.factor'),
    transactionStateLogNumPartitions: read.number('transaction.state.log.num.partitions'),
    transactionStateLogSegmentBytes: read.number('transaction.state.log.segment.bytes'),
    transactionStateLogReplicationFactor: read.number('transaction.state.log.replication.factor'),
    producerIdExpirationMs: read.number('producer.id.expiration.ms'),
    producerIdExpirationCheckIntervalMs: read.number('producer.id.expiration.check.interval.ms'),
  };
}
