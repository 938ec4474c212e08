/**
 * Which segments have had their time. From the oldest on, up to the first that must stay. A segment
 * goes when its time is over (segment-expiry.ts), when the log without it is still at least as large as
 * retention.bytes, or when it lies before the log start offset; never before the high watermark has
 * passed it.
 */

import type { LogConfig } from '../log-config.ts';
import type { LogState } from '../log-state.ts';
import type { SegmentRoller } from '../segment-roller.ts';
import type { Segment } from '../segment/segment.ts';
import type { SegmentExpiry } from './segment-expiry.ts';
import { expiryOf } from './segment-expiry.ts';

export interface RetentionMoment {
  readonly nowMs: number;
  readonly highWatermark: number;
}

/** Whether segments go by age and size; those before the log start offset go in any case. */
export function deletesOldSegments({ deletes }: LogConfig): boolean {
  return deletes;
}

export async function segmentExpiry(
  segment: Segment,
  config: LogConfig,
  nowMs: number,
): Promise<SegmentExpiry> {
  const { timestampMs: largestTimestampMs } = await segment.reader.largestTimestamp();
  return expiryOf({ largestTimestampMs, modifiedMs: segment.modifiedMs }, config, nowMs);
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
  // A copy: appends may begin new segments while timestamps are read.
  const known = [...segments.all];
  let count = await expiredSegmentCount({
    segments: known,
    config,
    logStartOffset,
    logEndOffset,
    ...moment,
  });
  if (count === known.length) {
    // Where appends have gone on meanwhile, the segment that was active has not expired.
    const isIdle = active === segments.active && active.size === activeSize;
    if (isIdle && state.writtenEndOffset === state.logEndOffset) await roller.rollIdle();
    else count -= 1;
  }
  if (count === 0) return 0;
  // A crash must find one of the two: without any file, offsets would begin anew.
  if (segments.at(count) === segments.active) await roller.prepareActive();
  await drop(state, segments.removeFirst(count));
  return count;
}

/** The start moves first: no reader is sent to a segment that is going. */
async function drop(state: LogState, segments: readonly Segment[]): Promise<void> {
  const { folder } = state;
  const { timers, logger } = state.environment;
  const start = state.segments.first.baseOffset;
  state.advanceStart(start);
  for (const segment of segments) await segment.markDeleted();
  await state.snapshots.removeBefore(start);
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
  let count = countByLogStart(facts, 0);
  if (!deletesOldSegments(facts.config)) return count;
  count = countBySize(facts, count);
  return countByTime(facts, count);
}

/** The active segment too, unlike in Apache Kafka: who deletes all records wants the space back. */
function countByLogStart(facts: RetentionFacts, from: number): number {
  let count = from;
  while (isBelowHighWatermark(facts, count)) {
    const endOffset = facts.segments[count + 1]?.baseOffset ?? facts.logEndOffset;
    if (endOffset > facts.logStartOffset) break;
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

async function countByTime(facts: RetentionFacts, from: number): Promise<number> {
  const { config, nowMs } = facts;
  let count = from;
  while (config.retentionMs !== Infinity && isBelowHighWatermark(facts, count)) {
    const segment = facts.segments[count];
    if (segment === undefined) break;
    if ((await segmentExpiry(segment, config, nowMs)).atMs > nowMs) break;
    count += 1;
  }
  return count;
}

/** Whether the segment exists, has all its records below the high watermark, and is not a new one. */
function isBelowHighWatermark(facts: RetentionFacts, index: number): boolean {
  const segment = facts.segments[index];
  if (segment === undefined) return false;
  const next = facts.segments[index + 1];
  if (next === undefined && segment.size === 0) return false;
  return facts.highWatermark >= (next?.baseOffset ?? facts.logEndOffset);
}
