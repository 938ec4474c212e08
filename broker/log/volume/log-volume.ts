/**
 * A log.dir in use: the partitions found in it, the logs that are open, and which partitions failed.
 * Owner: the log manager.
 *
 * Invariant: a folder whose disk failed is not written any more, nor marked clean.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import type { FileSystem } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import type { Timers } from '../../platform/timers.ts';
import { forEachBounded } from '../bounded.ts';
import type { Disk } from '../disk/disk.ts';
import type { Disks } from '../disk/disks.ts';
import { LogDirectory } from './log-directory.ts';
import { findPartitions } from './find-partitions.ts';
import { deletedFolderName, partitionOfFolder } from './log-folders.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { SavedOffsets } from './volume-checkpoints.ts';
import { readSavedOffsets, VolumeCheckpoints } from './volume-checkpoints.ts';

/** Fewer are synced one by one: a sync of the device also writes what is none of ours. */
const SHARED_LOGS_MIN = 64;
/** Closed at the same time: each has a file open, and waits for a sync that all of them share. */
const SHARED_LOGS_MAX = 500;

export interface LogVolumeOptions {
  readonly disks: Disks;
  readonly brokerId: number;
  readonly clusterId: string;
  /** By way of the disks. */
  readonly fileSystem: FileSystem;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Logs that are closed at the same time. */
  readonly loadParallelism: number;
}

export class LogVolume {
  readonly directory: LogDirectory;
  readonly disk: Disk;
  /** Found at start. */
  readonly partitions: readonly TopicPartition[];
  readonly #options: LogVolumeOptions;
  /** What was saved of its logs, and is. */
  readonly checkpoints: VolumeCheckpoints;
  readonly #logs = new Map<string, PartitionLog>();
  readonly #failed = new Map<string, TopicPartition>();
  readonly #withoutRoom = new Set<string>();

