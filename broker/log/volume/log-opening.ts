/**
 * Opens logs in log.dirs: those that are found at start, and new ones. A log that cannot be opened is
 * noted as failed in its log.dir; nothing of it is changed.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import { diskTroubleOf } from '../disk/disk-trouble.ts';
import type { LogEnvironment } from '../log-environment.ts';
import type { LogManagerOptions } from '../log-manager-options.ts';
import { PartitionLog } from '../partition-log.ts';
import type { LogToLoad } from '../recovery/load-logs.ts';
import { loadLogs } from '../recovery/load-logs.ts';
import type { LogVolume } from './log-volume.ts';
import { checkUnique } from './unique-partitions.ts';

type OnVerified = (bytes: number) => void;

export class LogOpening {
  readonly #options: LogManagerOptions;
  readonly #environment: LogEnvironment;

  constructor(options: LogManagerOptions, environment: LogEnvironment) {
    this.#options = options;
    this.#environment = environment;
  }

  /** Opens (and recovers) all that was found. Rejects where a partition is in two folders. */
  async loadAll(volumes: readonly LogVolume[]): Promise<void> {
    checkUnique(volumes);
    const logDirs = volumes.map((volume) =>
      volume.partitions.map((partition) => this.#toLoad(volume, partition)),
    );
    // Each log.dir has its share: a slow one does not hold up the others.
    const parallelism = Math.ceil(this.#options.loadParallelism / volumes.length);
    const { fileSystem } = this.#environment;
    await loadLogs(logDirs, { ...this.#options, fileSystem, parallelism });
  }

  /** Opens the log, or makes it. Rejects with the file system's errors. */
  async open(
    volume: LogVolume,
    partition: TopicPartition,
    onVerified?: OnVerified,
  ): Promise<PartitionLog> {
    const { signal, configOf } = this.#options;
    const key = partitionKey(partition.topic, partition.partition);
    const log = await PartitionLog.openPartitionLog({
      ...partition,
      folder: `${volume.path}/${key}`,
      config: configOf(partition.topic),
      environment: this.#environment,
      ...volume.checkpoints.startOf(key),
      ...(signal === undefined ? {} : { signal }),
      ...(onVerified === undefined ? {} : { onVerified }),
    });
    log.compaction.cleanedOffset = volume.checkpoints.cleanedOffsetOf(key);
    // The disk may have failed while it was opened.
    volume.disk.checkOnline();
    volume.add(log);
    return log;
  }

  #toLoad(volume: LogVolume, partition: TopicPartition): LogToLoad {
    const key = partitionKey(partition.topic, partition.partition);
    return {
      folder: `${volume.path}/${key}`,
      ...volume.checkpoints.startOf(key),
      load: (onVerified) => this.#load(volume, partition, onVerified),
    };
  }

  async #load(volume: LogVolume, partition: TopicPartition, onVerified: OnVerified): Promise<void> {
    const { logger, signal } = this.#options;
    try {
      await this.#openOrMakeRoom(volume, partition, onVerified);
    } catch (error) {
      signal?.throwIfAborted();
      const key = partitionKey(partition.topic, partition.partition);
      if (diskTroubleOf(error) === 'full') volume.failForWantOfRoom(key);
      else volume.fail(key);
      // It was said once, for all of its partitions.
      if (volume.isOffline) return;
      logger.error(
        { ...partition, folder: volume.path, err: error },
        'a partition cannot be opened: it answers KAFKA_STORAGE_ERROR',
      );
    }
  }

  /** What fails may have happened in a worker thread, past the disk and its reserve. */
  async #openOrMakeRoom(
    volume: LogVolume,
    partition: TopicPartition,
    onVerified: OnVerified,
  ): Promise<void> {
    try {
      await this.open(volume, partition, onVerified);
    } catch (error) {
      if (volume.disk.note(error) !== 'full') throw error;
      await volume.disk.makeRoom();
      await this.open(volume, partition, onVerified);
    }
  }
}
