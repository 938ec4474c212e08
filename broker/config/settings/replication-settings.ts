/** Topics, replication, the controller, and leaving the cluster. */

import type { SettingReader } from '../setting-reader.ts';

export interface ReplicationSettings {
  readonly autoCreateTopicsEnable: boolean;
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly deleteTopicEnable: boolean;
  readonly autoLeaderRebalanceEnable: boolean;
  readonly leaderImbalanceCheckIntervalSeconds: number;
  readonly leaderImbalancePerBrokerPercentage: number;
  readonly numReplicaFetchers: number;
  readonly replicaFetchMinBytes: number;
  readonly replicaFetchMaxBytes: number;
  readonly replicaFetchResponseMaxBytes: number;
  readonly replicaFetchWaitMaxMs: number;
  readonly replicaFetchBackoffMs: number;
  readonly replicaLagTimeMaxMs: number;
  readonly replicaSocketTimeoutMs: number;
  readonly replicaSocketReceiveBufferBytes: number;
  readonly replicaHighWatermarkCheckpointIntervalMs: number;
  readonly controllerSocketTimeoutMs: number;
  readonly controlledShutdownEnable: boolean;
  readonly controlledShutdownMaxRetries: number;
  readonly controlledShutdownRetryBackoffMs: number;
}

export function replicationSettings(read: SettingReader): ReplicationSettings {
  return {
    autoCreateTopicsEnable: read.boolean('auto.create.topics.enable'),
    numPartitions: read.number('num.partitions'),
    defaultReplicationFactor: read.number('default.replication.factor'),
    deleteTopicEnable: read.boolean('delete.topic.enable'),
    autoLeaderRebalanceEnable: read.boolean('auto.leader.rebalance.enable'),
    leaderImbalanceCheckIntervalSeconds: read.number('leader.imbalance.check.interval.seconds'),
    leaderImbalancePerBrokerPercentage: read.number('leader.imbalance.per.broker.percentage'),
    numReplicaFetchers: read.number('num.replica.fetchers'),
    replicaFetchMinBytes: read.number('replica.fetch.min.bytes'),
    replicaFetchMaxBytes: read.number('replica.fetch.max.bytes'),
    replicaFetchResponseMaxBytes: read.number('replica.fetch.response.max.bytes'),
    replicaFetchWaitMaxMs: read.number('replica.fetch.wait.max.ms'),
    replicaFetchBackoffMs: read.number('replica.fetch.backoff.ms'),
    replicaLagTimeMaxMs: read.number('replica.lag.time.max.ms'),
    replicaSocketTimeoutMs: read.number('replica.socket.timeout.ms'),
    replicaSocketReceiveBufferBytes: read.number('replica.socket.receive.buffer.bytes'),
    replicaHighWatermarkCheckpointIntervalMs: read.number(
      'replica.high.watermark.checkpoint.interval.ms',
    ),
    controllerSocketTimeoutMs: read.number('controller.socket.timeout.ms'),
    controlledShutdownEnable: read.boolean('controlled.shutdown.enable'),
    controlledShutdownMaxRetries: read.number('controlled.shutdown.max.retries'),
    controlledShutdownRetryBackoffMs: read.number('controlled.shutdown.retry.backoff.ms'),
  };
}
