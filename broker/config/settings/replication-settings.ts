/** Topics, replication, the controller, and leaving the cluster. */

import type { SettingReader } from '../setting-reader.ts';

export interface ReplicationSettings {
  readonly autoCreateTopicsEnable: boolean;
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly deleteTopicEnable: boolean;
  readonly replicaHighWatermarkCheckpointIntervalMs: number;
  readonly controllerSocketTimeoutMs: number;
  readonly controlledShutdownEnable: boolean;
  readonly controlledShutdownMaxRetries: number;
  readonly controlledShutdownRetryBackoffMs: number;
  readonly autoLeaderRebalanceEnable: boolean;
  readonly leaderImbalanceCheckIntervalSeconds: number;
  readonly leaderImbalancePerBrokerPercentage: number;
  readonly replicationQuotaWindowNum: number;
  readonly replicationQuotaWindowSizeSeconds: number;
  /** Bytes; Infinity: no bound. */
  readonly leaderReplicationThrottledRate: number;
  readonly followerReplicationThrottledRate: number;
  /** Null: consumers read from leaders. */
  readonly replicaSelectorClass: string | null;
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
    controlledShutdownEnable: read.boolean('controlled.shutdown.enable'),
    controlledShutdownMaxRetries: read.number('controlled.shutdown.max.retries'),
    controlledShutdownRetryBackoffMs: read.number('controlled.shutdown.retry.backoff.ms'),
    autoLeaderRebalanceEnable: read.boolean('auto.leader.rebalance.enable'),
    leaderImbalanceCheckIntervalSeconds: read.number('leader.imbalance.check.interval.seconds'),
    leaderImbalancePerBrokerPercentage: read.number('leader.imbalance.per.broker.percentage'),
    replicationQuotaWindowNum: read.number('replication.quota.window.num'),
    replicationQuotaWindowSizeSeconds: read.number('replication.quota.window.size.seconds'),
    leaderReplicationThrottledRate: read.number('leader.replication.throttled.rate'),
    followerReplicationThrottledRate: read.number('follower.replication.throttled.rate'),
    replicaSelectorClass: read.optional('replica.selector.class'),
  };
}
