/**
 * Which segments have had their time. From the oldest on, up to the first that must stay: so one
 * record of the future keeps everything behind it. A segment goes when its largest timestamp is older
 * than retention.ms, when the log without it is still larger than retention.bytes, or when it lies
 * before the log start offset; never before the high watermark has passed it.
 */

import type { LogConfig } from './log-config.ts';
import type { LogState } from './log-state.ts';
import type { SegmentRoller } from './segment-roller.ts';
import type { Segment } from './segment/segment.ts';

export interface RetentionMoment {
  readonly nowMs: number;
  readonly highWatermark: number;
}

/** Drops the segments that have had their time and returns how many. */
export async function dropOldSegments(
  state: LogState,
  roller: SegmentRoller,
  moment: RetentionMoment,
): Promise<number> {
  const { segments } = state;
  const { active } = segments;
  const activeSize = active.size;
  const { config, logStartOffset, logEndOffset } = state;
  let count = await expiredSegmentCount({
    segments: segments.all,
    config,
    logStartOffset,
    logEndOffset,
    ...moment,
  });
  if (count === segments.count) {
    // Appends may have gone on while timestamps were read: then the active segment has not expired.
    const isIdle = active === segments.active && active.size === activeSize;
    if (isIdle && state.writtenEndOffset === state.logEndOffset) await roller.rollIdle();
    else count -= 1;
  }
  if (count > 0) await drop(state, segments.removeFirst(count));
  return count;
}

/** The start moves first: no reader is sent to a segment that is going. */
async function drop(state: LogState, segments: readonly Segment[]): Promise<void> {
  const { folder } = state;
  const { timers, logger } = state.environment;
  const start = state.segments.first.baseOffset;
  state.advanceStart(start);
  state.snapshots.forgetBefore(start);
  for (const segment of segments) await segment.markDeleted();
  logger.info({ folder, logStartOffset: start, count: segments.length }, 'segments were dropped');
  timers.after(state.config.fileDeleteDelayMs, () => {
    const removal = Promise.all(segments.map((segment) => segment.file.removeDeleted()));
    removal.catch((error: unknown) => logger.warn({ folder, err: error }, 'files stay behind'));
  });
}

interface RetentionFacts extends RetentionMoment {
  readonly segments: readonly Segment[];
  readonly config: LogConfig;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
}

/** Count of segments to delete from the start; it may be all of them. */
async function expiredSegmentCount(facts: RetentionFacts): Promise<number> {
  let count = 0;
  if (facts.config.deletes && !facts.config.compacts) {
    count = await countByTime(facts, count);
    count = countBySize(facts, count);
  }
  return countByLogStart(facts, count);
}

async function countByTime(facts: RetentionFacts, from: number): Promise<number> {
  const { config, nowMs } = facts;
  let count = from;
  while (config.retentionMs !== Infinity && isBelowHighWatermark(facts, count)) {
    const segment = facts.segments[count];
    if (segment === undefined) break;
    if (nowMs - (await segment.retentionTimestampMs()) <= config.retentionMs) break;
    count += 1;
  }
  return count;
}

function countBySize(facts: RetentionFacts, from: number): number {
  let count = from;
  let excess = facts.segments.slice(from).reduce((sum, segment) => sum + segment.size, 0);
  excess -= facts.config.retentionBytes;
  while (isBelowHighWatermark(facts, count)) {
    const size = facts.segments[count]?.size ?? 0;
    if (excess - size < 0) break;
    excess -= size;
    count += 1;
  }
  return count;
}

function countByLogStart(facts: RetentionFacts, from: number): number {
  let count = from;
  for (;;) {
    const next = facts.segments[count + 1];
    if (next === undefined || next.baseOffset > facts.logStartOffset) return count;
    if (!isBelowHighWatermark(facts, count)) return count;
    count += 1;
  }
}

/** Whether the segment exists, has all its records below the high watermark, and is not a new one. */
function isBelowHighWatermark(facts: RetentionFacts, index: number): boolean {
  const segment = facts.segments[index];
  if (segment === undefined) return false;
  const next = facts.segments[index + 1];
  if (next === undefined && segment.size === 0) return false;
  return facts.highWatermark >= (next?.baseOffset ?? facts.logEndOffset);
}
