/**
 * What makes a log survive a loss of power. The order is: data, indexes, the folder's names, leader
 * epochs, and only then the recovery point, which speaks of nothing that is not on the disk.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { LogState } from './log-state.ts';
import type { Segment } from './segment/segment.ts';

/** Everything before `offset`, which must be written. Rejects with KafkaError KAFKA_STORAGE_ERROR. */
export async function flushLog(state: LogState, offset: number): Promise<void> {
  if (offset <= state.recoveryPoint) return;
  await saveSegments(state, state.segments.from(state.recoveryPoint), offset);
  state.noteFlushed(offset);
}

/**
 * Everything appended so far, with a snapshot of the producers there: so recovery does not have to
 * read the segment from its start to know them. `written`: when the appends are in the file.
 */
export async function flushForRecovery(state: LogState, written: Promise<void>): Promise<void> {
  const { segments, snapshots, producers, logEndOffset: offset } = state;
  const content = producers.toSnapshot();
  await written;
  if (offset <= state.recoveryPoint) return;
  if (snapshots.latestOffset < offset) {
    const isBase = (candidate: number): boolean =>
      segments.at(segments.indexOf(candidate))?.baseOffset === candidate;
    await snapshots.writeInside({ offset, content }, isBase);
  }
  await flushLog(state, offset);
}

/** A sealed segment and the producers' state behind it; then everything before it. */
export async function saveSealed(
  state: LogState,
  sealed: Segment,
  snapshot: { readonly offset: number; readonly content: Buffer },
): Promise<void> {
  const { offset, content } = snapshot;
  if (state.snapshots.latestOffset < offset) await state.snapshots.write(offset, content);
  await sealed.extent.trim();
  await syncSegment(state, sealed);
  await sealed.saveIndexes();
  await flushLog(state, offset);
}

/** Leaves the folder as a clean stop needs it: nothing in it has to be verified at the next start. */
export async function saveForStop(state: LogState): Promise<void> {
  const { segments, snapshots, producers, logEndOffset } = state;
  if (state.isAsFound) return state.epochs.idle();
  segments.active.seal();
  await segments.active.extent.trim();
  await saveSegments(state, segments.from(state.recoveryPoint), logEndOffset);
  if (logEndOffset > 0 && snapshots.latestOffset < logEndOffset) {
    await snapshots.write(logEndOffset, producers.toSnapshot());
  }
  if (state.isBroken) throw storageError(state, new Error('an earlier sync failed'));
  state.noteFlushed(logEndOffset);
}

async function saveSegments(
  state: LogState,
  segments: readonly Segment[],
  endOffset: number,
): Promise<void> {
  try {
    for (const segment of segments) {
      if (segment.baseOffset > endOffset) break;
      await syncSegment(state, segment);
      await segment.saveIndexes();
    }
    await state.environment.fileSystem.syncFolder(state.folder);
    await state.epochs.settle();
  } catch (error) {
    throw storageError(state, error);
  }
}

/** After a failed sync the kernel may have dropped what it could not write: trying again proves nothing. */
async function syncSegment(state: LogState, segment: Segment): Promise<void> {
  const { unsyncedSize } = segment;
  try {
    await segment.sync();
    state.syncedBytes += unsyncedSize;
  } catch (error) {
    state.isBroken = true;
    throw error;
  }
}

function storageError({ folder }: LogState, cause: unknown): KafkaError {
  return new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, `${folder} cannot be synced`, { cause });
}
