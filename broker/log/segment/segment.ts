/**
 * One segment of a partition: its `.log` file, the indexes beside it, and what is known of its
 * batches. Owner: the partition's log, which alone adds to it and says what has reached the file.
 *
 * Invariants: only the last segment of a log is active; `writtenSize` <= `size`, the difference being
 * batches on their way to the file; readers look at nothing behind `writtenSize`. A sealed segment
 * loads its indexes when they are asked for, and builds them anew where the files are damaged.
 */

import assert from 'node:assert/strict';
import type { FileStat } from '../../platform/file-system.ts';
import { SerialQueue } from '../../platform/serial-queue.ts';
import type { BatchHeader } from '../../records/batch-header.ts';
import { IndexBuilder } from '../index/index-builder.ts';
import { SegmentIndexes } from '../index/segment-indexes.ts';
import type { TimeEntry } from '../index/time-index.ts';
import type { LogConfig } from '../log-config.ts';
import type { LogEnvironment } from '../log-environment.ts';
import type { BatchVisitor, ScanEnd } from './batch-scanner.ts';
import { scanBatches } from './batch-scanner.ts';
import type { BatchLocation } from './recent-batches.ts';
import { RecentBatches } from './recent-batches.ts';
import { SegmentFile } from './segment-file.ts';

/** Offsets in indexes are relative to the base offset, as int32. */
const RELATIVE_OFFSET_MAX = 0x7fffffff;

export interface SegmentOptions {
  readonly folder: string;
  readonly baseOffset: number;
  readonly environment: LogEnvironment;
  /** The log's configuration now. */
  readonly config: () => LogConfig;
}

export class Segment {
  readonly baseOffset: number;
  readonly file: SegmentFile;
  readonly createdMs: number;
  readonly #environment: LogEnvironment;
  readonly #config: () => LogConfig;
  readonly #recent: RecentBatches;
  /** Null: sealed, and the indexes are not in memory. */
  #builder: IndexBuilder | null = null;
  #loading: Promise<IndexBuilder> | null = null;
  #isActive = false;
  #size = 0;
  #writtenSize = 0;
  /** What was in the file at the last sync; -1: nobody knows. */
  #syncedSize = -1;
  #lastModifiedMs: number;
  readonly #saves = new SerialQueue();
  #isDeleted = false;
  /** Outlives the indexes; null: not looked up yet. */
  #largest: TimeEntry | null = null;

  private constructor(options: SegmentOptions) {
    this.baseOffset = options.baseOffset;
    this.file = new SegmentFile(options.folder, options.baseOffset, options.environment);
    this.#environment = options.environment;
    this.#config = options.config;
    this.createdMs = options.environment.clock.nowMs();
    this.#lastModifiedMs = this.createdMs;
    this.#recent = new RecentBatches(options.baseOffset);
  }

  /** A new, active segment. Its files come with the first write and `prepareIndexFiles`. */
  static create(options: SegmentOptions): Segment {
    const segment = new Segment(options);
    segment.#builder = segment.#emptyBuilder();
    segment.#isActive = true;
    return segment;
  }

  /** A segment that was in the folder before, all of it synced then; sealed until `activate`. */
  static existing(options: SegmentOptions, file: FileStat): Segment {
    const segment = new Segment(options);
    segment.#size = file.size;
    segment.#writtenSize = file.size;
    segment.#syncedSize = file.size;
    segment.#lastModifiedMs = file.modifiedMs;
    return segment;
  }

  get size(): number {
    return this.#size;
  }

