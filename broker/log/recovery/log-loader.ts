/**
 * Opens the folder of a partition: clears what half-done deletions left, has it recovered if it was
 * not left by a clean stop, and then finds everything in it as a clean stop leaves it.
 */

import { readTopicId } from '../checkpoint/partition-metadata.ts';
import type { LogConfig } from '../log-config.ts';
import type { LogEnvironment } from '../log-environment.ts';
import { contextOf } from '../log-environment.ts';
import type { SegmentList } from '../segment/segment-list.ts';
import type { SegmentOptions } from '../segment/segment.ts';
import { Segment } from '../segment/segment.ts';
import type { LeaderEpochs } from '../state/leader-epochs.ts';
import type { ProducerState } from '../state/producer-state.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import { clearFolder } from './clear-folder.ts';
import { openFolder } from './open-folder.ts';
import { loadProducers } from './recover-log.ts';
import { recoverPartition } from './recover-partition.ts';
import { bytesToVerify } from './recovery-cost.ts';

/** What is verified in this thread: less than starting one costs, and below what anybody notices. */
export const INLINE_BYTES_MAX = 1 << 20;

export interface PartitionLogOptions {
  readonly topic: string;
  readonly partition: number;
  /** Made if it does not exist. */
  readonly folder: string;
  readonly config: LogConfig;
  readonly environment: LogEnvironment;
  /** Of the checkpoints; 0 if they do not know the partition. */
  readonly recoveryPoint: number;
  readonly logStartOffset: number;
  /** The log.dir was stopped cleanly: nothing has to be verified. */
  readonly isClean: boolean;
  /** Ends a recovery, which the next start begins anew. */
  readonly signal?: AbortSignal;
  /** Told how many bytes recovery has verified so far. */
  readonly onVerified?: (bytes: number) => void;
}

export interface LoadedLog {
  readonly folder: string;
  readonly environment: LogEnvironment;
  readonly segments: SegmentList;
  readonly producers: ProducerState;
  readonly snapshots: SnapshotFiles;
  readonly epochs: LeaderEpochs;
  readonly topicId: string | null;
  readonly logStartOffset: number;
  readonly endOffset: number;
  readonly recoveryPoint: number;
  /** Every file is as a clean stop leaves it, on the disk. */
  readonly isSettled: boolean;
}

/**
 * `config` answers with the log's configuration at any later time. Rejects where the folder cannot be
 * used, and with the signal's reason.
 */
export async function loadLog(
  options: PartitionLogOptions,
  config: () => LogConfig,
): Promise<LoadedLog> {
  const { folder, environment } = options;
  const { preloaded, descriptors } = environment;
  try {
    await preloaded.preload(folder);
    return await loadPreloaded(options, config);
  } finally {
    preloaded.drop(folder);
    // Some are no files, but what was read of them; and the others are opened when they are needed.
    descriptors.forgetFolder(folder);
  }
}

async function loadPreloaded(
  options: PartitionLogOptions,
  config: () => LogConfig,
): Promise<LoadedLog> {
  const { folder, environment, recoveryPoint } = options;
  await clearFolder({ ...environment, folder });
  const syncedOffset = options.isClean ? Infinity : recoveryPoint;
  if (!options.isClean) await recover(options, { recoveryPoint, syncedOffset });
  const log = await openLog(options, config, syncedOffset);
  if (!('problem' in log)) return log;
  environment.logger.warn({ folder, ...log }, 'a log that was stopped cleanly is damaged');
  await recover(options, { recoveryPoint: log.recoverFrom, syncedOffset });
  const again = await openLog(options, config, Math.min(syncedOffset, log.recoverFrom));
  if ('problem' in again) throw new Error(`${folder}: ${again.problem} after recovery`);
  return again;
}

/** In a thread of its own, unless it is done at once. */
async function recover(
  options: PartitionLogOptions,
  offsets: { readonly recoveryPoint: number; readonly syncedOffset: number },
): Promise<void> {
  const { folder, config, environment, signal, onVerified: onProgress } = options;
  const { producerIdExpirationMs, fileSystem, preloaded, workers } = environment;
  signal?.throwIfAborted();
  const input = { folder, config, ...offsets, producerIdExpirationMs };
  const bytes = await bytesToVerify(fileSystem, folder, offsets.recoveryPoint);
  if (bytes <= INLINE_BYTES_MAX) {
    const context = contextOf(environment);
    await recoverPartition.run(input, { ...context, report: onProgress ?? context.report });
    await preloaded.preload(folder);
    return;
  }
  preloaded.drop(folder);
  const callbacks = onProgress === undefined ? {} : { onProgress };
  await workers.run(
    recoverPartition,
    input,
    signal === undefined ? callbacks : { ...callbacks, signal },
  );
}

interface Problem {
  readonly problem: string;
  readonly recoverFrom: number;
}

/** Trusts what it finds, and makes the last segment the active one. */
async function openLog(
  options: PartitionLogOptions,
  config: () => LogConfig,
  syncedOffset: number,
): Promise<LoadedLog | Problem> {
  const { folder, environment } = options;
  const opened = await openFolder({ folder, environment, config, syncedOffset });
  const { hasDamagedEpochs, ...parts } = opened;
  if (hasDamagedEpochs) return { problem: 'the leader epochs are damaged', recoverFrom: 0 };
  const { segments, epochs } = parts;
  const topicId = await readTopicId(environment.fileSystem, folder);
  const isFound = segments.count > 0;
  const log = { ...parts, environment, topicId, isSettled: isFound && syncedOffset === Infinity };
  const firstOffset = options.logStartOffset;
  if (!isFound) {
    segments.push(await newSegment({ folder, baseOffset: firstOffset, environment, config }));
  }
  const active = await segments.active.activate();
  if ('problem' in active) return { ...active, recoverFrom: segments.active.baseOffset };
  const { endOffset } = active;
  await loadProducers(log, endOffset);
  const logStartOffset = Math.max(firstOffset, segments.first.baseOffset);
  if (endOffset < logStartOffset) return startAnew(log, logStartOffset, config);
  epochs.fit(logStartOffset, endOffset);
  const recoveryPoint = Math.min(syncedOffset, endOffset);
  return { ...log, logStartOffset, endOffset, recoveryPoint };
}

/** An empty segment whose files are there. */
export async function newSegment(options: SegmentOptions): Promise<Segment> {
  const segment = Segment.create(options);
  await segment.prepareFiles();
  await options.environment.fileSystem.syncFolder(options.folder);
  return segment;
}

/** All records lie before the log start offset: what was deleted by request stays deleted. */
async function startAnew(
  log: Omit<LoadedLog, 'logStartOffset' | 'endOffset' | 'recoveryPoint'>,
  offset: number,
  config: () => LogConfig,
): Promise<LoadedLog> {
  const { folder, environment, segments, snapshots, producers, epochs } = log;
  environment.logger.warn({ folder, offset }, 'the log ended before its start: it starts anew');
  await dropSegments(segments.removeFirst(segments.count));
  await snapshots.removeBehind(-1);
  segments.push(await newSegment({ folder, baseOffset: offset, environment, config }));
  producers.restore([], { endOffset: offset, nowMs: environment.clock.nowMs() });
  epochs.clear();
  const offsets = { logStartOffset: offset, endOffset: offset, recoveryPoint: offset };
  return { ...log, ...offsets, isSettled: false };
}

/** From the last on: where it is interrupted no hole is left, which a compacted log would believe. */
export async function dropSegments(segments: readonly Segment[]): Promise<void> {
  for (const segment of segments.toReversed()) {
    await segment.markDeleted();
    await segment.file.removeDeleted();
  }
}
