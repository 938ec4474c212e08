/**
 * The first pass of a compaction: the last offset of every key, from the first dirty offset up to the
 * first uncleanable one, or as far as the table of keys has room. Records of aborted transactions do
 * not count: nothing is older because of them.
 */

import { BATCH_HEADER_SIZE, BATCH_MAGIC } from '../../../records/batch-header.ts';
import { decompress } from '../../../records/compression.ts';
import { readOldMessages } from '../../../records/old-message.ts';
import { readTransactionMarker } from '../../state/transaction-marker.ts';
import type { SourceSegment } from '../cleaning-input.ts';
import type { StreamedBatch } from './batch-stream.ts';
import type { CleaningRun } from './cleaning-run.ts';
import type { OffsetMap } from './offset-map.ts';
import { RecordCursor } from './record-cursor.ts';
import { TransactionFates } from './transaction-fates.ts';

/** Returns the offset behind the last one that the map knows of. */
export async function fillOffsetMap(run: CleaningRun, map: OffsetMap): Promise<number> {
  const { segments, firstDirtyOffset, firstUncleanableOffset } = run.input;
  const fates = new TransactionFates(run.input.abortedTransactions);
  const dirty = segments.filter((_, index) => endOf(run, index) > firstDirtyOffset);
  for (const segment of dirty) {
    const fullAt = await addSegment(run, map, { segment, fates });
    if (fullAt !== null) return fullAt;
  }
  return firstUncleanableOffset;
}

function endOf({ input }: CleaningRun, index: number): number {
  return input.segments[index + 1]?.baseOffset ?? input.firstUncleanableOffset;
}

/** The offset of the first record that found no room; null if all did. */
async function addSegment(
  run: CleaningRun,
  map: OffsetMap,
  { segment, fates }: { readonly segment: SourceSegment; readonly fates: TransactionFates },
): Promise<number | null> {
  for await (const batch of run.batchesOf(segment)) {
    const { header, bytes } = batch;
    if (header.isControl) {
      fates.end(header, header.recordCount === 0 ? null : readTransactionMarker(bytes, 0));
      continue;
    }
    if (fates.isAborted(header) || header.lastOffset < run.input.firstDirtyOffset) continue;
    const isOld = header.magic !== BATCH_MAGIC;
    const fullAt = isOld ? await addOldMessages(run, map, batch) : await addBatch(run, map, batch);
    if (fullAt !== null) return fullAt;
  }
  return null;
}

async function addBatch(
  run: CleaningRun,
  map: OffsetMap,
  { header, bytes }: StreamedBatch,
): Promise<number | null> {
  const content = await decompress(header.compression, bytes.subarray(BATCH_HEADER_SIZE));
  const cursor = new RecordCursor(header, content);
  while (cursor.next()) {
    if (!cursor.hasKey || cursor.offset < run.input.firstDirtyOffset) continue;
    if (map.isFull) return cursor.offset;
    map.put(content, { start: cursor.keyStart, end: cursor.keyEnd }, cursor.offset);
  }
  return null;
}

async function addOldMessages(
  run: CleaningRun,
  map: OffsetMap,
  { bytes }: StreamedBatch,
): Promise<number | null> {
  for (const { key, offset } of await readOldMessages(bytes, 0)) {
    if (key === null || offset < run.input.firstDirtyOffset) continue;
    if (map.isFull) return offset;
    map.put(key, { start: 0, end: key.length }, offset);
  }
  return null;
}
