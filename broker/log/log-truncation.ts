/**
 * Cuts a log from its end: when a follower finds that its leader has other records, and after a write
 * that failed. Nothing is appended meanwhile, and what was appended has settled.
 */

import { dropSegments, newSegment } from './recovery/log-loader.ts';
import type { LogState } from './log-state.ts';
import { loadProducers } from './recovery/recover-log.ts';
import { cutTransactionIndex } from './transactions/aborted-transactions.ts';

/** Drops everything from `offset` on; the whole batch if it lies within one. */
export async function truncateLog(state: LogState, offset: number): Promise<void> {
  const { segments, snapshots, environment } = state;
  state.noteChange();
  if (offset < segments.first.baseOffset) {
    await restartLog(state, offset);
    return;
  }
  await dropSegments(segments.removeBehind(offset));
  await snapshots.removeBehind(offset);
  // Else a loss of power could bring the files back, behind records that were appended since.
  await environment.fileSystem.syncFolder(state.folder);
  const endOffset = await segments.active.truncateTo(offset);
  await cutTransactionIndex(state, segments.active, endOffset);
  const opened = await segments.active.activate();
  if ('problem' in opened) throw new Error(`${state.folder}: ${opened.problem}`);
  state.isPrepared = false;
  state.cutTo(endOffset);
  state.producers.noteTruncated(endOffset);
  await loadProducers(state, endOffset);
}

/** Drops everything; the log goes on at `offset`. */
export async function restartLog(state: LogState, offset: number): Promise<void> {
  const { segments, snapshots, producers, environment } = state;
  state.noteChange();
  await dropSegments(segments.removeFirst(segments.count));
  await snapshots.removeBehind(-1);
  segments.push(await newSegment(state.segmentOptions(offset)));
  state.isPrepared = true;
  state.restartAt(offset);
  producers.noteTruncated(0);
  producers.restore([], { endOffset: offset, nowMs: environment.clock.nowMs() });
}
