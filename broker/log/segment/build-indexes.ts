/**
 * Builds the indexes of a segment from its batches: all of them, or those behind a part of which the
 * indexes are known to be right.
 */

import type { FileHandle, FileSystem } from '../../platform/file-system.ts';
import type { Job } from '../../platform/workers.ts';
import { IndexBuilder } from '../index/index-builder.ts';
import { SegmentIndexes } from '../index/segment-indexes.ts';
import type { BatchVisitor } from './batch-scanner.ts';
import { scanBatches } from './batch-scanner.ts';

/** Offsets in indexes are relative to the base offset, as int32. */
const RELATIVE_OFFSET_MAX = 0x7fffffff;

export interface IndexedFile {
  readonly offsetIndexPath: string;
  readonly timeIndexPath: string;
  readonly baseOffset: number;
  /** Of the segment's file. */
  readonly size: number;
  readonly indexIntervalBytes: number;
}

/** The beginning of a segment whose batches need not be read again. */
export interface TrustedPart {
  /** Of that part and the first batch behind it. */
  readonly indexes: SegmentIndexes;
  /** Where it ends: a batch starts there. */
  readonly position: number;
  /** Base offset of that batch. */
  readonly offset: number;
}

interface BuildOptions extends IndexedFile {
  readonly fileSystem: FileSystem;
  /** Of the segment's file. */
  readonly handle: FileHandle;
  /** Whether the checksums are verified. */
  readonly verify: boolean;
  readonly trusted: TrustedPart | null;
}

interface BuiltIndexes {
  /** Its size is that of the batches that were good. */
  readonly builder: IndexBuilder;
  /** Why it ended before the end of the file; null if it did not. */
  readonly problem: string | null;
}

/** The visitor sees every batch that is good; it must not end the walk. */
export async function buildIndexes(
  options: BuildOptions,
  visit: BatchVisitor,
): Promise<BuiltIndexes> {
  const { handle, baseOffset, size, indexIntervalBytes, verify, trusted } = options;
  const from = trusted?.position ?? 0;
  const indexes = trusted?.indexes ?? SegmentIndexes.empty(options, baseOffset);
  const builder = new IndexBuilder(indexes, from);
  let nextOffset = trusted?.offset ?? baseOffset;
  let misplaced = '';
  const end = await scanBatches(
    handle,
    { from, to: size, verify },
    (header, position, buffer, at) => {
      if (header.baseOffset < nextOffset || !fits(header.lastOffset, baseOffset)) {
        misplaced = `a batch with offset ${String(header.baseOffset)} is out of place`;
        return false;
      }
      nextOffset = header.lastOffset + 1;
      builder.add(header, header.baseOffset, indexIntervalBytes);
      return visit(header, position, buffer, at);
    },
  );
  builder.indexLargest();
  return { builder, problem: misplaced === '' ? end.problem : misplaced };
}

export function fits(lastOffset: number, baseOffset: number): boolean {
  return lastOffset - baseOffset <= RELATIVE_OFFSET_MAX;
}

/** For a segment that is sealed: its index files are written anew, from the headers of its batches. */
export const rebuildIndexes: Job<IndexedFile & { readonly path: string }, void> = {
  name: 'rebuild-indexes',
  async run(input, { fileSystem, signal }) {
    const handle = await fileSystem.open(input.path, 'read');
    try {
      const options = { ...input, fileSystem, handle, verify: false, trusted: null };
      const { builder } = await buildIndexes(options, () => {
        signal.throwIfAborted();
        return true;
      });
      await builder.indexes.save({ trim: true });
    } finally {
      await handle.close();
    }
  },
};
