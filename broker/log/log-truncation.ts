/**
 * Cuts a log from its end: when a follower finds that its leader has other records, and after a write
 * that failed. Nothing is appended meanwhile, and what was appended has settled.
 */

import { dropSegments, newSegment } from './log-loader.ts';
import type { LogState } from './log-state.ts';
import { loadProducers } from './recovery.ts';

/** Drops everything from `offset` on; the whole batch if it lies within one. */
export async function truncateLog(state: LogState, offset: number): Promise<void> {
  const { segments, snapshots } = state;
  if (offset < segments.first.baseOffset) {
    await restartLog(state, offset);
    return;
  }
  await dropSegments(segments.removeBehind(offset));
  await snapshots.removeBehind(offset);
  const endOffset = await segments.active.truncateTo(offset);
  const opened = await segments.active.activate();
  if ('problem' in opened) throw new Error(`${state.folder}: ${opened.problem}`);
  state.isPrepared = false;
  state.cutTo(endOffset);
  await loadProducers(state, endOffset);
}

/** Drops everything; the log goes on at `offset`. */
export async function restartLog(state: LogState, offset: number): Promise<void> {
  const { segments, snapshots, producers, environment } = state;
  await dropSegments(segments.removeFirst(segments.count));
  await snapshots.removeBehind(-1);
  segments.push(await newSegment(state.segmentOptions(offset)));
  state.isPrepared = true;
  state.restartAt(offset);
  producers.restore([], { endOffset: offset, nowMs: environment.clock.nowMs() });
}