  private constructor(
    options: LogVolumeOptions,
    found: {
      readonly disk: Disk;
      readonly directory: LogDirectory;
      readonly partitions: readonly TopicPartition[];
      readonly saved: SavedOffsets;
    },
  ) {
    this.#options = options;
    this.disk = found.disk;
    this.directory = found.directory;
    this.partitions = found.partitions;
    this.checkpoints = new VolumeCheckpoints(found, { logs: this.#logs, failed: this.#failed });
  }

  /** A folder whose disk fails is left out, its disk offline, as long as another one works. */
  static async openAll(options: LogVolumeOptions): Promise<readonly LogVolume[]> {
    const volumes: LogVolume[] = [];
    let failure: unknown = new Error('log.dirs names no folder');
    try {
      for (const disk of options.disks.all) {
        try {
          volumes.push(await LogVolume.#open(options, disk));
        } catch (error) {
          if (fileErrorCode(error) === undefined) throw error;
          failure = error;
          disk.fail(error);
        }
      }
    } catch (error) {
      for (const volume of volumes) await volume.release();
      throw error;
    }
    if (volumes.length === 0) throw failure;
    return volumes;
  }

  static async #open(options: LogVolumeOptions, disk: Disk): Promise<LogVolume> {
    const { path } = disk;
    const directory = await LogDirectory.openLogDirectory({ ...options, path });
    try {
      const saved = await readSavedOffsets(directory, options.logger);
      const partitions = await findPartitions(path, options);
      await disk.openSharedSyncs();
      return new LogVolume(options, { disk, directory, partitions, saved });
    } catch (error) {
      await directory.release();
      throw error;
    }
  }

  get path(): string {
    return this.directory.path;
  }

  get isOffline(): boolean {
    return this.disk.failure !== null;
  }

  /** Some partition could not be opened, or the whole disk failed. */
  get hasFailures(): boolean {
    return this.#failed.size > 0 || this.isOffline;
  }

  get logCount(): number {
    return this.#logs.size;
  }

  log(key: string): PartitionLog | undefined {
    return this.#logs.get(key);
  }

  logs(): IterableIterator<PartitionLog> {
    return this.#logs.values();
  }

  add(log: PartitionLog): void {
    const key = partitionKey(log.topic, log.partition);
    this.#failed.delete(key);
    this.#withoutRoom.delete(key);
    this.#logs.set(key, log);
  }

  hasFailed(key: string): boolean {
    return this.#failed.has(key);
  }

  /** It found no room while it was opened, and there is some now. */
  mayOpen(key: string): boolean {
    return this.#withoutRoom.has(key) && !this.disk.isFull && !this.isOffline;
  }

  /** As `fail`, for want of room: nothing is wrong with it. */
  failForWantOfRoom(key: string): void {
    this.#withoutRoom.add(key);
    this.fail(key);
  }

  fail(key: string): void {
    const partition = partitionOfFolder(key);
    if (partition !== null) this.#failed.set(key, partition);
  }

  /** Since the start, or since it was made anew. */
  hasDeleted(key: string): boolean {
    return this.checkpoints.hasForgotten(key) && !this.#logs.has(key);
  }

  /**
   * The partition's folder gets its new name at once and is removed later. Where that fails the
   * partition has failed, and may be deleted again. Rejects with the file system's error.
   */
  async deleteLog(key: string): Promise<void> {
    const log = this.#logs.get(key);
    this.#logs.delete(key);
    this.fail(key);
    await log?.abandon();
    const { fileSystem, random } = this.#options;
    const deleted = `${this.path}/${deletedFolderName(key, random.uuid())}`;
    await fileSystem.rename(`${this.path}/${key}`, deleted);
    this.#failed.delete(key);
    this.checkpoints.forget(key);
    await fileSystem.syncFolder(this.path);
    // A log of the same name must not start where this one did.
    await this.checkpoints.saveLogStarts();
    this.#removeLater(deleted, log?.config.fileDeleteDelayMs ?? 0);
  }

  /** After its disk failed: every partition has failed with it. Returns the logs that were open. */
  takeOffline(): readonly PartitionLog[] {
    const logs = [...this.#logs.values()];
    for (const partition of this.partitions) {
      const key = partitionKey(partition.topic, partition.partition);
      if (!this.checkpoints.hasForgotten(key)) this.fail(key);
    }
    for (const key of this.#logs.keys()) this.fail(key);
    this.#logs.clear();
    return logs;
  }

  /** Logs, then checkpoints, the clean marker, and the lock; in this order. Resolves in any case. */
  async close(highWatermarkOf: (log: PartitionLog) => number): Promise<void> {
    this.disk.stop();
    await this.disk.idle();
    if (!this.isOffline) await this.#save(highWatermarkOf);
    await this.release();
  }

  /** Only what nobody but this process has to know of it. */
  async release(): Promise<void> {
    await this.disk.closeSharedSyncs();
    await this.directory.release();
  }

  /**
   * A new log could not be made: what was begun of it must not be found at the next start, when the
   * partition may be in another log.dir. Where it cannot be removed the partition has failed here.
   */
  async discard(key: string): Promise<void> {
    const log = this.#logs.get(key);
    this.#logs.delete(key);
    try {
      await log?.abandon();
      await this.#options.fileSystem.removeFolder(`${this.path}/${key}`);
    } catch {
      this.fail(key);
    }
  }

  /** Where many have changed, those that are closed at the same time share their syncs. */
  #closeParallelism(logs: readonly PartitionLog[]): number {
    const changedCount = logs.reduce((count, { isAsFound }) => count + (isAsFound ? 0 : 1), 0);
    const isShared = changedCount >= SHARED_LOGS_MIN && this.disk.shareSyncs();
    return isShared ? SHARED_LOGS_MAX : this.#options.loadParallelism;
  }

  #removeLater(folder: string, delayMs: number): void {
    const { fileSystem, timers, logger } = this.#options;
    timers.after(delayMs, () => {
      fileSystem.removeFolder(folder).catch((error: unknown) => {
        logger.warn({ folder, err: error }, 'a deleted folder stays behind');
      });
    });
  }

  async #save(highWatermarkOf: (log: PartitionLog) => number): Promise<void> {
    const { logger } = this.#options;
    let isClean = !this.hasFailures;
    const logs = [...this.#logs.values()];
    await forEachBounded(logs, this.#closeParallelism(logs), async (log) => {
      try {
        await log.close();
      } catch (error) {
        isClean = false;
        logger.error({ folder: log.folder, err: error }, 'a log could not be closed');
      }
    });
    try {
      await this.checkpoints.saveHighWatermarks(highWatermarkOf);
      await this.checkpoints.saveOffsets();
      if (isClean) await this.directory.markClean();
    } catch (error) {
      logger.error({ folder: this.path, err: error }, 'checkpoints could not be written');
    }
  }
}
