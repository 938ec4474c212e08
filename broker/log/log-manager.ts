/** SIGNATURES FIRST: the body follows. */

import type { Clock } from '../platform/clock.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Timers } from '../platform/timers.ts';
import type { LogConfig } from './log-config.ts';
import type { PartitionLog } from './partition-log.ts';

export interface LoadProgress {
  readonly loadedCount: number;
  readonly totalCount: number;
}

export interface LogManagerOptions {
  readonly logDirs: readonly string[];
  readonly brokerId: number;
  readonly clusterId: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Effective configuration of a topic now. */
  readonly configOf: (topic: string) => LogConfig;
  /** Logs loaded at the same time (num.recovery.threads.per.data.dir times log.dirs). */
  readonly loadParallelism: number;
  readonly openFilesMax: number;
  readonly retentionCheckIntervalMs: number;
  readonly flushCheckIntervalMs: number;
  readonly recoveryPointCheckpointIntervalMs: number;
  readonly highWatermarkCheckpointIntervalMs: number;
  readonly producerIdExpirationMs: number;
  readonly onProgress?: (progress: LoadProgress) => void;
}

export declare class LogManager {
  /** Locks the folders, checks meta.properties, loads (and recovers) every partition. */
  static openLogManager(options: LogManagerOptions): Promise<LogManager>;
  /** Starts the retention, flush and checkpoint timers. */
  start(): void;
  /** Flush, snapshots, checkpoints, clean-shutdown marker, locks; in this order. */
  stop(): Promise<void>;
  get(topic: string, partition: number): PartitionLog | undefined;
  logs(): IterableIterator<PartitionLog>;
  /** Of the folder with the fewest partitions if there is none yet. Throws KAFKA_STORAGE_ERROR. */
  getOrCreate(options: {
    readonly topic: string;
    readonly partition: number;
    readonly topicId: string | null;
  }): Promise<PartitionLog>;
  /** Renames the folder at once, removes it after file.delete.delay.ms. No error if there is none. */
  deleteLog(topic: string, partition: number): Promise<void>;
  /** The checkpoint's high watermark, clipped to the log's bounds. */
  checkpointedHighWatermark(topic: string, partition: number): number;
  /** Who keeps the high watermarks (replication). Until set, those of the checkpoint count. */
  setHighWatermarks(highWatermarkOf: (log: PartitionLog) => number): void;
  /** Asks configOf again for every log of the topic, or for all. */
  updateConfig(topic?: string): void;
}
