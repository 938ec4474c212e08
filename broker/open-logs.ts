/** The logs of a broker, with what its configuration says of them. */

import type { BrokerConfig } from './config/broker-config.ts';
import type { ConfigStore } from './config-store/config-store.ts';
import { LogManager } from './log/log-manager.ts';
import type { LoadProgress } from './log/recovery/load-progress.ts';
import type { BrokerMetrics } from './metrics/metrics.ts';
import type { Platform } from './platform/platform.ts';
import { threadsPerDisk } from './platform/thread-pool.ts';

const OPEN_FILES_MAX = 4000;
const INDEX_CACHE_BYTES = 32 * 1024 * 1024;
const LOADS_PER_LOG_DIR = 8;

interface OpenLogsOptions {
  readonly brokerId: number;
  readonly clusterId: string;
  readonly config: BrokerConfig;
  readonly configs: ConfigStore;
  readonly platform: Platform;
  readonly metrics: BrokerMetrics;
  readonly onProgress: (progress: LoadProgress) => void;
  /** Ends the loading, which recovery can make long. */
  readonly signal: AbortSignal;
}

/** Loads, and recovers, what is in log.dirs. Rejects as LogManager.openLogManager() does. */
export function openLogs(options: OpenLogsOptions): Promise<LogManager> {
  const { brokerId, clusterId, config, configs, platform, metrics, onProgress, signal } = options;
  const { fileSystem, clock, timers, random, logger, workers } = platform;
  return LogManager.openLogManager({
    brokerId,
    clusterId,
    logDirs: config.logDirs,
    fileSystem,
    clock,
    timers,
    random,
    logger: logger.child({ component: 'log' }),
    workers,
    configOf: (topic) => configs.topicConfig(topic),
    loadParallelism: LOADS_PER_LOG_DIR * config.logDirs.length,
    diskOperationsMax: threadsPerDisk(config.logDirs.length),
    openFilesMax: OPEN_FILES_MAX,
    indexCacheBytes: INDEX_CACHE_BYTES,
    retentionCheckIntervalMs: config.logRetentionCheckIntervalMs,
    flushCheckIntervalMs: config.logFlushSchedulerIntervalMs,
    recoveryPointCheckpointIntervalMs: config.logFlushOffsetCheckpointIntervalMs,
    highWatermarkCheckpointIntervalMs: config.replicaHighWatermarkCheckpointIntervalMs,
    producerIdExpirationMs: config.producerIdExpirationMs,
    producerIdExpirationCheckIntervalMs: config.producerIdExpirationCheckIntervalMs,
    compaction: () => configs.broker.logCleaner,
    onSegmentsDeleted: (count) => {
      metrics.counter('odradek_segments_deleted_total').value += count;
    },
    onProgress,
    signal,
  });
}
