/**
 * What a start finds in a partition's folder and does not need: what deletions and compactions had
 * begun goes, and so do indexes without their segment. Files that are nobody's stay, and are named.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import { EPOCH_CHECKPOINT_FILE } from '../checkpoint/epoch-checkpoint.ts';
import { PARTITION_METADATA_FILE } from '../checkpoint/partition-metadata.ts';
import { finishSwaps } from '../compaction/finish-swaps.ts';
import { FileSuffix, offsetOfFileName, SEGMENT_SUFFIXES } from '../files/file-names.ts';

const INDEX_SUFFIXES = [
  FileSuffix.offsetIndex,
  FileSuffix.timeIndex,
  FileSuffix.transactionIndex,
] as const;

/** What a change of the set of segments gives to the names of their files meanwhile. */
const CHANGE_SUFFIXES = [FileSuffix.deleted, FileSuffix.cleaned, FileSuffix.swap] as const;

/** Replaced by way of a neighbour `.tmp`. */
const SMALL_FILES = [EPOCH_CHECKPOINT_FILE, PARTITION_METADATA_FILE];

interface PartitionFolder {
  readonly folder: string;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
}

/** Makes the folder if there is none. */
export async function clearFolder({ folder, fileSystem, logger }: PartitionFolder): Promise<void> {
  await fileSystem.makeFolder(folder);
  const found = await fileSystem.list(folder);
  const names = await finishSwaps({ folder, names: found, fileSystem, logger });
  const logs = new Set(names.filter((name) => name.endsWith(FileSuffix.log)));
  for (const name of names) {
    if (!isLeftOver(name, logs)) continue;
    logger.info({ path: `${folder}/${name}` }, 'a file that was left over is removed');
    await fileSystem.remove(`${folder}/${name}`);
  }
  const foreign = names.filter((name) => !isOfLog(name));
  if (foreign.length > 0) {
    logger.warn({ folder, files: foreign }, 'files that are not of the log are left alone');
  }
}

function isLeftOver(name: string, logs: ReadonlySet<string>): boolean {
  if (changingName(name, FileSuffix.deleted) || changingName(name, FileSuffix.cleaned)) return true;
  return INDEX_SUFFIXES.some(
    (suffix) =>
      offsetOfFileName(name, suffix) !== null &&
      !logs.has(name.slice(0, -suffix.length) + FileSuffix.log),
  );
}

/** Whether a file of that name in the folder of a partition is one of its log. */
export function isOfLog(name: string): boolean {
  return (
    isSegmentName(name) ||
    CHANGE_SUFFIXES.some((change) => changingName(name, change)) ||
    SMALL_FILES.some((file) => name === file || name === `${file}.tmp`)
  );
}

function changingName(name: string, change: string): boolean {
  return name.endsWith(change) && isSegmentName(name.slice(0, -change.length));
}

function isSegmentName(name: string): boolean {
  return SEGMENT_SUFFIXES.some((suffix) => offsetOfFileName(name, suffix) !== null);
}
