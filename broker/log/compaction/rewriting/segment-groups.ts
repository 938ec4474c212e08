/**
 * Which segments become one: neighbours whose sum would not be larger than a segment may be, whose
 * indexes would not be either, and whose offsets fit into 31 bits from the first base offset on.
 */

import type { CleaningInput, SourceSegment } from '../cleaning-input.ts';

const RELATIVE_OFFSET_MAX = 0x7fffffff;

export interface MeasuredSegment extends SourceSegment {
  readonly offsetIndexSize: number;
  readonly timeIndexSize: number;
}

type Limits = Pick<CleaningInput, 'segmentBytes' | 'segmentIndexBytes' | 'firstUncleanableOffset'>;

/** `segments` in order, those that start before the end of what is compacted. */
export function groupSegments(
  segments: readonly MeasuredSegment[],
  limits: Limits,
): readonly (readonly MeasuredSegment[])[] {
  const groups: MeasuredSegment[][] = [];
  for (const [index, segment] of segments.entries()) {
    const group = groups.at(-1);
    const endOffset = segments[index + 1]?.baseOffset ?? limits.firstUncleanableOffset;
    if (group !== undefined && fits(group, { segment, endOffset, limits })) group.push(segment);
    else groups.push([segment]);
  }
  return groups;
}

function fits(
  group: readonly MeasuredSegment[],
  next: { readonly segment: MeasuredSegment; readonly endOffset: number; readonly limits: Limits },
): boolean {
  const { segment, endOffset, limits } = next;
  const { segmentBytes, segmentIndexBytes } = limits;
  const sum = (size: (segment: MeasuredSegment) => number): number =>
    group.reduce((total, member) => total + size(member), size(segment));
  const baseOffset = group[0]?.baseOffset ?? segment.baseOffset;
  return (
    sum(({ size }) => size) <= segmentBytes &&
    sum(({ offsetIndexSize }) => offsetIndexSize) <= segmentIndexBytes &&
    sum(({ timeIndexSize }) => timeIndexSize) <= segmentIndexBytes &&
    (segment.size === 0 || endOffset - 1 - baseOffset <= RELATIVE_OFFSET_MAX)
  );
}
