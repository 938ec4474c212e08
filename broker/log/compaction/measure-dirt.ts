/**
 * How much of a log is waiting for compaction, by Kafka's rules. Compacted is only what can not change
 * any more and is on the disk: sealed segments below the last stable offset whose records have the age
 * of min.compaction.lag.ms. Whole segments count.
 */

import type { LogState } from '../log-state.ts';
import type { Segment } from '../segment/segment.ts';

export interface CompactionMoment {
  readonly nowMs: number;
  readonly highWatermark: number;
}

export interface LogDirt {
  readonly firstDirtyOffset: number;
  /** Base offset of the first segment that has to stay as it is. */
  readonly firstUncleanableOffset: number;
  readonly cleanBytes: number;
  readonly dirtyBytes: number;
  /** Share of the dirty bytes. */
  readonly ratio: number;
  /** By how much the oldest dirty record is past max.compaction.lag.ms; 0 if it is not. */
  readonly overdueMs: number;
}

/** Null: nothing waits. */
export async function measureDirt(
  state: LogState,
  moment: CompactionMoment,
): Promise<LogDirt | null> {
  const firstDirtyOffset = validDirtyOffset(state);
  const { highWatermark } = moment;
  const { active } = state.segments;
  const unstable = state.producers.firstUnstableOffset ?? Infinity;
  const bound = Math.min(highWatermark, unstable, active.baseOffset, state.recoveryPoint);
  // A copy: appends may begin new segments while timestamps are read.
  const segments = [...state.segments.all];
  const endIndex = Math.max(0, state.segments.indexOf(bound));
  const startIndex = Math.max(0, state.segments.indexOf(firstDirtyOffset));
  if (startIndex >= endIndex) return null;
  const dirty = segments.slice(startIndex, endIndex);
  const oldEnough = await leadingOfAge(dirty, moment.nowMs - state.config.minCompactionLagMs);
  const dirtyBytes = sumOfSizes(oldEnough);
  if (dirtyBytes === 0) return null;
  const cleanBytes = sumOfSizes(segments.slice(0, startIndex));
  const sealed = segments.slice(startIndex, segments.indexOf(active));
  return {
    firstDirtyOffset,
    firstUncleanableOffset: (segments[startIndex + oldEnough.length] ?? active).baseOffset,
    cleanBytes,
    dirtyBytes,
    ratio: dirtyBytes / (cleanBytes + dirtyBytes),
    overdueMs: await overdueMs(sealed, moment.nowMs - state.config.maxCompactionLagMs),
  };
}

/** What the checkpoint says, where that can be true; else all is dirty. */
function validDirtyOffset(state: LogState): number {
  const { cleanedOffset, logStartOffset, logEndOffset, folder, config } = state;
  if (cleanedOffset === null) return logStartOffset;
  if (cleanedOffset >= logStartOffset && cleanedOffset <= logEndOffset) return cleanedOffset;
  state.cleanedOffset = logStartOffset;
  // With retention beside compaction the start overtakes it as a matter of course.
  if (cleanedOffset > logEndOffset || !config.deletes) {
    state.environment.logger.warn(
      { folder, cleanedOffset, logStartOffset, logEndOffset },
      'the offset up to which the log was compacted is not in the log: all of it is compacted again',
    );
  }
  return logStartOffset;
}

/** The first ones, up to one with records that came after `latestMs`. */
async function leadingOfAge(
  segments: readonly Segment[],
  latestMs: number,
): Promise<readonly Segment[]> {
  for (const [index, segment] of segments.entries()) {
    if (segment.size > 0 && (await newestMs(segment)) > latestMs) return segments.slice(0, index);
  }
  return segments;
}

async function newestMs(segment: Segment): Promise<number> {
  const { timestampMs } = await segment.reader.largestTimestamp();
  return timestampMs >= 0 ? timestampMs : segment.modifiedMs;
}

async function overdueMs(sealed: readonly Segment[], latestMs: number): Promise<number> {
  if (latestMs === -Infinity) return 0;
  let oldestMs = Infinity;
  for (const segment of sealed) {
    const firstMs = await firstTimestampMs(segment);
    if (firstMs > 0) oldestMs = Math.min(oldestMs, firstMs);
  }
  return Math.max(0, latestMs - oldestMs);
}

/** Of sealed segments: it does not change any more. */
const firstTimestamps = new WeakMap<Segment, number>();

async function firstTimestampMs(segment: Segment): Promise<number> {
  const known = firstTimestamps.get(segment);
  if (known !== undefined) return known;
  const found = (await segment.reader.firstTimestamp()) ?? -1;
  firstTimestamps.set(segment, found);
  return found;
}

function sumOfSizes(segments: readonly Segment[]): number {
  return segments.reduce((sum, { size }) => sum + size, 0);
}