  get writtenSize(): number {
    return this.#writtenSize;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** How its file is opened. */
  get mode(): 'read' | 'write' {
    return this.#isActive ? 'write' : 'read';
  }

  /** Largest timestamp of the first batch of an active segment; null if it is empty. */
  get firstTimestampMs(): number | null {
    return this.#builder?.firstTimestampMs ?? null;
  }

  hasRoomFor(lastOffset: number): boolean {
    return lastOffset - this.baseOffset <= RELATIVE_OFFSET_MAX;
  }

  indexesAreFull(indexBytesMax: number): boolean {
    return this.#builder?.indexes.isFull(indexBytesMax) ?? false;
  }

  /** Takes notice of a batch that will lie at the end of the file. */
  add(header: BatchHeader, baseOffset: number): void {
    const builder = this.#builder;
    assert(this.#isActive && builder !== null, 'only the active segment grows');
    this.#lastModifiedMs = this.#environment.clock.nowMs();
    const lastOffset = baseOffset + header.lastOffsetDelta;
    this.#recent.add(baseOffset, lastOffset, this.#size, header.sizeInBytes);
    builder.add(header, baseOffset, this.#config().indexIntervalBytes);
    this.#size = builder.size;
  }

  /** Everything up to `size` is in the file. */
  noteWritten(size: number): void {
    assert(size <= this.#size && size >= this.#writtenSize);
    this.#writtenSize = size;
  }

  /** The first batch whose last offset is `offset` or more; null if the segment ends before. */
  locate(offset: number): BatchLocation | null | Promise<BatchLocation | null> {
    return this.#recent.find(offset) ?? this.#locateByScan(offset);
  }

  /** A position at or before the first batch that may hold that time, and that offset, or later. */
  async positionForTimestamp(timestampMs: number, offset: number): Promise<number> {
    const { times, offsets } = (await this.#loaded()).indexes;
    return offsets.lookup(Math.max(times.lookup(timestampMs).offset, offset));
  }

  /** The largest timestamp of the segment and the last offset of its batch; -1 if there is none. */
  async largestTimestamp(): Promise<TimeEntry> {
    if (this.#isActive && this.#builder !== null) return this.#builder.largest;
    this.#largest ??= (await this.#loaded()).indexes.times.last;
    return this.#largest;
  }

  /** By which retention goes: the largest timestamp, or where no record has one, of the file. */
  async retentionTimestampMs(): Promise<number> {
    const { timestampMs } = await this.largestTimestamp();
    return timestampMs >= 0 ? timestampMs : this.#lastModifiedMs;
  }

  /** Walks over batch headers from `position` to the end of what is written. */
  async scan(position: number, visit: BatchVisitor): Promise<ScanEnd> {
    const range = { from: position, to: this.#writtenSize, verify: false };
    if (range.from >= range.to) return { position, problem: null };
    return this.file.use(this.mode, ({ handle }) => scanBatches(handle, range, visit));
  }

  async readBytes(position: number, size: number): Promise<Buffer> {
    return this.file.use(this.mode, async ({ handle }) => {
      const target = Buffer.allocUnsafe(size);
      return target.subarray(0, await handle.read(target, position));
    });
  }

  /**
   * Makes the last segment of a loaded or truncated log the active one: learns from the indexes and
   * the headers behind their last entry what `add` would have learnt. Returns the offset after the
   * last batch, or why the tail is not whole.
   */
  async activate(): Promise<{ readonly endOffset: number } | { readonly problem: string }> {
    const builder = await this.#loaded();
    let endOffset = this.baseOffset;
    const end = await this.scan(builder.indexes.offsets.lastPosition, (header, position) => {
      endOffset = header.lastOffset + 1;
      builder.noteTimestamp(header.maxTimestampMs, header.lastOffset);
      this.#recent.add(header.baseOffset, header.lastOffset, position, header.sizeInBytes);
    });
    if (end.problem !== null) return { problem: end.problem };
    builder.firstTimestampMs = null;
    await this.scan(0, (header) => {
      builder.firstTimestampMs = header.maxTimestampMs;
      return false;
    });
    this.#environment.indexes.remove(this);
    this.#builder = builder;
    this.#isActive = true;
    return { endOffset };
  }

  /**
   * Verifies every batch, cuts the file behind the last valid one and builds the indexes anew. The
   * visitor sees each valid batch. Returns why it was cut, or null.
   */
  async rebuild(visit: BatchVisitor): Promise<string | null> {
    const { builder, problem } = await this.#build(visit, true);
    this.#builder = builder;
    this.#largest = builder.largest;
    if (builder.size < this.#size) await this.file.cut(builder.size);
    this.#size = builder.size;
    this.#writtenSize = builder.size;
    this.#syncedSize = -1;
    await builder.indexes.save({ trim: true });
    return problem;
  }

  /** For a segment that was whole, but may have been sealed without its last index entry being saved. */
  async completeIndexes(): Promise<void> {
    const builder = await this.#loaded();
    await this.scan(builder.indexes.offsets.lastPosition, (header) => {
      builder.noteTimestamp(header.maxTimestampMs, header.lastOffset);
      return true;
    });
    builder.indexLargest();
    await builder.indexes.save({ trim: true });
  }

  /**
   * Drops the batches from `offset` on, written or not; to be activated again afterwards. Returns the
   * offset at which the segment ends: a lower one if `offset` lies within a batch.
   */
  async truncateTo(offset: number): Promise<number> {
    const location = await this.#locateByScan(offset);
    const { indexes } = await this.#loaded();
    const size = Math.min(location?.position ?? this.#writtenSize, this.#writtenSize);
    this.#recent.clear();
    indexes.truncateTo(offset);
    this.#size = size;
    this.#writtenSize = size;
    this.#isActive = false;
    this.#syncedSize = size;
    this.#largest = null;
    this.#builder = new IndexBuilder(indexes, size);
    await this.file.cut(size);
    await indexes.save({ trim: true });
    return Math.min(offset, location?.baseOffset ?? offset);
  }

  /** No batch will be added any more. */
  seal(): void {
    assert(this.#isActive);
    this.#builder?.indexLargest();
    this.#largest = this.#builder?.largest ?? null;
    this.#isActive = false;
  }

  /** Makes the files of the active segment, the indexes in their full size. */
  async prepareFiles(): Promise<void> {
    const builder = this.#builder;
    if (!this.#isActive || builder === null) return;
    await this.file.use('write', () => Promise.resolve());
    await builder.indexes.preallocate(this.#config().segmentIndexBytes);
  }

  /** Syncs the data. After a failure nobody knows what of it is on the disk. */
  sync(): Promise<void> {
    return this.#saves.run(async () => {
      const size = this.#writtenSize;
      if (this.#isDeleted || size === this.#syncedSize) return;
      await this.file.use('write', ({ handle }) => handle.sync());
      this.#syncedSize = size;
    });
  }

  /** To follow `sync`, as an index must not speak of bytes that are not there. May be tried again. */
  saveIndexes(): Promise<void> {
    return this.#saves.run(async () => {
      if (this.#isDeleted) return;
      await this.#builder?.indexes.save({ trim: !this.#isActive });
      this.#noteUse();
    });
  }

  /** For the index cache. */
  dropIndexes(): void {
    if (this.#isActive || this.#builder?.indexes.isSaved === false) return;
    this.#builder = null;
    this.#recent.clear();
  }

  /** A save that is under way ends first, and none begins afterwards: it would make the files anew. */
  markDeleted(): Promise<void> {
    return this.#saves.run(async () => {
      this.#isDeleted = true;
      this.#environment.indexes.remove(this);
      await this.file.markDeleted();
    });
  }

  #emptyBuilder(): IndexBuilder {
    return new IndexBuilder(SegmentIndexes.empty(this.file.indexFiles, this.baseOffset), 0);
  }

  async #locateByScan(offset: number): Promise<BatchLocation | null> {
    const { offsets } = (await this.#loaded()).indexes;
    let location: BatchLocation | null = null;
    const end = await this.scan(offsets.lookup(offset), (header, position) => {
      const { baseOffset, lastOffset, sizeInBytes: size } = header;
      if (lastOffset < offset) return true;
      location = { position, size, baseOffset, lastOffset };
      return false;
    });
    if (end.problem !== null) throw new Error(`${this.file.path}: ${end.problem}`);
    return location;
  }

  #loaded(): Promise<IndexBuilder> | IndexBuilder {
    const builder = this.#builder;
    if (builder === null) {
      this.#loading ??= this.#load().finally(() => (this.#loading = null));
      return this.#loading;
    }
    this.#noteUse();
    return builder;
  }

  /** What a sealed segment keeps in memory is bounded by the cache. */
  #noteUse(): void {
    if (this.#isActive || this.#builder === null) return;
    const bytes = this.#builder.indexes.capacityBytes + this.#recent.capacityBytes;
    this.#environment.indexes.touch(this, bytes);
  }

  async #load(): Promise<IndexBuilder> {
    const { baseOffset } = this;
    const size = this.#writtenSize;
    const loaded = await SegmentIndexes.load(this.file.indexFiles, { baseOffset, size });
    let builder: IndexBuilder;
    if (typeof loaded === 'string') {
      this.#environment.logger.warn(
        { segment: this.file.path, problem: loaded },
        'indexes are built anew',
      );
      ({ builder } = await this.#build(() => true, false));
      builder.size = size;
      await builder.indexes.save({ trim: true });
    } else {
      builder = new IndexBuilder(loaded, size);
    }
    this.#builder = builder;
    this.#noteUse();
    return builder;
  }

  async #build(
    visit: BatchVisitor,
    verify: boolean,
  ): Promise<{ readonly builder: IndexBuilder; readonly problem: string | null }> {
    const builder = this.#emptyBuilder();
    const interval = this.#config().indexIntervalBytes;
    let nextOffset = this.baseOffset;
    let misplaced = '';
    const range = { from: 0, to: this.#size, verify };
    const end = await this.file.use('read', ({ handle }) =>
      scanBatches(handle, range, (header, position, buffer, at) => {
        if (header.baseOffset < nextOffset || !this.hasRoomFor(header.lastOffset)) {
          misplaced = `a batch with offset ${String(header.baseOffset)} is out of place`;
          return false;
        }
        nextOffset = header.lastOffset + 1;
        builder.add(header, header.baseOffset, interval);
        return visit(header, position, buffer, at);
      }),
    );
    builder.indexLargest();
    return { builder, problem: misplaced === '' ? end.problem : misplaced };
  }
}
