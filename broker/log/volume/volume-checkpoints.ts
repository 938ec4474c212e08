/**
 * The checkpoints of a log.dir: what they said of its partitions at the start, and what is written of
 * its logs since. Owner: the log.dir.
 *
 * Invariant: entries of partitions that could not be opened stay as they were.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import { SharedRun } from '../../platform/shared-run.ts';
import type { OffsetCheckpoint, PartitionOffset } from '../checkpoint/offset-checkpoint.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { LogDirectory } from './log-directory.ts';

type Offsets = ReadonlyMap<string, number>;

export interface SavedOffsets {
  readonly recoveryPoints: Offsets;
  readonly logStarts: Offsets;
  readonly highWatermarks: Offsets;
  readonly cleaned: Offsets;
}

/** As they are at any time, by the names of their folders. */
interface LogsOfVolume {
  readonly logs: ReadonlyMap<string, PartitionLog>;
  readonly failed: ReadonlyMap<string, TopicPartition>;
}

export class VolumeCheckpoints {
  readonly #directory: LogDirectory;
  readonly #saved: SavedOffsets;
  readonly #of: LogsOfVolume;
  /** Deleted since the start: what was saved of them says nothing of one made anew. */
  readonly #forgotten = new Set<string>();
  readonly #logStartSaves = new SharedRun(() => this.#writeLogStarts());
  #saves: SharedRun | null = null;

  constructor(
    found: { readonly directory: LogDirectory; readonly saved: SavedOffsets },
    logs: LogsOfVolume,
  ) {
    this.#directory = found.directory;
    this.#saved = found.saved;
    this.#of = logs;
  }

  /** What was saved of the partition is of one that has been deleted. */
  forget(key: string): void {
    this.#forgotten.add(key);
  }

  hasForgotten(key: string): boolean {
    return this.#forgotten.has(key);
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
      isClean: this.#directory.wasClean,
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
    const logs = [...this.#of.logs.values()];
    await this.#directory.recoveryPoints.write([
      ...logs.map((log) => entryOf(log, log.recoveryPoint)),
      ...this.#failedEntries(this.#saved.recoveryPoints),
    ]);
    await this.saveLogStarts();
    await this.saveCleaned();
  }

  /** Log starts as they are when it is written. */
  saveLogStarts(): Promise<void> {
    return this.#logStartSaves.run();
  }

  /** Every checkpoint, with offsets as they are when it is written. */
  saveAll(highWatermarkOf: (log: PartitionLog) => number): Promise<void> {
    this.#saves ??= new SharedRun(async () => {
      await this.saveHighWatermarks(highWatermarkOf);
      await this.saveOffsets();
    });
    return this.#saves.run();
  }

  /** Of partitions that were ever compacted. */
  saveCleaned(): Promise<void> {
    const entries = [...this.#of.logs.values()].flatMap((log) => {
      const { cleanedOffset } = log.compaction;
      return cleanedOffset === null ? [] : [entryOf(log, cleanedOffset)];
    });
    const { cleanedOffsets } = this.#directory;
    return cleanedOffsets.write([...entries, ...this.#failedEntries(this.#saved.cleaned)]);
  }

  async saveHighWatermarks(highWatermarkOf: (log: PartitionLog) => number): Promise<void> {
    await this.#directory.highWatermarks.write([
      ...[...this.#of.logs.values()].map((log) => entryOf(log, highWatermarkOf(log))),
      ...this.#failedEntries(this.#saved.highWatermarks),
    ]);
  }

  #writeLogStarts(): Promise<void> {
    const inside = [...this.#of.logs.values()].filter(
      (log) => log.logStartOffset > (log.segmentBaseOffsets[0] ?? 0),
    );
    return this.#directory.logStarts.write([
      ...inside.map((log) => entryOf(log, log.logStartOffset)),
      ...this.#failedEntries(this.#saved.logStarts),
    ]);
  }

  #failedEntries(offsets: Offsets): readonly PartitionOffset[] {
    return [...this.#of.failed].flatMap(([key, partition]) => {
      const offset = offsets.get(key);
      return offset === undefined ? [] : [{ ...partition, offset }];
    });
  }
}

/** Rejects with the file system's errors. */
export async function readSavedOffsets(
  directory: LogDirectory,
  logger: Logger,
): Promise<SavedOffsets> {
  return {
    recoveryPoints: await readOffsets(directory.recoveryPoints, logger),
    logStarts: await readOffsets(directory.logStarts, logger),
    highWatermarks: await readOffsets(directory.highWatermarks, logger),
    cleaned: await readOffsets(directory.cleanedOffsets, logger),
  };
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
