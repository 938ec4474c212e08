/**
 * Opens the folder of a partition: clears what half-done deletions left, finds the segments, and
 * either trusts them (clean stop) or has them recovered.
 */

import { FileSuffix, offsetOfFileName } from './files/file-names.ts';
import type { LogConfig } from './log-config.ts';
import type { LogEnvironment } from './log-environment.ts';
import { readTopicId } from './checkpoint/partition-metadata.ts';
import { loadProducers, recoverFrom } from './recovery.ts';
import { SegmentList } from './segment/segment-list.ts';
import type { SegmentOptions } from './segment/segment.ts';
import { Segment } from './segment/segment.ts';
import { LeaderEpochs } from './state/leader-epochs.ts';
import { ProducerState } from './state/producer-state.ts';
import { SnapshotFiles } from './state/snapshot-files.ts';

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
}

const INDEX_SUFFIXES = [
  FileSuffix.offsetIndex,
  FileSuffix.timeIndex,
  FileSuffix.transactionIndex,
] as const;

/**
 * `config` answers with the log's configuration at any later time. Rejects where the folder cannot be
 * used, having changed nothing in its data: old message formats, half-done compactions.
 */
export async function loadLog(
  options: PartitionLogOptions,
  config: () => LogConfig,
): Promise<LoadedLog> {
  const { folder, environment } = options;
  const names = await clearedNames(options);
  const segments = await findSegments(options, names, config);
  const { epochs, isDamaged } = await LeaderEpochs.load(environment.fileSystem, folder);
  const log = {
    folder,
    environment,
    segments,
    epochs,
    producers: new ProducerState({
      endOffset: 0,
      expirationMs: environment.producerIdExpirationMs,
    }),
    snapshots: new SnapshotFiles({ ...environment, folder, names }),
    topicId: await readTopicId(environment.fileSystem, folder),
  };
  await log.snapshots.removeStray(new Set(segments.all.map(({ baseOffset }) => baseOffset)));
  // The epochs can only be found again by reading every batch.
  const recoveryPoint = isDamaged ? 0 : options.recoveryPoint;
  const isClean = options.isClean && !isDamaged;
  const mayHaveGaps = options.config.compacts;
  const endOffset = await openTail(log, { isClean, recoveryPoint, mayHaveGaps });
  const logStartOffset = Math.max(options.logStartOffset, segments.first.baseOffset);
  if (endOffset < logStartOffset) return startAnew(log, logStartOffset, config);
  epochs.truncateFromEnd(endOffset);
  epochs.truncateFromStart(logStartOffset);
  return {
    ...log,
    logStartOffset,
    endOffset,
    recoveryPoint: isClean ? endOffset : Math.min(recoveryPoint, endOffset),
  };
}

type OpenedLog = Omit<LoadedLog, 'logStartOffset' | 'endOffset' | 'recoveryPoint'>;

/** Recovers if need be and makes the last segment the active one. Returns the end of the log. */
async function openTail(
  log: OpenedLog,
  state: {
    readonly isClean: boolean;
    readonly recoveryPoint: number;
    readonly mayHaveGaps: boolean;
  },
): Promise<number> {
  const { segments, environment, folder } = log;
  if (!state.isClean) await recoverFrom(log, state);
  let opened = await segments.active.activate();
  if ('problem' in opened) {
    environment.logger.warn({ folder, ...opened }, 'a log that was stopped cleanly is damaged');
    await recoverFrom(log, { ...state, recoveryPoint: segments.active.baseOffset });
    opened = await segments.active.activate();
  }
  if ('problem' in opened) throw new Error(`${folder}: ${opened.problem} after recovery`);
  await loadProducers(log, opened.endOffset);
  return opened.endOffset;
}

/** Removes what deletions and compactions had begun, and indexes without their segment. */
async function clearedNames(options: PartitionLogOptions): Promise<readonly string[]> {
  const { folder } = options;
  const { fileSystem, logger } = options.environment;
  await fileSystem.makeFolder(folder);
  const names = await fileSystem.list(folder);
  const swap = names.find((name) => name.endsWith(FileSuffix.swap));
  if (swap !== undefined) {
    throw new Error(
      `${folder}/${swap}: a compaction of Apache Kafka was under way when it stopped. ` +
        'Start Apache Kafka once on this folder and stop it cleanly',
    );
  }
  const logs = new Set(names.filter((name) => name.endsWith(FileSuffix.log)));
  const kept: string[] = [];
  for (const name of names) {
    if (!isLeftOver(name, logs)) {
      kept.push(name);
      continue;
    }
    logger.info({ path: `${folder}/${name}` }, 'a file that was left over is removed');
    await fileSystem.remove(`${folder}/${name}`);
  }
  return kept;
}

function isLeftOver(name: string, logs: ReadonlySet<string>): boolean {
  if (name.endsWith(FileSuffix.deleted) || name.endsWith(FileSuffix.cleaned)) return true;
  return INDEX_SUFFIXES.some(
    (suffix) =>
      offsetOfFileName(name, suffix) !== null &&
      !logs.has(name.slice(0, -suffix.length) + FileSuffix.log),
  );
}

async function findSegments(
  options: PartitionLogOptions,
  names: readonly string[],
  config: () => LogConfig,
): Promise<SegmentList> {
  const { folder, environment } = options;
  const segments = new SegmentList();
  for (const name of names) {
    const baseOffset = offsetOfFileName(name, FileSuffix.log);
    if (baseOffset === null) continue;
    const file = await environment.fileSystem.stat(`${folder}/${name}`);
    if (file === null) continue;
    segments.push(Segment.existing({ folder, baseOffset, environment, config }, file));
  }
  if (segments.count > 0) return segments;
  const baseOffset = options.logStartOffset;
  segments.push(await newSegment({ folder, baseOffset, environment, config }));
  return segments;
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
  log: OpenedLog,
  offset: number,
  config: () => LogConfig,
): Promise<LoadedLog> {
  const { folder, environment, segments, producers, epochs } = log;
  environment.logger.warn({ folder, offset }, 'the log ended before its start: it starts anew');
  await dropSegments(segments.removeFirst(segments.count));
  segments.push(await newSegment({ folder, baseOffset: offset, environment, config }));
  producers.restore([], { endOffset: offset, nowMs: environment.clock.nowMs() });
  epochs.clear();
  return { ...log, logStartOffset: offset, endOffset: offset, recoveryPoint: offset };
}

export async function dropSegments(segments: readonly Segment[]): Promise<void> {
  for (const segment of segments) {
    await segment.markDeleted();
    await segment.file.removeDeleted();
  }
}
