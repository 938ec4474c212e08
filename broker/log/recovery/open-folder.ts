/** The segments of a partition's folder and the state beside them, as the files have them. */

import type { LogConfig } from '../log-config.ts';
import type { SegmentEnvironment } from '../log-environment.ts';
import { FileSuffix, offsetFileName, offsetOfFileName } from '../files/file-names.ts';
import { Segment } from '../segment/segment.ts';
import { SegmentList } from '../segment/segment-list.ts';
import { LeaderEpochs } from '../state/leader-epochs.ts';
import { ProducerState } from '../state/producer-state.ts';
import { SnapshotFiles } from '../state/snapshot-files.ts';

export interface FolderOptions {
  readonly folder: string;
  readonly environment: SegmentEnvironment;
  readonly config: () => LogConfig;
  /** What lies before is on the disk, whatever happens to the machine; Infinity: all of it. */
  readonly syncedOffset: number;
}

export interface OpenedFolder {
  readonly folder: string;
  readonly segments: SegmentList;
  /** Of nothing yet. */
  readonly producers: ProducerState;
  readonly snapshots: SnapshotFiles;
  readonly epochs: LeaderEpochs;
  /** The epochs can only be found again by reading every batch. */
  readonly hasDamagedEpochs: boolean;
}

/** There may be no segment. Snapshots that belong to none are removed, except the latest. */
export async function openFolder(options: FolderOptions): Promise<OpenedFolder> {
  const { folder, environment } = options;
  const { fileSystem, producerIdExpirationMs: expirationMs } = environment;
  const names = await fileSystem.list(folder);
  const segments = await findSegments(options, names);
  const { epochs, isDamaged: hasDamagedEpochs } = await LeaderEpochs.load(fileSystem, folder);
  const producers = new ProducerState({ endOffset: 0, expirationMs });
  const snapshots = new SnapshotFiles({ ...environment, folder, names });
  const baseOffsets = new Set(segments.all.map(({ baseOffset }) => baseOffset));
  await snapshots.removeStray(baseOffsets, options.syncedOffset);
  return { folder, segments, producers, snapshots, epochs, hasDamagedEpochs };
}

async function findSegments(
  { folder, environment, config, syncedOffset }: FolderOptions,
  names: readonly string[],
): Promise<SegmentList> {
  const segments = new SegmentList();
  const offsets = names
    .map((name) => offsetOfFileName(name, FileSuffix.log))
    .filter((offset) => offset !== null);
  for (const [index, baseOffset] of offsets.entries()) {
    const endOffset = offsets[index + 1] ?? Infinity;
    const path = `${folder}/${offsetFileName(baseOffset, FileSuffix.log)}`;
    const file = await environment.fileSystem.stat(path);
    if (file === null || file.isFolder) continue;
    const options = { folder, baseOffset, environment, config };
    const isSynced = endOffset <= syncedOffset;
    segments.push(Segment.existing(options, { ...file, isSynced }));
  }
  return segments;
}
