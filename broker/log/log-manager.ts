/**
 * All logs of a broker: finds them in log.dirs at start, makes and deletes them, and leaves them as a
 * clean stop needs it. Owner: the broker; replication asks it for logs.
 *
 * Invariants: a partition has one folder in all of log.dirs; a folder without our lock is not
 * touched; a log that could not be opened stays as it is and answers KAFKA_STORAGE_ERROR, and its
 * folder's log.dir is not marked clean; while a log.dir is offline, a partition that is not new and
 * has no log elsewhere may be in it, and is not made anew.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import { partitionKey } from '../model/topic-partition.ts';
import type { Clock } from '../platform/clock.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Timers } from '../platform/timers.ts';
import { forEachBounded } from './bounded.ts';
import { DescriptorCache } from './files/descriptor-cache.ts';
import { IndexCache } from './index/index-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { LogEnvironment } from './log-environment.ts';
import { deletedFolderName } from './log-folders.ts';
import { LogUpkeep } from './log-upkeep.ts';
import { LogVolume } from './log-volume.ts';
import { PartitionLog } from './partition-log.ts';

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
  /** Logs that are loaded, or closed, at the same time. */
  readonly loadParallelism: number;
  readonly openFilesMax: number;
  /** Memory for indexes of sealed segments. */
  readonly indexCacheBytes: number;
  readonly retentionCheckIntervalMs: number;
  readonly flushCheckIntervalMs: number;
  readonly recoveryPointCheckpointIntervalMs: number;
  readonly highWatermarkCheckpointIntervalMs: number;
  readonly producerIdExpirationMs: number;
  readonly producerIdExpirationCheckIntervalMs: number;
  /** Told of every segment that retention deleted. */
  readonly onSegmentsDeleted: (count: number) => void;
  readonly onProgress?: (progress: LoadProgress) => void;
}

interface OwnedLog {
  readonly log: PartitionLog;
  readonly volume: LogVolume;
}

export class LogManager {
  readonly #options: LogManagerOptions;
  readonly #environment: LogEnvironment;
  readonly #volumes: readonly LogVolume[];
  readonly #offlinePaths: readonly string[];
  readonly #logs = new Map<string, OwnedLog>();
  readonly #creating = new Map<string, Promise<PartitionLog>>();
  readonly #upkeep: LogUpkeep;
  #highWatermarkOf: (log: PartitionLog) => number;
  #isStopped = false;

  /**
   * Locks the folders, checks whose they are, loads (and recovers) every partition. Rejects where a
   * folder cannot be used at all; a partition that cannot be opened is logged and answers for itself.
   */
  static async openLogManager(options: LogManagerOptions): Promise<LogManager> {
    const { volumes, offlinePaths } = await LogVolume.openAll(options);
    const manager = new LogManager(options, { volumes, offlinePaths });
    try {
      await manager.#loadAll();
      return manager;
    } catch (error) {
      for (const volume of volumes) await volume.directory.release();
      throw error;
    }
  }

