/**
 * All logs of a broker: finds them in log.dirs at start, makes and deletes them, and leaves them as a
 * clean stop needs it. Owner: the broker; replication asks it for logs.
 *
 * Invariants: a partition has one folder in all of log.dirs; a folder without our lock is not
 * touched; a log that could not be opened stays as it is and answers KAFKA_STORAGE_ERROR, and its
 * folder's log.dir is not marked clean; while a log.dir is offline, a partition that is not new and
 * has no log elsewhere may be in it, and is not made anew. A log.dir whose disk fails goes offline as
 * a whole, until the next start; the others go on, each with its own upkeep.
 */

import { KafkaError } from '../model/kafka-error.ts';
import type { TopicPartition } from '../model/topic-partition.ts';
import { partitionKey } from '../model/topic-partition.ts';
import type { Disk } from './disk/disk.ts';
import { DiskFileSystem } from './disk/disk-file-system.ts';
import { LogCleaner } from './compaction/log-cleaner.ts';
import { Disks } from './disk/disks.ts';
import { DescriptorCache } from './files/descriptor-cache.ts';
import { PreloadedFiles } from './files/preloaded-files.ts';
import { IndexCache } from './index/index-cache.ts';
import type { LogEnvironment } from './log-environment.ts';
import type { LogDirFailure, LogManagerOptions } from './log-manager-options.ts';
import type { PartitionLog } from './partition-log.ts';
import type { LogDirContents } from './volume/log-dir-contents.ts';
import { logDirContents } from './volume/log-dir-contents.ts';
import { LogOpening } from './volume/log-opening.ts';
import { LogUpkeep } from './volume/log-upkeep.ts';
import { LogVolume } from './volume/log-volume.ts';
import { LogVolumes } from './volume/log-volumes.ts';
import { storageError } from './volume/storage-error.ts';
import { volumeForNewLog } from './volume/volume-for-new-log.ts';

export type { LogDirFailure, LogManagerOptions } from './log-manager-options.ts';

export class LogManager {
  readonly #options: LogManagerOptions;
  readonly disks: Disks;
  readonly #environment: LogEnvironment;
  #volumes = new LogVolumes([]);
  readonly #opening: LogOpening;
  readonly #upkeeps = new Map<LogVolume, LogUpkeep>();
  /** Null: nothing is compacted. */
  readonly cleaner: LogCleaner | null;
  readonly #creating = new Map<string, Promise<PartitionLog>>();
  readonly #failureListeners = new Set<(failure: LogDirFailure) => void>();
  #highWatermarkOf: (log: PartitionLog) => number;
  #isStopped = false;

  /**
   * Locks the folders, checks whose they are, loads (and recovers) every partition. Rejects where a
   * folder cannot be used at all; a partition that cannot be opened is logged and answers for itself.
   */
  static async openLogManager(options: LogManagerOptions): Promise<LogManager> {
    const manager = new LogManager(options);
    const shared = { disks: manager.disks, fileSystem: manager.#environment.fileSystem };
    manager.#volumes = new LogVolumes(await LogVolume.openAll({ ...options, ...shared }));
    try {
      await manager.#opening.loadAll(manager.#volumes.all);
      manager.disks.checkAny();
      return manager;
    } catch (error) {
      for (const volume of manager.#volumes.all) {
        manager.#environment.descriptors.forgetFolder(volume.path);
        await volume.release();
      }
      throw error;
    }
  }

  private constructor(options: LogManagerOptions) {
    this.#options = options;
    this.disks = Disks.of({
      ...options,
      operationsMax: options.diskOperationsMax,
      onFailed: (disk) => this.#takeOffline(disk),
    });
    const diskOf = (path: string): Disk | null => this.disks.holding(path);
    const fileSystem = new PreloadedFiles(new DiskFileSystem(options.fileSystem, diskOf));
    this.#environment = {
      ...options,
      fileSystem,
      preloaded: fileSystem,
      diskOf,
      descriptors: new DescriptorCache(fileSystem, options.openFilesMax),
      indexes: new IndexCache(options.indexCacheBytes),
    };
    this.#opening = new LogOpening(options, this.#environment);
    this.#highWatermarkOf = (log) => this.checkpointedHighWatermark(log.topic, log.partition);
    this.cleaner = this.#makeCleaner();
  }

  /** False: records that were acknowledged may be missing, as after a power failure. */
  get isComplete(): boolean {
    return this.#volumes.online.every(({ directory }) => directory.isComplete);
  }

