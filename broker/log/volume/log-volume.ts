/**
 * A log.dir in use: the partitions found in it, the logs that are open, what its checkpoints said at
 * start, and which partitions failed. Owner: the log manager.
 *
 * Invariants: entries of partitions that could not be opened stay in the checkpoints as they were; a
 * folder whose disk failed is not written any more, nor marked clean.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import type { FileSystem } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import { SerialQueue } from '../../platform/serial-queue.ts';
import type { Timers } from '../../platform/timers.ts';
import { forEachBounded } from '../bounded.ts';
import type { OffsetCheckpoint, PartitionOffset } from '../checkpoint/offset-checkpoint.ts';
import type { Disk } from '../disk/disk.ts';
import type { Disks } from '../disk/disks.ts';
import { LogDirectory } from './log-directory.ts';
import { findPartitions } from './find-partitions.ts';
import { deletedFolderName, partitionOfFolder } from './log-folders.ts';
import type { PartitionLog } from '../partition-log.ts';

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

type Offsets = ReadonlyMap<string, number>;

interface SavedOffsets {
  readonly recoveryPoints: Offsets;
  readonly logStarts: Offsets;
  readonly highWatermarks: Offsets;
  readonly cleaned: Offsets;
}

export class LogVolume {
  readonly directory: LogDirectory;
  readonly disk: Disk;
  /** Found at start. */
  readonly partitions: readonly TopicPartition[];
  readonly #options: LogVolumeOptions;
  readonly #saved: SavedOffsets;
  readonly #logs = new Map<string, PartitionLog>();
  readonly #failed = new Map<string, TopicPartition>();
  /** Deleted since the start: what was saved of them says nothing of one made anew. */
  readonly #forgotten = new Set<string>();
  readonly #logStartSaves = new SerialQueue();
  #nextLogStartSave: Promise<void> | null = null;

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
    this.#saved = found.saved;
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
      for (const volume of volumes) await volume.directory.release();
      throw error;
    }
    if (volumes.length === 0) throw failure;
    return volumes;
  }

  static async #open(options: LogVolumeOptions, disk: Disk): Promise<LogVolume> {
    const { path } = disk;
    const directory = await LogDirectory.openLogDirectory({ ...options, path });
    try {
      const saved = {
        recoveryPoints: await readOffsets(directory.recoveryPoints, options.logger),
        logStarts: await readOffsets(directory.logStarts, options.logger),
        highWatermarks: await readOffsets(directory.highWatermarks, options.logger),
        cleaned: await readOffsets(directory.cleanedOffsets, options.logger),
      };
      const partitions = await findPartitions(path, options);
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
    this.#logs.set(partitionKey(log.topic, log.partition), log);
  }

  hasFailed(key: string): boolean {
    return this.#failed.has(key);
  }

  fail(key: string): void {
    const partition = partitionOfFolder(key);
    if (partition !== null) this.#failed.set(key, partition);
  }

  /** Since the start, or since it was made anew. */
  hasDeleted(key: string): boolean {
    return this.#forgotten.has(key) && !this.#logs.has(key);
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
    this.#forgotten.add(key);
    await fileSystem.syncFolder(this.path);
    // A log of the same name must not start where this one did.
    await this.saveLogStarts();
    this.#removeLater(deleted, log?.config.fileDeleteDelayMs ?? 0);
  }

  /** After its disk failed: every partition has failed with it. Returns the logs that were open. */
  takeOffline(): readonly PartitionLog[] {
    const logs = [...this.#logs.values()];
    for (const partition of this.partitions) {
      const key = partitionKey(partition.topic, partition.partition);
      if (!this.#forgotten.has(key)) this.fail(key);
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
    await this.directory.release();
  }

  /** What is known of a partition before it is opened. */
  startOf(key: string): {
    readonly recoveryPoint: number;
    readonly logStartOffset: number;
    readonly isClean: boolean;
  } {
    const saved = this.#forgotten.has(key) ? null : this.#saved;
    return {
      recoveryPoint: saved?.recoveryPoints.get(key) ?? 0,
      logStartOffset: saved?.logStarts.get(key) ?? 0,
      isClean: this.directory.wasClean,
    };
  }

  /** Up to where it was compacted; null: never. */
  cleanedOffsetOf(key: string): number | null {
    return this.#forgotten.has(key) ? null : (this.#saved.cleaned.get(key) ?? null);
  }

  highWatermarkOf(key: string): number {
    return this.#forgotten.has(key) ? 0 : (this.#saved.highWatermarks.get(key) ?? 0);
  }

  /** Recovery points, and log starts where they lie inside a segment. */
  async saveOffsets(): Promise<void> {
    const logs = [...this.#logs.values()];
    await this.directory.recoveryPoints.write([
      ...logs.map((log) => entryOf(log, log.recoveryPoint)),
      ...this.#failedEntries(this.#saved.recoveryPoints),
    ]);
    await this.saveLogStarts();
    await this.saveCleaned();
  }

  /** Log starts as they are when it is written; calls that come during a write share the next one. */
  saveLogStarts(): Promise<void> {
    this.#nextLogStartSave ??= this.#logStartSaves.run(() => {
      this.#nextLogStartSave = null;
      const inside = [...this.#logs.values()].filter(
        (log) => log.logStartOffset > (log.segmentBaseOffsets[0] ?? 0),
      );
      return this.directory.logStarts.write([
        ...inside.map((log) => entryOf(log, log.logStartOffset)),
        ...this.#failedEntries(this.#saved.logStarts),
      ]);
    });
    return this.#nextLogStartSave;
  }

  /** Of partitions that were ever compacted. */
  saveCleaned(): Promise<void> {
    const entries = [...this.#logs.values()].flatMap((log) => {
      const { cleanedOffset } = log.compaction;
      return cleanedOffset === null ? [] : [entryOf(log, cleanedOffset)];
    });
    const { cleanedOffsets } = this.directory;
    return cleanedOffsets.write([...entries, ...this.#failedEntries(this.#saved.cleaned)]);
  }

  async saveHighWatermarks(highWatermarkOf: (log: PartitionLog) => number): Promise<void> {
    await this.directory.highWatermarks.write([
      ...[...this.#logs.values()].map((log) => entryOf(log, highWatermarkOf(log))),
      ...this.#failedEntries(this.#saved.highWatermarks),
    ]);
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

  #removeLater(folder: string, delayMs: number): void {
    const { fileSystem, timers, logger } = this.#options;
    timers.after(delayMs, () => {
      fileSystem.removeFolder(folder).catch((error: unknown) => {
        logger.warn({ folder, err: error }, 'a deleted folder stays behind');
      });
    });
  }

  async #save(highWatermarkOf: (log: PartitionLog) => number): Promise<void> {
    const { logger, loadParallelism } = this.#options;
    let isClean = !this.hasFailures;
    await forEachBounded([...this.#logs.values()], loadParallelism, async (log) => {
      try {
        await log.close();
      } catch (error) {
        isClean = false;
        logger.error({ folder: log.folder, err: error }, 'a log could not be closed');
      }
    });
    try {
      await this.saveHighWatermarks(highWatermarkOf);
      await this.saveOffsets();
      if (isClean) await this.directory.markClean();
    } catch (error) {
      logger.error({ folder: this.path, err: error }, 'checkpoints could not be written');
    }
  }

  #failedEntries(offsets: Offsets): readonly PartitionOffset[] {
    return [...this.#failed].flatMap(([key, partition]) => {
      const offset = offsets.get(key);
      return offset === undefined ? [] : [{ ...partition, offset }];
    });
  }
}

function entryOf({ topic, partition }: PartitionLog, offset: number): PartitionOffset {
  return { topic, partition, offset };
}

/** A damaged checkpoint costs time, not data: everything is verified from its start. */
async function readOffsets(checkpoint: OffsetCheckpoint, logger: Logger): Promise<Offsets> {
  try {
    return await checkpoint.read();
  } catch (error) {
    if (fileErrorCode(error) !== undefined) throw error;
    logger.warn({ err: error }, 'a damaged checkpoint is not believed');
    return new Map();
  }
}
