/**
 * "Why is this segment still here", for a page of a log's segments. One segment after the other, each
 * with at most two small reads: the event loop is never held, and no index is kept for it.
 */

import { KafkaError } from '../../model/kafka-error.ts';
import type { LogConfig } from '../log-config.ts';
import type { LogState } from '../log-state.ts';
import type { Segment } from '../segment/segment.ts';
import type { RetentionMoment } from './drop-old-segments.ts';
import type { JudgedSegment, SegmentVerdict } from './segment-verdict.ts';
import { RetentionJudge } from './segment-verdict.ts';

export interface ReportPage {
  /** Segments with this base offset or a later one. */
  readonly fromOffset: number;
  readonly segmentCountMax: number;
}

export interface SegmentReport extends Omit<JudgedSegment, 'largestTimestampMs'>, SegmentVerdict {
  /** Of its first batch; null: not known, or no record has one. */
  readonly firstTimestampMs: number | null;
  readonly largestTimestampMs: number | null;
  /** Null: it was there before the broker started. */
  readonly madeMs: number | null;
  /** When an active segment ends though nobody appends; null: it is empty or sealed, or never. */
  readonly endsAtMs: number | null;
}

export interface LogRetentionReport {
  readonly config: LogConfig;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly highWatermark: number;
  readonly sizeInBytes: number;
  readonly segmentCount: number;
  readonly segments: readonly SegmentReport[];
  /** Base offset at which the next page begins; null: this was the last. */
  readonly nextOffset: number | null;
}

interface ReportedLog {
  readonly state: LogState;
  readonly idleEndMs: number | null;
}

export async function reportRetention(
  log: ReportedLog,
  moment: RetentionMoment,
  { fromOffset, segmentCountMax }: ReportPage,
): Promise<LogRetentionReport> {
  const { config, logStartOffset, logEndOffset, segments } = log.state;
  const known = [...segments.all];
  const sizeInBytes = segments.size;
  const judge = new RetentionJudge({ ...moment, config, logStartOffset, sizeInBytes });
  const reports: SegmentReport[] = [];
  let nextOffset: number | null = null;
  for (const [index, segment] of known.entries()) {
    if (reports.length === segmentCountMax) {
      nextOffset = segment.baseOffset;
      break;
    }
    const endOffset = known[index + 1]?.baseOffset ?? logEndOffset;
    const judged = await unlessGone(log, segment, () => facts(segment, endOffset));
    if (judged === null) continue;
    const verdict = judge.judge(judged);
    if (segment.baseOffset < fromOffset) continue;
    const firstMs = await unlessGone(log, segment, () => firstTimestamp(segment));
    reports.push(reportOf({ log, segment, judged, verdict, firstMs }));
  }
  const { highWatermark } = moment;
  const bounds = { logStartOffset, logEndOffset, highWatermark };
  return {
    config,
    ...bounds,
    sizeInBytes,
    segmentCount: known.length,
    segments: reports,
    nextOffset,
  };
}

async function facts(segment: Segment, endOffset: number): Promise<JudgedSegment> {
  const { timestampMs: largestTimestampMs } = await segment.reader.largestTimestamp();
  const { baseOffset, size: sizeInBytes, isActive, modifiedMs } = segment;
  return { baseOffset, endOffset, sizeInBytes, isActive, largestTimestampMs, modifiedMs };
}

/** Null also of a segment in an older format, whose timestamps stand in its index alone. */
async function firstTimestamp(segment: Segment): Promise<number | null> {
  try {
    return await segment.reader.firstTimestamp();
  } catch (error) {
    if (error instanceof KafkaError) return null;
    throw error;
  }
}

function reportOf(found: {
  readonly log: ReportedLog;
  readonly segment: Segment;
  readonly judged: JudgedSegment;
  readonly verdict: SegmentVerdict;
  readonly firstMs: number | null;
}): SegmentReport {
  const { log, segment, judged, verdict, firstMs } = found;
  const { largestTimestampMs } = judged;
  return {
    ...judged,
    ...verdict,
    firstTimestampMs: firstMs === null || firstMs < 0 ? null : firstMs,
    largestTimestampMs: largestTimestampMs < 0 ? null : largestTimestampMs,
    madeMs: segment.madeMs,
    endsAtMs: judged.isActive ? log.idleEndMs : null,
  };
}

/** A segment that retention or truncation takes away meanwhile cannot be read any more. */
async function unlessGone<T>(
  { state }: ReportedLog,
  segment: Segment,
  read: () => Promise<T>,
): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (state.segments.all.includes(segment)) throw error;
    return null;
  }
}
