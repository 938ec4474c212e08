/**
 * Brings to an end what a compaction, or the split of a segment, had begun when a broker stopped: one
 * of ours or of Apache Kafka. Files with `.cleaned` count for nothing. A `.swap` counts once no
 * `.cleaned` of its offset or an earlier one is left, as those are renamed last (KAFKA-6264); then it
 * replaces every segment from its base offset up to where it ends.
 *
 * Invariant: stopped at any point and begun again, it comes to the same end.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import {
  FileSuffix,
  offsetFileName,
  offsetOfFileName,
  SEGMENT_SUFFIXES,
} from '../files/file-names.ts';
import { scanBatches } from '../segment/batch-scanner.ts';

interface PartitionFolder {
  readonly folder: string;
  /** Of all files in it. */
  readonly names: readonly string[];
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
}

const REPLACED_SUFFIXES = [
  FileSuffix.log,
  FileSuffix.offsetIndex,
  FileSuffix.timeIndex,
  FileSuffix.transactionIndex,
];

/** The names of the files that are there afterwards: none with `.cleaned` or `.swap`. */
export async function finishSwaps(partition: PartitionFolder): Promise<readonly string[]> {
  const { folder, names, fileSystem } = partition;
  const cleaned = names.filter((name) => isChanging(name, FileSuffix.cleaned));
  const swaps = names.filter((name) => isChanging(name, FileSuffix.swap));
  if (cleaned.length === 0 && swaps.length === 0) return names;
  const firstCleaned = Math.min(...cleaned.map((name) => offsetOf(name) ?? Infinity));
  const isInvalid = (name: string): boolean => (offsetOf(name) ?? -1) >= firstCleaned;
  // First these, and durably: without the others they would count.
  await removeAll(partition, swaps.filter(isInvalid));
  await removeAll(partition, cleaned);
  for (const name of swaps) {
    if (!isInvalid(name) && name.endsWith(`${FileSuffix.log}${FileSuffix.swap}`)) {
      await replaceBy(partition, name);
    }
  }
  await renameRest(partition);
  return fileSystem.list(folder);
}

/** The segments that the swap stands for go, then its `.log` gets its name. */
async function replaceBy(partition: PartitionFolder, name: string): Promise<void> {
  const { folder, fileSystem, logger } = partition;
  const baseOffset = offsetOf(name) ?? 0;
  const path = `${folder}/${name}`;
  const { endOffset, problem } = await measure(fileSystem, path, baseOffset);
  const names = await fileSystem.list(folder);
  if (problem !== null && names.includes(offsetFileName(baseOffset, FileSuffix.log))) {
    // The first segment that it would replace is still there, so all of them are.
    logger.warn({ path, problem }, 'a half-done compaction is dropped: its result is damaged');
    const swaps = names.filter((other) => isChanging(other, FileSuffix.swap));
    await removeAll(
      partition,
      swaps.filter((other) => offsetOf(other) === baseOffset),
    );
    return;
  }
  await removeAll(
    partition,
    names.filter((other) => isReplaced(other, baseOffset, endOffset)),
  );
  await fileSystem.rename(path, path.slice(0, -FileSuffix.swap.length));
  await fileSystem.syncFolder(folder);
  logger.info({ path, endOffset }, 'a half-done compaction was brought to an end');
}

/** Indexes: those of a segment that is there get their name, others go. */
async function renameRest(partition: PartitionFolder): Promise<void> {
  const { folder, fileSystem } = partition;
  const names = await fileSystem.list(folder);
  for (const name of names.filter((other) => isChanging(other, FileSuffix.swap))) {
    const path = `${folder}/${name}`;
    const offset = offsetOf(name);
    const isWanted = offset !== null && names.includes(offsetFileName(offset, FileSuffix.log));
    if (isWanted) await fileSystem.rename(path, path.slice(0, -FileSuffix.swap.length));
    else await fileSystem.remove(path);
  }
  await fileSystem.syncFolder(folder);
}

function isReplaced(name: string, baseOffset: number, endOffset: number): boolean {
  return REPLACED_SUFFIXES.some((suffix) => {
    const offset = offsetOfFileName(name, suffix);
    return (
      offset !== null && (offset === baseOffset || (offset > baseOffset && offset < endOffset))
    );
  });
}

/** The offset behind the last whole batch, and why the file does not end there. */
async function measure(
  fileSystem: FileSystem,
  path: string,
  baseOffset: number,
): Promise<{ readonly endOffset: number; readonly problem: string | null }> {
  let endOffset = baseOffset;
  const handle = await fileSystem.open(path, 'read');
  try {
    const range = { from: 0, to: await handle.size(), verify: true };
    const { problem } = await scanBatches(handle, range, (header) => {
      endOffset = header.lastOffset + 1;
      return true;
    });
    return { endOffset, problem };
  } finally {
    await handle.close();
  }
}

async function removeAll(
  { folder, fileSystem, logger }: PartitionFolder,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    logger.info({ path: `${folder}/${name}` }, 'a file of a half-done compaction is removed');
    await fileSystem.remove(`${folder}/${name}`);
  }
  if (names.length > 0) await fileSystem.syncFolder(folder);
}

/** Names that only end so may be anybody's. */
function isChanging(name: string, change: string): boolean {
  return name.endsWith(change) && offsetOf(name) !== null;
}

/** Of names such as `00000000000000000011.log.swap`. */
function offsetOf(name: string): number | null {
  const plain = name.slice(0, name.lastIndexOf('.'));
  for (const suffix of SEGMENT_SUFFIXES) {
    const offset = offsetOfFileName(plain, suffix);
    if (offset !== null) return offset;
  }
  return null;
}
