/** What a log manager is opened with. */

import type { TopicPartition } from '../model/topic-partition.ts';
import type { Clock } from '../platform/clock.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Timers } from '../platform/timers.ts';
import type { Workers } from '../platform/workers.ts';
import type { CompactionSettings } from './compaction/log-cleaner.ts';
import type { LogConfig } from './log-config.ts';
import type { LoadProgress } from './recovery/load-progress.ts';

export interface LogManagerOptions {
  readonly logDirs: readonly string[];
  readonly brokerId: number;
  readonly clusterId: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly workers: Workers;
  /** Effective configuration of a topic now. */
  readonly configOf: (topic: string) => LogConfig;
  /** Logs that are loaded, or closed, at the same time. */
  readonly loadParallelism: number;
  /** Calls for files of one log.dir that may be in the thread pool at the same time. */
  readonly diskOperationsMax: number;
  readonly openFilesMax: number;
  /** Memory for indexes of sealed segments. */
  readonly indexCacheBytes: number;
  readonly retentionCheckIntervalMs: number;
  readonly flushCheckIntervalMs: number;
  readonly recoveryPointCheckpointIntervalMs: number;
  readonly highWatermarkCheckpointIntervalMs: number;
  readonly producerIdExpirationMs: number;
  readonly producerIdExpirationCheckIntervalMs: number;
  /** Now; default: nothing is compacted. */
  readonly compaction?: () => CompactionSettings;
  /** Told of every segment that retention deleted. */
  readonly onSegmentsDeleted: (count: number) => void;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends the start, and with it recoveries that are under way. */
  readonly signal?: AbortSignal;
}

/** A log.dir went offline, and these partitions with it. */
export interface LogDirFailure {
  readonly folder: string;
  readonly partitions: readonly TopicPartition[];
}
