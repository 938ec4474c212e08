/** A page of /retention, for programs and for people. Times are given as milliseconds and as ISO text. */

import type { LogConfig } from '../log/log-config.ts';
import type { LogRetentionReport, SegmentReport } from '../log/retention/retention-report.ts';
import { isoTime } from '../platform/clock.ts';

export interface ReportedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly folder: string;
  /** Null: it cannot be had, and `problem` says why. */
  readonly report: LogRetentionReport | null;
  readonly problem: string | null;
}

export interface RetentionPage {
  readonly nowMs: number;
  readonly checkIntervalMs: number;
  readonly partitions: readonly ReportedPartition[];
  /** Path of the next page; null: this was the last. */
  readonly next: string | null;
}

export function pageAsJson(page: RetentionPage): object {
  const { nowMs, checkIntervalMs, partitions, next } = page;
  return {
    nowMs,
    now: isoTime(nowMs),
    checkIntervalMs,
    partitions: partitions.map(partitionAsJson),
    next,
  };
}

function partitionAsJson(reported: ReportedPartition): object {
  const { topic, partition, folder, report, problem } = reported;
  if (report === null) return { topic, partition, folder, problem };
  return {
    topic,
    partition,
    folder,
    config: rules(report.config),
    logStartOffset: report.logStartOffset,
    highWatermark: report.highWatermark,
    logEndOffset: report.logEndOffset,
    sizeInBytes: report.sizeInBytes,
    segmentCount: report.segmentCount,
    segments: report.segments.map(asJson),
  };
}

/** Null: no limit. */
function rules(config: LogConfig): object {
  const { deletes, compacts, retentionMs, retentionBytes, segmentMs, segmentBytes } = config;
  const { messageTimestampAfterMaxMs, fileDeleteDelayMs } = config;
  return {
    'cleanup.policy': policyOf({ deletes, compacts }),
    'retention.ms': limited(retentionMs),
    'retention.bytes': limited(retentionBytes),
    'segment.ms': limited(segmentMs),
    'segment.bytes': segmentBytes,
    'message.timestamp.after.max.ms': limited(messageTimestampAfterMaxMs),
    'file.delete.delay.ms': fileDeleteDelayMs,
  };
}

function asJson(segment: SegmentReport): object {
  const { baseOffset, endOffset, sizeInBytes, isActive, rule, heldBy, bytesMissing, why } = segment;
  return {
    baseOffset,
    endOffset,
    sizeInBytes,
    isActive,
    ...timeAsJson('firstTimestamp', segment.firstTimestampMs),
    ...timeAsJson('largestTimestamp', segment.largestTimestampMs),
    ...timeAsJson('made', segment.madeMs),
    ...timeAsJson('modified', segment.modifiedMs),
    ...timeAsJson('endsAt', segment.endsAtMs),
    ...timeAsJson('goesAt', segment.goesAtMs),
    rule,
    heldBy,
    bytesMissing,
    why,
  };
}

function timeAsJson(name: string, timeMs: number | null): object {
  return { [`${name}Ms`]: timeMs, [name]: timeMs === null ? null : isoTime(timeMs) };
}

/** One line for each segment. */
export function pageAsText({ nowMs, partitions, next }: RetentionPage): string {
  const lines = partitions.flatMap(({ topic, partition, report, problem }) => {
    const name = `${topic}-${String(partition)}`;
    if (report === null) return [`${name}: ${problem ?? ''}`];
    return [
      `${name}: ${String(report.segmentCount)} segments, ${String(report.sizeInBytes)} bytes, ` +
        `offsets ${String(report.logStartOffset)} to ${String(report.logEndOffset)}, ` +
        `cleanup.policy=${policyOf(report.config)}`,
      ...report.segments.map((segment) => `  ${lineOf(segment, nowMs)}`),
    ];
  });
  if (next !== null) lines.push(`next: ${next}`);
  return `${lines.join('\n')}\n`;
}

function lineOf(segment: SegmentReport, nowMs: number): string {
  const { baseOffset, sizeInBytes, isActive, goesAtMs, why } = segment;
  const state = isActive ? 'active' : 'sealed';
  return `${String(baseOffset)} ${state} ${String(sizeInBytes)} bytes, ${moment(goesAtMs, nowMs)}: ${why}`;
}

function moment(goesAtMs: number | null, nowMs: number): string {
  if (goesAtMs === null) return 'stays';
  if (goesAtMs <= nowMs) return 'goes with the next run';
  return `goes at ${isoTime(goesAtMs) ?? String(goesAtMs)}`;
}

function policyOf({ deletes, compacts }: Pick<LogConfig, 'deletes' | 'compacts'>): string {
  return [...(compacts ? ['compact'] : []), ...(deletes ? ['delete'] : [])].join(',');
}

function limited(value: number): number | null {
  return value === Infinity ? null : value;
}
