/**
 * Compacts the sealed segments of a log, in a worker thread: learns the last offset of each key, then
 * writes one segment after the other anew, beside the old ones. The caller puts each in its place
 * while the next one is written: `report` names how many of the input's segments are done.
 */

import type { JobContext } from '../../platform/workers.ts';
import type { CleaningInput, CleaningOutput, SourceSegment } from './cleaning-input.ts';
import { GroupCleaner } from './rewriting/clean-group.ts';
import { CleaningRun } from './rewriting/cleaning-run.ts';
import { fillOffsetMap } from './rewriting/fill-offset-map.ts';
import { KeyHasher } from './rewriting/key-hash.ts';
import { OffsetMap } from './rewriting/offset-map.ts';
import type { MeasuredSegment } from './rewriting/segment-groups.ts';
import { groupSegments } from './rewriting/segment-groups.ts';

export const cleanLogJob = {
  name: 'clean-log',

  /** Rejects with KafkaError CORRUPT_MESSAGE where a batch is damaged, and the file system's errors. */
  async run(input: CleaningInput, context: JobContext): Promise<CleaningOutput> {
    const run = new CleaningRun(input, context);
    const { dedupeBufferBytes: bytesMax, dedupeLoadFactor: loadFactor } = input.limits;
    const keysMax = input.firstUncleanableOffset - input.firstDirtyOffset;
    const hasher = new KeyHasher(input.hashSecret);
    const map = new OffsetMap({ hasher, bytesMax, loadFactor, keysMax });
    const endOffset = await fillOffsetMap(run, map);
    const cleaner = new GroupCleaner(run, map, endOffset);
    const sources = input.segments.filter(({ baseOffset }) => baseOffset < endOffset);
    let doneCount = 0;
    for (const group of groupSegments(await measured(sources, context), input)) {
      await cleaner.clean(group);
      doneCount += group.length;
      context.report(doneCount);
    }
    return outputOf(run, map, endOffset);
  },
};

function measured(
  segments: readonly SourceSegment[],
  { fileSystem }: JobContext,
): Promise<readonly MeasuredSegment[]> {
  const sizeOf = async (path: string): Promise<number> => (await fileSystem.stat(path))?.size ?? 0;
  return Promise.all(
    segments.map(async (segment) => ({
      ...segment,
      offsetIndexSize: await sizeOf(segment.offsetIndexPath),
      timeIndexSize: await sizeOf(segment.timeIndexPath),
    })),
  );
}

function outputOf(run: CleaningRun, map: OffsetMap, endOffset: number): CleaningOutput {
  const { readBytes, writtenBytes } = run;
  const { readRecordCount, keptRecordCount, invalidRecordCount } = run;
  return {
    endOffset,
    keyCount: map.count,
    utilization: map.utilization,
    readBytes,
    writtenBytes,
    readRecordCount,
    keptRecordCount,
    invalidRecordCount,
  };
}
