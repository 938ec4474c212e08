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
    ageMs(facts) > config.segmentMs - facts.jitterMs ||
    segment.indexesAreFull(config.segmentIndexBytes) ||
    !segment.hasRoomFor(facts.lastOffset)
  );
}

/** By the records' times where they have some: a log that is read in again rolls as it did then. */
function ageMs({ segment, maxTimestampMs, nowMs }: RollFacts): number {
  const first = segment.firstTimestampMs;
  return first !== null && first >= 0 ? maxTimestampMs - first : nowMs - segment.createdMs;
}