  private constructor(
    options: LogManagerOptions,
    folders: {
      readonly volumes: readonly LogVolume[];
      readonly offlinePaths: readonly string[];
    },
  ) {
    this.#options = options;
    this.#volumes = folders.volumes;
    this.#offlinePaths = folders.offlinePaths;
    this.#environment = {
      ...options,
      descriptors: new DescriptorCache(options.fileSystem, options.openFilesMax),
      indexes: new IndexCache(options.indexCacheBytes),
    };
    this.#highWatermarkOf = (log) => this.checkpointedHighWatermark(log.topic, log.partition);
    this.#upkeep = new LogUpkeep({
      ...options,
      logs: () => this.logs(),
      highWatermarkOf: (log) => this.#highWatermarkOf(log),
      saveOffsets: () => this.#saveOffsets(),
      saveHighWatermarks: () => this.#saveHighWatermarks(),
    });
  }

  /** Starts the timers of retention, flushes and checkpoints. */
  start(): void {
    this.#upkeep.start();
  }

  /** Closes every log, then the checkpoints, the marker, the lock; in this order. Idempotent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.#upkeep.stop();
    await Promise.allSettled(this.#creating.values());
    for (const volume of this.#volumes) await this.#closeVolume(volume);
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    return this.#logs.get(partitionKey(topic, partition))?.log;
  }

  /** Folders of log.dirs with a partition that failed. */
  get failedFolderCount(): number {
    return this.#volumes.filter((volume) => volume.hasFailures).length;
  }

  *logs(): IterableIterator<PartitionLog> {
    for (const { log } of this.#logs.values()) yield log;
  }

  /** Why only another start helps, a sentence each: logs of which nobody knows what is on the disk. */
  brokenLogs(): readonly string[] {
    return [...this.logs()]
      .filter(({ isBroken }) => isBroken)
      .map(({ folder }) => `the log ${folder} could not be synced and takes no records`);
  }

  /**
   * Makes the log if there is none, in the log.dir with the fewest. `isNew`: the partition has never
   * had one. Rejects with KafkaError: KAFKA_STORAGE_ERROR, INCONSISTENT_TOPIC_ID.
   */
  async getOrCreate(
    options: TopicPartition & { readonly topicId: string | null; readonly isNew: boolean },
  ): Promise<PartitionLog> {
    const { topic, partition, topicId, isNew } = options;
    const key = partitionKey(topic, partition);
    let log = this.#logs.get(key)?.log;
    if (log === undefined) {
      const creating = this.#creating.get(key) ?? this.#create({ topic, partition }, isNew);
      this.#creating.set(key, creating);
      try {
        log = await creating;
      } finally {
        this.#creating.delete(key);
      }
    }
    if (topicId !== null) await log.assignTopicId(topicId);
    return log;
  }

  /** The folder gets its new name at once and is removed later. Nothing happens if there is none. */
  async deleteLog(topic: string, partition: number): Promise<void> {
    const key = partitionKey(topic, partition);
    const owned = this.#logs.get(key);
    if (owned === undefined) return;
    const { log, volume } = owned;
    this.#logs.delete(key);
    volume.forget(key);
    await log.abandon();
    const { fileSystem, random, timers, logger } = this.#options;
    const deleted = `${volume.path}/${deletedFolderName(key, random.uuid())}`;
    await fileSystem.rename(log.folder, deleted);
    await fileSystem.syncFolder(volume.path);
    timers.after(log.config.fileDeleteDelayMs, () => {
      fileSystem.removeFolder(deleted).catch((error: unknown) => {
        logger.warn({ folder: deleted, err: error }, 'a deleted folder stays behind');
      });
    });
  }

  /** The checkpoint's high watermark, within the bounds of the log. */
  checkpointedHighWatermark(topic: string, partition: number): number {
    const key = partitionKey(topic, partition);
    const owned = this.#logs.get(key);
    if (owned === undefined) return 0;
    const { log, volume } = owned;
    const saved = volume.highWatermarkOf(key);
    return Math.max(log.logStartOffset, Math.min(saved, log.writtenEndOffset));
  }

  /** Who keeps the high watermarks. Until then those of the checkpoint hold. */
  setHighWatermarks(highWatermarkOf: (log: PartitionLog) => number): void {
    this.#highWatermarkOf = highWatermarkOf;
  }

  /** Asks configOf again for the logs of a topic, or for all. */
  updateConfig(topic?: string): void {
    for (const log of this.logs()) {
      if (topic === undefined || topic === log.topic) {
        log.updateConfig(this.#options.configOf(log.topic));
      }
    }
  }

  async #loadAll(): Promise<void> {
    const { loadParallelism, onProgress } = this.#options;
    const found = this.#volumes.flatMap((volume) =>
      volume.partitions.map((partition) => ({ volume, partition })),
    );
    checkUnique(found);
    const totalCount = found.length;
    let loadedCount = 0;
    onProgress?.({ loadedCount, totalCount });
    await forEachBounded(found, loadParallelism, async ({ volume, partition }) => {
      await this.#load(volume, partition);
      loadedCount += 1;
      onProgress?.({ loadedCount, totalCount });
    });
  }

  async #load(volume: LogVolume, partition: TopicPartition): Promise<void> {
    try {
      await this.#open(volume, partition);
    } catch (error) {
      volume.fail(partitionKey(partition.topic, partition.partition));
      this.#options.logger.error(
        { ...partition, folder: volume.path, err: error },
        'a partition cannot be opened: it answers KAFKA_STORAGE_ERROR',
      );
    }
  }

  async #create(partition: TopicPartition, isNew: boolean): Promise<PartitionLog> {
    const key = partitionKey(partition.topic, partition.partition);
    const why = this.#whyNot(key, isNew);
    if (why !== null) {
      throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, `no log for ${key}: ${why}`);
    }
    const volume = this.#leastLoadedVolume();
    try {
      const log = await this.#open(volume, partition);
      await this.#options.fileSystem.syncFolder(volume.path);
      return log;
    } catch (error) {
      throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, `no log can be made for ${key}`, {
        cause: error,
      });
    }
  }

  /** Why a log must not be made; null: nothing is against it. */
  #whyNot(key: string, isNew: boolean): string | null {
    if (this.#isStopped) return 'the broker is stopping';
    const failed = this.#volumes.find((volume) => volume.hasFailed(key));
    if (failed !== undefined) return `it failed in ${failed.path}`;
    if (isNew || this.#offlinePaths.length === 0) return null;
    return `it may be in ${this.#offlinePaths.join(', ')}, which cannot be used`;
  }

  async #open(volume: LogVolume, partition: TopicPartition): Promise<PartitionLog> {
    const key = partitionKey(partition.topic, partition.partition);
    const log = await PartitionLog.openPartitionLog({
      ...partition,
      folder: `${volume.path}/${key}`,
      config: this.#options.configOf(partition.topic),
      environment: this.#environment,
      ...volume.startOf(key),
    });
    this.#logs.set(key, { log, volume });
    return log;
  }

  #leastLoadedVolume(): LogVolume {
    const counts = new Map<LogVolume, number>(this.#volumes.map((volume) => [volume, 0]));
    for (const { volume } of this.#logs.values()) {
      counts.set(volume, (counts.get(volume) ?? 0) + 1);
    }
    const [least] = [...counts].sort(([, one], [, other]) => one - other);
    if (least !== undefined) return least[0];
    throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, 'no log.dir is online');
  }

  #logsOf(volume: LogVolume): readonly PartitionLog[] {
    return [...this.#logs.values()]
      .filter((owned) => owned.volume === volume)
      .map(({ log }) => log);
  }

  async #saveOffsets(): Promise<void> {
    for (const volume of this.#volumes) await volume.saveOffsets(this.#logsOf(volume));
  }

  async #saveHighWatermarks(): Promise<void> {
    for (const volume of this.#volumes) {
      await volume.saveHighWatermarks(this.#logsOf(volume), this.#highWatermarkOf);
    }
  }

  async #closeVolume(volume: LogVolume): Promise<void> {
    const { logger, loadParallelism } = this.#options;
    const logs = this.#logsOf(volume);
    let isClean = !volume.hasFailures;
    await forEachBounded(logs, loadParallelism, async (log) => {
      try {
        await log.close();
      } catch (error) {
        isClean = false;
        logger.error({ folder: log.folder, err: error }, 'a log could not be closed');
      }
    });
    try {
      await volume.saveHighWatermarks(logs, this.#highWatermarkOf);
      await volume.saveOffsets(logs);
      if (isClean) await volume.directory.markClean();
    } catch (error) {
      logger.error({ folder: volume.path, err: error }, 'checkpoints could not be written');
    }
    await volume.directory.release();
  }
}

function checkUnique(
  found: readonly { readonly volume: LogVolume; readonly partition: TopicPartition }[],
): void {
  const paths = new Map<string, string>();
  for (const { volume, partition } of found) {
    const key = partitionKey(partition.topic, partition.partition);
    const other = paths.get(key);
    if (other !== undefined) {
      throw new Error(
        `${key} is in two folders, ${other} and ${volume.path}: move one of them out of log.dirs`,
      );
    }
    paths.set(key, volume.path);
  }
}