  /** Whoever had to know that the logs were not complete has been told: they count as such anew. */
  async markBoot(): Promise<void> {
    await Promise.all(this.#volumes.online.map(({ directory }) => directory.markBoot()));
  }

  /** Starts the timers of retention, flushes and checkpoints, and takes the reserves on the disks. */
  start(): void {
    for (const volume of this.#volumes.online) {
      void volume.disk.start();
      const upkeep = this.#upkeepOf(volume);
      this.#upkeeps.set(volume, upkeep);
      upkeep.start();
    }
    this.cleaner?.start();
  }

  /** Closes every log, then the checkpoints, the marker, the lock; in this order. Idempotent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.cleaner?.stop();
    await Promise.allSettled(this.#creating.values());
    // Side by side: a disk that hangs keeps no other from its clean stop.
    await Promise.all(
      this.#volumes.all.map(async (volume) => {
        await this.#upkeeps.get(volume)?.stop();
        await volume.close((log) => this.#highWatermarkOf(log));
      }),
    );
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    const key = partitionKey(topic, partition);
    return this.#volumes.owner(key)?.log(key);
  }

  describeLogDirs(): Promise<readonly LogDirContents[]> {
    return logDirContents(this.disks.all, this.#volumes, this.#environment.fileSystem);
  }

  /** Folders of log.dirs that are offline, or have a partition that failed. */
  get failedFolderCount(): number {
    const failed = this.#volumes.online.filter(({ hasFailures }) => hasFailures);
    return failed.length + this.disks.offlinePaths.length;
  }

  /** Is called when a log.dir goes offline, after its logs are no longer here. */
  onLogDirFailed(listener: (failure: LogDirFailure) => void): void {
    this.#failureListeners.add(listener);
  }

  *logs(): IterableIterator<PartitionLog> {
    for (const volume of this.#volumes.all) yield* volume.logs();
  }

  /** Why only another start helps, a sentence each: logs of which nobody knows what is on the disk. */
  brokenLogs(): readonly string[] {
    const { nothingLeft } = this.disks;
    if (nothingLeft !== null) return [nothingLeft];
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
    let log = this.get(topic, partition);
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

  /**
   * The folder gets its new name at once and is removed later. Nothing happens if there is none.
   * Rejects with KafkaError KAFKA_STORAGE_ERROR, also where it may be in a log.dir that is offline.
   */
  async deleteLog(topic: string, partition: number): Promise<void> {
    const key = partitionKey(topic, partition);
    const owner = this.#volumes.owner(key) ?? this.#volumes.failedIn(key);
    try {
      if (owner !== undefined) await owner.deleteLog(key);
      else this.#volumes.checkDeleted(key, this.disks.all);
    } catch (error) {
      if (error instanceof KafkaError) throw error;
      throw storageError(`${key} cannot be deleted`, error);
    }
  }

  /** After DeleteRecords: what was deleted stays so after a crash. */
  async saveLogStart(topic: string, partition: number): Promise<void> {
    await this.#volumes.owner(partitionKey(topic, partition))?.checkpoints.saveLogStarts();
  }

  /**
   * After a truncation: recovery points, log starts and high watermarks of the partition's log.dir. A
   * crash must not bring back offsets from before it.
   */
  async saveOffsets(topic: string, partition: number): Promise<void> {
    const volume = this.#volumes.owner(partitionKey(topic, partition));
    await volume?.checkpoints.saveAll((log) => this.#highWatermarkOf(log));
  }

  /** The checkpoint's high watermark, within the bounds of the log. */
  checkpointedHighWatermark(topic: string, partition: number): number {
    const key = partitionKey(topic, partition);
    const volume = this.#volumes.owner(key);
    const log = volume?.log(key);
    if (volume === undefined || log === undefined) return 0;
    const saved = volume.checkpoints.highWatermarkOf(key);
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

  #makeCleaner(): LogCleaner | null {
    const { compaction: settings } = this.#options;
    if (settings === undefined) return null;
    const ownerOf = ({ topic, partition }: PartitionLog): LogVolume | undefined =>
      this.#volumes.owner(partitionKey(topic, partition));
    return new LogCleaner({
      ...this.#options,
      settings,
      logs: () => this.logs(),
      highWatermarkOf: (log) => this.#highWatermarkOf(log),
      onCleaned: async (log) => ownerOf(log)?.checkpoints.saveCleaned(),
      // The thread does not write by way of the disk.
      onFailed: (log, error) => void ownerOf(log)?.disk.note(error),
    });
  }

  #upkeepOf(volume: LogVolume): LogUpkeep {
    return new LogUpkeep({
      ...this.#options,
      logs: () => volume.logs(),
      highWatermarkOf: (log) => this.#highWatermarkOf(log),
      saveOffsets: () => volume.checkpoints.saveOffsets(),
      saveHighWatermarks: () =>
        volume.checkpoints.saveHighWatermarks((log) => this.#highWatermarkOf(log)),
    });
  }

  async #create(partition: TopicPartition, isNew: boolean): Promise<PartitionLog> {
    const key = partitionKey(partition.topic, partition.partition);
    if (this.#isStopped) throw storageError(`no log for ${key}: the broker is stopping`);
    const failed = this.#volumes.failedIn(key);
    if (failed !== undefined) return this.#openAgain(failed, partition);
    if (!isNew) this.#volumes.checkKnown(key, this.disks.all);
    const volume = volumeForNewLog(this.#volumes.all);
    if (volume === null) throw storageError('no log.dir is online');
    try {
      const log = await this.#opening.open(volume, partition);
      await this.#environment.fileSystem.syncFolder(volume.path);
      return log;
    } catch (error) {
      await volume.discard(key);
      throw storageError(`no log can be made for ${key}`, error);
    }
  }

  /** One that found no room at the start, if there is some now. */
  #openAgain(volume: LogVolume, partition: TopicPartition): Promise<PartitionLog> {
    const key = partitionKey(partition.topic, partition.partition);
    if (!volume.mayOpen(key)) throw storageError(`no log for ${key}: it failed in ${volume.path}`);
    const opening = this.#opening.open(volume, partition);
    return opening.catch((error: unknown) => {
      throw storageError(`the log of ${key} cannot be opened`, error);
    });
  }

  #takeOffline(disk: Disk): void {
    const volume = this.#volumes.on(disk);
    // It is just being opened: it will not be in use.
    if (volume === undefined) return;
    const logs = volume.takeOffline();
    void this.#upkeeps.get(volume)?.stop();
    for (const log of logs) void log.abandon();
    this.#environment.descriptors.forgetFolder(disk.path);
    const partitions = logs.map(({ topic, partition }) => ({ topic, partition }));
    for (const listener of this.#failureListeners) listener({ folder: disk.path, partitions });
  }
}
