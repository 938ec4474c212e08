/**
 * Looks into one segment: finds batches by offset and time, walks over their headers, reads bytes.
 * Sees nothing behind what is written. Owner: the segment.
 */

import type { BatchVisitor, ScanEnd } from './batch-scanner.ts';
import { scanBatches } from './batch-scanner.ts';
import type { IndexBuilder } from '../index/index-builder.ts';
import type { TimeEntry } from '../index/time-index.ts';
import { BATCH_MAGIC } from '../../records/batch-header.ts';
import type { HeldIndexes } from './held-indexes.ts';
import type { BatchLocation, RecentBatches } from './recent-batches.ts';
import type { OpenMode, SegmentFile } from './segment-file.ts';

/** What is asked of the segment. */
interface ReadSegment {
  readonly baseOffset: number;
  readonly file: SegmentFile;
  readonly indexes: HeldIndexes;
  readonly mode: OpenMode;
  readonly writtenSize: number;
}

export class SegmentReader {
  readonly #segment: ReadSegment;
  readonly #recent: RecentBatches;

  constructor(segment: ReadSegment, recent: RecentBatches) {
    this.#segment = segment;
    this.#recent = recent;
  }

  /** The first batch whose last offset is `offset` or more; null if the segment ends before. */
  locate(offset: number): BatchLocation | null | Promise<BatchLocation | null> {
    return this.#recent.find(offset) ?? this.locateInFile(offset);
  }

  /** A position at or before the first batch that may hold that time, and that offset, or later. */
  async positionForTimestamp(timestampMs: number, offset: number): Promise<number> {
    const { times, offsets } = (await this.#segment.indexes.loaded()).indexes;
    return offsets.lookup(Math.max(times.lookup(timestampMs).offset, offset));
  }

  /** An offset behind all batches that begin before `position`, as near as is known without reading. */
  offsetBehind(position: number): number | Promise<number> {
    const loaded = this.#segment.indexes.loaded();
    const find = ({ indexes }: IndexBuilder): number =>
      indexes.offsets.offsetBehind(position) ?? Infinity;
    return loaded instanceof Promise ? loaded.then(find) : find(loaded);
  }

  /** The largest timestamp of the segment and the last offset of its batch; -1 if there is none. */
  largestTimestamp(): Promise<TimeEntry> {
    return this.#segment.indexes.largestTimestamp();
  }

  /** The largest timestamp of the first batch, from the file; null if there is none. */
  async firstTimestamp(): Promise<number | null> {
    let found: number | null = null;
    await this.scan(0, (header) => {
      found = header.maxTimestampMs;
      return false;
    });
    return found;
  }

  /** Walks over batch headers from `position` to the end of what is written. */
  async scan(position: number, visit: BatchVisitor): Promise<ScanEnd> {
    const { file, mode, writtenSize } = this.#segment;
    const range = { from: position, to: writtenSize, verify: false };
    if (range.from >= range.to) return { position, problem: null };
    return file.use(mode, ({ handle }) => scanBatches(handle, range, visit));
  }

  async readBytes(position: number, size: number): Promise<Buffer> {
    const { file, mode } = this.#segment;
    return file.use(mode, async ({ handle }) => {
      const target = Buffer.allocUnsafe(size);
      return target.subarray(0, await handle.read(target, position));
    });
  }

  /** As `locate`, from what is written alone. */
  async locateInFile(offset: number): Promise<BatchLocation | null> {
    const { indexes, file } = this.#segment;
    const { offsets } = (await indexes.loaded()).indexes;
    let location: BatchLocation | null = null;
    let nextOffset = this.#segment.baseOffset;
    // From before the offset on: where a message of an old format begins, the one before it tells.
    const end = await this.scan(offsets.lookup(offset - 1), (header, position) => {
      const { lastOffset, sizeInBytes: size } = header;
      const isOld = header.magic !== BATCH_MAGIC;
      const baseOffset = isOld ? nextOffset : header.baseOffset;
      nextOffset = lastOffset + 1;
      if (lastOffset < offset) return true;
      location = { position, size, baseOffset, lastOffset };
      return false;
    });
    if (end.problem !== null) throw new Error(`${file.path}: ${end.problem}`);
    return location;
  }
}
