/** The end of a time index without the rest of it: how new a sealed segment is, for one small read. */

import type { IndexFiles } from './segment-indexes.ts';
import type { TimeEntry } from './time-index.ts';
import { TIME_ENTRY_SIZE, TimeIndex } from './time-index.ts';

/** What is read, and checked to be in order. */
const TAIL_SIZE = 256 * TIME_ENTRY_SIZE;

/** Null: the file must be looked at as a whole. It is missing, empty, damaged, or ends in zeros. */
export async function lastTimeEntry(
  { fileSystem, timeIndexPath }: IndexFiles,
  baseOffset: number,
): Promise<TimeEntry | null> {
  const file = await fileSystem.stat(timeIndexPath);
  if (file === null || file.size === 0 || file.size % TIME_ENTRY_SIZE !== 0) return null;
  const handle = await fileSystem.open(timeIndexPath, 'read');
  try {
    const tail = Buffer.alloc(Math.min(TAIL_SIZE, file.size));
    await handle.read(tail, file.size - tail.length);
    if (TimeIndex.problemOf(tail) !== null) return null;
    const { last } = new TimeIndex(baseOffset, tail);
    return last.timestampMs > 0 ? last : null;
  } finally {
    await handle.close();
  }
}
