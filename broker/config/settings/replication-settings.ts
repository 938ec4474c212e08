/** Topics, replication, the controller, and leaving the cluster. */

import type { SettingReader } from '../setting-reader.ts';

export interface ReplicationSettings {
  readonly autoCreateTopicsEnable: boolean;
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly deleteTopicEnable: boolean;
  readonly replicaHighWatermarkCheckpointIntervalMs: number;
  readonly controllerSocketTimeoutMs: number;
}

export function replicationSettings(read: SettingReader): ReplicationSettings {
  return {
    autoCreateTopicsEnable: read.boolean('auto.create.topics.enable'),
    numPartitions: read.number('num.partitions'),
    defaultReplicationFactor: read.number('default.replication.factor'),
    deleteTopicEnable: read.boolean('delete.topic.enable'),
    replicaHighWatermarkCheckpointIntervalMs: read.number(
      'replica.high.watermark.checkpoint.interval.ms',
    ),
    controllerSocketTimeoutMs: read.number('controller.socket.timeout.ms'),
  };
}
