/** What recovery does to a segment that nobody else uses yet: what of it is believed, and the rest built anew. */

import type { FileSystem } from '../../platform/file-system.ts';
import { SegmentIndexes } from '../index/segment-indexes.ts';
import type { BatchVisitor } from './batch-scanner.ts';
import { scanBatches } from './batch-scanner.ts';
import type { TrustedPart } from './build-indexes.ts';
import { buildIndexes } from './build-indexes.ts';
import type { Segment } from './segment.ts';

interface RebuildOptions {
  readonly fileSystem: FileSystem;
  readonly trusted: TrustedPart | null;
  readonly syncIndexes: boolean;
}

/**
 * Verifies every batch, cuts the file behind the last valid one and builds the indexes anew. The
 * visitor sees each valid batch, and adds the transactions that it finds aborted to those of the
 * segment. Returns why it was cut, or null. What is trusted of it is left as it is.
 */
export async function rebuildSegment(
  segment: Segment,
  visit: BatchVisitor,
  { fileSystem, trusted, syncIndexes }: RebuildOptions,
): Promise<string | null> {
  const { file, indexes, transactions } = segment;
  if (trusted === null) transactions.startEmpty();
  const options = { ...indexes.indexedFile, fileSystem, verify: true, trusted };
  const { builder, problem } = await file.use('read', ({ handle }) =>
    buildIndexes({ ...options, handle }, visit),
  );
  indexes.replace(builder, builder.largest);
  if (builder.size < segment.size) await file.cut(builder.size);
  segment.noteFound(builder.size);
  await builder.indexes.save({ trim: true, sync: syncIndexes });
  await (trusted === null ? transactions.replace() : transactions.save());
  return problem;
}

/**
 * What of it lies before `offset`, the recovery point: it was synced, and its indexes with it. They
 * are believed if their last entry leads to a whole batch. Null: all of it must be read.
 */
export async function trustedPart(segment: Segment, offset: number): Promise<TrustedPart | null> {
  const { baseOffset, writtenSize: size, file } = segment;
  const indexes = await SegmentIndexes.loadBefore(offset, file.indexFiles, { baseOffset, size });
  if (indexes === null) return null;
  const { lastOffset, lastPosition: position } = indexes.offsets;
  let found = -1;
  const range = { from: position, to: size, verify: true };
  await file.use('read', ({ handle }) =>
    scanBatches(handle, range, (header) => {
      if (header.lastOffset === lastOffset) found = header.baseOffset;
      return false;
    }),
  );
  return found < 0 ? null : { indexes, position, offset: found };
}

/** For a segment that was whole, but may have been sealed without its last index entry being saved. */
export async function completeIndexes({ indexes, reader }: Segment): Promise<void> {
  const builder = await indexes.loaded();
  await reader.scan(builder.indexes.offsets.lastPosition, (header) => {
    builder.noteTimestamp(header.maxTimestampMs, header.lastOffset);
    return true;
  });
  builder.indexLargest();
  await builder.indexes.save({ trim: true });
}
