/**
 * Puts a compacted segment in the place of those it was made of. After a crash at any step the next
 * start (finish-swaps.ts, or Apache Kafka) ends with either the old segments or the new one:
 *
 * 1. `.cleaned` to `.swap`, the `.log` last: from there on the new one counts; fsync of the folder
 * 2. the old ones to `.deleted`, in the order of offsets, so that no old record comes back without
 *    what came after it
 * 3. `.swap` to the final names, the `.log` first; fsync of the folder
 *
 * Readers that hold an old segment go on reading it under its new name, until the files go after
 * file.delete.delay.ms. Runs in the log's maintenance queue.
 */

import assert from 'node:assert/strict';
import { FileSuffix, offsetFileName } from '../files/file-names.ts';
import type { LogState } from '../log-state.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import { Segment } from '../segment/segment.ts';
import { CLEANED_SUFFIXES } from './rewriting/cleaned-segment.ts';

/** Nothing happens where no compacted segment was written, as nothing would have changed. */
export async function swapSegments(state: LogState, old: readonly Segment[]): Promise<void> {
  const [first] = old;
  assert(first !== undefined && old.every((segment) => !segment.isActive));
  const { fileSystem } = state.environment;
  const base = `${state.folder}/${offsetFileName(first.baseOffset, '')}`;
  const file = await fileSystem.stat(`${base}${FileSuffix.log}${FileSuffix.cleaned}`);
  if (file === null) return;
  await nameSwaps(state, base);
  try {
    await fileSystem.syncFolder(state.folder);
    for (const segment of old) await segment.markDeleted({ keepsSnapshot: segment === first });
    for (const suffix of CLEANED_SUFFIXES.toReversed()) {
      await renameIfThere(state, `${base}${suffix}`, [FileSuffix.swap, '']);
    }
    await fileSystem.syncFolder(state.folder);
  } catch (error) {
    // The next start brings it to an end; until then nothing may change what it will find.
    state.isBroken = true;
    throw error;
  }
  state.segments.replace(
    old,
    Segment.existing(state.segmentOptions(first.baseOffset), { ...file, isSynced: true }),
  );
  state.snapshots.forget(old.slice(1).map(({ baseOffset }) => baseOffset));
  removeLater(state, old);
}

/** A failure leaves no `.swap` behind: beside the old `.log` it would be taken for its index. */
async function nameSwaps(state: LogState, base: string): Promise<void> {
  const { fileSystem } = state.environment;
  try {
    for (const suffix of CLEANED_SUFFIXES) {
      await renameIfThere(state, `${base}${suffix}`, [FileSuffix.cleaned, FileSuffix.swap]);
    }
  } catch (error) {
    try {
      for (const suffix of CLEANED_SUFFIXES) {
        await fileSystem.remove(`${base}${suffix}${FileSuffix.swap}`);
      }
      await fileSystem.syncFolder(state.folder);
    } catch {
      // With the `.cleaned` files still there, the next start knows what to do.
      state.isBroken = true;
    }
    throw error;
  }
}

async function renameIfThere(
  { environment }: LogState,
  path: string,
  [from, to]: readonly [string, string],
): Promise<void> {
  try {
    await environment.fileSystem.rename(path + from, path + to);
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error;
  }
}

function removeLater({ folder, config, environment }: LogState, old: readonly Segment[]): void {
  environment.timers.after(config.fileDeleteDelayMs, () => {
    const removal = Promise.all(old.map((segment) => segment.file.removeDeleted()));
    removal.catch((error: unknown) => {
      environment.logger.warn({ folder, err: error }, 'files stay behind');
    });
  });
}
