/**
 * A log.dir in use: the partitions found in it, what its checkpoints said at start, and which
 * partitions could not be opened. Owner: the log manager.
 *
 * Invariant: entries of partitions that could not be opened stay in the checkpoints as they were.
 */

import type { TopicPartition } from '../model/topic-partition.ts';
import { fileErrorCode } from '../platform/file-system.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type { Logger } from '../platform/logger.ts';
import type { OffsetCheckpoint, PartitionOffset } from './checkpoint/offset-checkpoint.ts';
import { LogDirectory } from './log-directory.ts';
import { isDeletedFolder, isFutureFolder, partitionOfFolder } from './log-folders.ts';
import type { PartitionLog } from './partition-log.ts';

interface LogVolumeOptions {
  readonly logDirs: readonly string[];
  readonly brokerId: number;
  readonly clusterId: string;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
}

/** What may be in an offline log.dir is not known. */
interface OpenedVolumes {
  readonly volumes: readonly LogVolume[];
  readonly offlinePaths: readonly string[];
}

type Offsets = ReadonlyMap<string, number>;

interface SavedOffsets {
  readonly recoveryPoints: Offsets;
  readonly logStarts: Offsets;
  readonly highWatermarks: Offsets;
}

export class LogVolume {
  readonly directory: LogDirectory;
  /** Found at start. */
  readonly partitions: readonly TopicPartition[];
  readonly #saved: SavedOffsets;
  readonly #failed = new Map<string, TopicPartition>();
  /** Deleted since the start: what was saved of them says nothing of one made anew. */
  readonly #forgotten = new Set<string>();

  private constructor(
    directory: LogDirectory,
    partitions: readonly TopicPartition[],
    saved: SavedOffsets,
  ) {
    this.directory = directory;
    this.partitions = partitions;
    this.#saved = saved;
  }

  /** A folder whose disk fails is left out, with a log line, as long as another one works. */
  static async openAll(options: LogVolumeOptions): Promise<OpenedVolumes> {
    const volumes: LogVolume[] = [];
    const offlinePaths: string[] = [];
    let failure: unknown = new Error('log.dirs names no folder');
    try {
      for (const path of new Set(options.logDirs)) {
        try {
          volumes.push(await LogVolume.#open(options, path));
        } catch (error) {
          if (fileErrorCode(error) === undefined) throw error;
          failure = error;
          offlinePaths.push(path);
          options.logger.error({ folder: path, err: error }, 'a log.dir cannot be used');
        }
      }
    } catch (error) {
      for (const volume of volumes) await volume.directory.release();
      throw error;
    }
    if (volumes.length === 0) throw failure;
    return { volumes, offlinePaths };
  }

  static async #open(options: LogVolumeOptions, path: string): Promise<LogVolume> {
    const directory = await LogDirectory.openLogDirectory({ ...options, path });
    try {
      const saved = {
        recoveryPoints: await readOffsets(directory.recoveryPoints, options.logger),
        logStarts: await readOffsets(directory.logStarts, options.logger),
        highWatermarks: await readOffsets(directory.highWatermarks, options.logger),
      };
      return new LogVolume(directory, await findPartitions(options, path), saved);
    } catch (error) {
      await directory.release();
      throw error;
    }
  }

  get path(): string {
    return this.directory.path;
  }

  get hasFailures(): boolean {
    return this.#failed.size > 0;
  }

  hasFailed(key: string): boolean {
    return this.#failed.has(key);
  }

  fail(key: string): void {
    const partition = partitionOfFolder(key);
    if (partition !== null) this.#failed.set(key, partition);
  }

  forget(key: string): void {
    this.#forgotten.add(key);
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

  highWatermarkOf(key: string): number {
    return this.#forgotten.has(key) ? 0 : (this.#saved.highWatermarks.get(key) ?? 0);
  }

  /** Recovery points, and log starts where they lie inside a segment. */
  async saveOffsets(logs: readonly PartitionLog[]): Promise<void> {
    const inside = logs.filter((log) => log.logStartOffset > (log.segmentBaseOffsets[0] ?? 0));
    await this.directory.recoveryPoints.write([
      ...logs.map((log) => entryOf(log, log.recoveryPoint)),
      ...this.#failedEntries(this.#saved.recoveryPoints),
    ]);
    await this.directory.logStarts.write([
      ...inside.map((log) => entryOf(log, log.logStartOffset)),
      ...this.#failedEntries(this.#saved.logStarts),
    ]);
  }

  async saveHighWatermarks(
    logs: readonly PartitionLog[],
    highWatermarkOf: (log: PartitionLog) => number,
  ): Promise<void> {
    await this.directory.highWatermarks.write([
      ...logs.map((log) => entryOf(log, highWatermarkOf(log))),
      ...this.#failedEntries(this.#saved.highWatermarks),
    ]);
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

/** Folders that are not ours stay, and are named; those of deleted topics go. */
async function findPartitions(
  { fileSystem, logger }: LogVolumeOptions,
  path: string,
): Promise<readonly TopicPartition[]> {
  const partitions: TopicPartition[] = [];
  for (const name of await fileSystem.list(path)) {
    const folder = `${path}/${name}`;
    if (isDeletedFolder(name)) {
      await fileSystem.removeFolder(folder);
      continue;
    }
    const partition = partitionOfFolder(name);
    if ((await fileSystem.stat(folder))?.isFolder !== true) continue;
    if (partition !== null) partitions.push(partition);
    else if (isFutureFolder(name))
      logger.warn({ folder }, 'a move between log.dirs is not resumed');
    else logger.warn({ folder }, 'a folder that is no partition is left alone');
  }
  return partitions;
}
