/** When a new segment begins, by Kafka's rules. Decided per appended set: a set is never split. */

import type { LogConfig } from './log-config.ts';
import type { Segment } from './segment/segment.ts';

export interface RollFacts {
  readonly segment: Segment;
  readonly config: LogConfig;
  /** By how much segment.ms is shortened for this segment. */
  readonly jitterMs: number;
  readonly nowMs: number;
  /** Of the set that is to be appended. */
  readonly size: number;
  readonly maxTimestampMs: number;
  readonly lastOffset: number;
}

export function mustRoll(facts: RollFacts): boolean {
  const { segment, config } = facts;
  if (segment.size === 0) return !segment.hasRoomFor(facts.lastOffset);
  return (
    segment.size + facts.size > config.segmentBytes ||
    ageMs(facts) > ageMsMax(config, facts.jitterMs) ||
    segment.indexesAreFull(config.segmentIndexBytes) ||
    !segment.hasRoomFor(facts.lastOffset)
  );
}

/** What must be compacted after some time has to be in a segment that has ended by then. */
function ageMsMax(config: LogConfig, jitterMs: number): number {
  const ageMs = config.segmentMs - jitterMs;
  return config.compacts ? Math.min(config.maxCompactionLagMs, ageMs) : ageMs;
}

/** By the records' times where they have some: a log that is read in again rolls as it did then. */
function ageMs({ segment, maxTimestampMs, nowMs }: RollFacts): number {
  const first = segment.firstTimestampMs;
  return first !== null && first >= 0 ? maxTimestampMs - first : nowMs - segment.createdMs;
}

/** An active segment that holds this much of retention.ms ends, so that its oldest records can go. */
const RETENTION_SHARE = 4;

/**
 * The age at which an active segment ends even if nobody appends. Apache Kafka only looks when
 * somebody does, and by the times of records: what trickles in then outlives its retention by
 * segment.ms. So where retention.ms is the shorter of the two, a quarter of it counts: five or six
 * segments hold what is kept.
 */
export function idleAgeMsMax(config: LogConfig, jitterMs: number): number {
  const { segmentMs, retentionMs, deletes } = config;
  const ageMs = ageMsMax(config, jitterMs);
  return deletes && retentionMs < segmentMs
    ? Math.min(ageMs, retentionMs / RETENTION_SHARE)
    : ageMs;
}
