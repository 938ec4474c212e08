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
import { BATCH_MAGIC } from '../../records/batch-header.ts';
import { IndexBuilder } from '../index/index-builder.ts';
import { SegmentIndexes } from '../index/segment-indexes.ts';
import { lastTimeEntry } from '../index/last-time-entry.ts';
import type { TimeEntry } from '../index/time-index.ts';
import type { LogConfig } from '../log-config.ts';
import type { SegmentEnvironment } from '../log-environment.ts';
import { contextOf } from '../log-environment.ts';
import { TransactionIndex } from '../transactions/transaction-index.ts';
import type { BatchVisitor, ScanEnd } from './batch-scanner.ts';
import { scanBatches } from './batch-scanner.ts';
import type { IndexedFile, TrustedPart } from './build-indexes.ts';
import { buildIndexes, fits, rebuildIndexes } from './build-indexes.ts';
import type { BatchLocation } from './recent-batches.ts';
import { RecentBatches } from './recent-batches.ts';
import { SegmentExtent } from './segment-extent.ts';
import { SegmentFile } from './segment-file.ts';

/** What is walked over in this thread where indexes have to be built anew. */
const INLINE_SIZE_MAX = 16 << 20;

export interface SegmentOptions {
  readonly folder: string;
  readonly baseOffset: number;
  readonly environment: SegmentEnvironment;
  /** The log's configuration now. */
  readonly config: () => LogConfig;
}

export class Segment {
  readonly baseOffset: number;
  readonly file: SegmentFile;
  /** The aborted transactions whose markers lie in the segment. */
  readonly transactions: TransactionIndex;
  readonly createdMs: number;
  readonly #environment: SegmentEnvironment;
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
  #beganMs: number | null = null;
  #isFound = false;
  /** The size of the file, where that is more than what is written. */
  readonly extent: SegmentExtent;
  readonly #saves = new SerialQueue();
  /** False: recovery wrote the index files, and left it to the first flush to sync them. */
  #indexesAreSynced = true;
  #isDeleted = false;
  /** Outlives the indexes; null: not looked up yet. */
  #largest: TimeEntry | null = null;

  private constructor(options: SegmentOptions) {
    this.baseOffset = options.baseOffset;
    this.file = new SegmentFile(options.folder, options.baseOffset, options.environment);
    this.#environment = options.environment;
    const { file } = this;
    this.transactions = new TransactionIndex({
      get path() {
        return file.transactionIndexPath;
      },
      settled: () => file.settled(),
      baseOffset: options.baseOffset,
      fileSystem: options.environment.fileSystem,
      indexes: options.environment.indexes,
    });
    this.#config = options.config;
    this.extent = new SegmentExtent({
      truncate: (size) => this.#truncateFile(size),
      writtenSize: () => this.#writtenSize,
      config: options.config,
    });
    this.createdMs = options.environment.clock.nowMs();
    this.#lastModifiedMs = this.createdMs;
    this.#recent = new RecentBatches(options.baseOffset);
  }

  /**
   * A new, active segment. Its files come with the first write and `prepareFiles`. `before` is the one
   * that it follows, where that is no older than this process.
   */
  static create(options: SegmentOptions, before: Segment | null = null): Segment {
    const segment = new Segment(options);
    const isPadded = before?.extent.mayBePadded === true;
    if (isPadded || options.config().preallocate)
      segment.extent.prepareAfter(before?.extent ?? null);
    segment.#builder = segment.#emptyBuilder();
    segment.transactions.startEmpty();
    segment.#isActive = true;
    return segment;
  }

  /** A segment that was in the folder before; sealed until `activate`. */
  static existing(
    options: SegmentOptions,
    file: FileStat & { readonly isSynced: boolean },
  ): Segment {
    const segment = new Segment(options);
    segment.#size = file.size;
    segment.#writtenSize = file.size;
    if (file.isSynced) segment.#syncedSize = file.size;
    segment.#indexesAreSynced = file.isSynced;
    segment.#lastModifiedMs = file.modifiedMs;
    segment.#isFound = true;
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

  /** When records were last added: the time of its file. */
  get modifiedMs(): number {
    return this.#lastModifiedMs;
  }

  /** When the first record came to an active segment, as far as is known; null: it is empty or sealed. */
  get beganMs(): number | null {
    return this.#isActive ? this.#beganMs : null;
  }

  /** Null: it was there before this process. */
  get madeMs(): number | null {
    return this.#isFound ? null : this.createdMs;
  }

  /** Largest timestamp of the first batch of an active segment; null if it is empty. */
  get firstTimestampMs(): number | null {
    return this.#builder?.firstTimestampMs ?? null;
  }

  hasRoomFor(lastOffset: number): boolean {
    return fits(lastOffset, this.baseOffset);
  }

  indexesAreFull(indexBytesMax: number): boolean {
    return this.#builder?.indexes.isFull(indexBytesMax) ?? false;
  }

  /** Takes notice of a batch that will lie at the end of the file. */
  add(header: BatchHeader, baseOffset: number): void {
    const builder = this.#builder;
    assert(this.#isActive && builder !== null, 'only the active segment grows');
    this.#lastModifiedMs = this.#environment.clock.nowMs();
    this.#beganMs ??= this.#lastModifiedMs;
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

  /** An offset behind all batches that begin before `position`, as near as is known without reading. */
  offsetBehind(position: number): number | Promise<number> {
    const loaded = this.#loaded();
    const find = ({ indexes }: IndexBuilder): number =>
      indexes.offsets.offsetBehind(position) ?? Infinity;
    return loaded instanceof Promise ? loaded.then(find) : find(loaded);
  }

  /** The largest timestamp of the segment and the last offset of its batch; -1 if there is none. */
  async largestTimestamp(): Promise<TimeEntry> {
    if (this.#isActive && this.#builder !== null) return this.#builder.largest;
    // The last entry alone, where it can be had: of thousands of segments nothing else is asked.
    this.#largest ??=
      (this.#builder === null
        ? await lastTimeEntry(this.file.indexFiles, this.baseOffset)
        : null) ?? (await this.#loaded()).indexes.times.last;
    return this.#largest;
  }

  /** The largest timestamp of the first batch, from the file; null if there is none. */
  async readFirstTimestamp(): Promise<number | null> {
    let found: number | null = null;
    await this.scan(0, (header) => {
      found = header.maxTimestampMs;
      return false;
    });
    return found;
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
    const problem = await this.transactions.problem();
    if (problem !== null) return { problem };
    builder.firstTimestampMs = await this.readFirstTimestamp();
    this.#environment.indexes.remove(this);
    this.#builder = builder;
    this.#isActive = true;
    this.#beganMs = this.#beginning(builder.firstTimestampMs);
    return { endOffset };
  }

  /**
   * Verifies every batch, cuts the file behind the last valid one and builds the indexes anew. The
   * visitor sees each valid batch, and adds the transactions that it finds aborted to `transactions`.
   * Returns why it was cut, or null. What is trusted of it is left as it is.
   */
  async rebuild(
    visit: BatchVisitor,
    {
      trusted,
      syncIndexes,
    }: { readonly trusted: TrustedPart | null; readonly syncIndexes: boolean },
  ): Promise<string | null> {
    if (trusted === null) this.transactions.startEmpty();
    const { fileSystem } = this.#environment;
    const options = { ...this.#indexedFile, fileSystem, verify: true, trusted };
    const { builder, problem } = await this.file.use('read', ({ handle }) =>
      buildIndexes({ ...options, handle }, visit),
    );
    this.#builder = builder;
    this.#largest = builder.largest;
    if (builder.size < this.#size) await this.file.cut(builder.size);
    this.#size = builder.size;
    this.#writtenSize = builder.size;
    this.#syncedSize = -1;
    await builder.indexes.save({ trim: true, sync: syncIndexes });
    await (trusted === null ? this.transactions.replace() : this.transactions.save());
    return problem;
  }

  /**
   * What of it lies before `offset`, the recovery point: it was synced, and its indexes with it. They
   * are believed if their last entry leads to a whole batch. Null: all of it must be read.
   */
  async trustedPart(offset: number): Promise<TrustedPart | null> {
    const { baseOffset } = this;
    const segment = { baseOffset, size: this.#writtenSize };
    const indexes = await SegmentIndexes.loadBefore(offset, this.file.indexFiles, segment);
    if (indexes === null) return null;
    const { lastOffset, lastPosition: position } = indexes.offsets;
    let found = -1;
    const range = { from: position, to: this.#writtenSize, verify: true };
    await this.file.use('read', ({ handle }) =>
      scanBatches(handle, range, (header) => {
        if (header.lastOffset === lastOffset) found = header.baseOffset;
        return false;
      }),
    );
    return found < 0 ? null : { indexes, position, offset: found };
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
    this.extent.noteCut();
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

  /** A segment that is going away is left alone: opening it for writing would make it anew. */
  #truncateFile(size: number): Promise<void> {
    return this.#saves.run(async () => {
      if (this.#isDeleted) return;
      await this.file.use('write', ({ handle }) => handle.truncate(size));
      this.#syncedSize = -1;
    });
  }

  /** Makes the files of the active segment, the indexes in their full size. */
  async prepareFiles(): Promise<void> {
    const builder = this.#builder;
    if (!this.#isActive || builder === null) return;
    await this.file.use('write', () => Promise.resolve());
    await builder.indexes.preallocate(this.#config().segmentIndexBytes);
  }

  /** In the file, and not known to be on the disk. */
  get unsyncedSize(): number {
    return this.#writtenSize - Math.max(0, this.#syncedSize);
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
      if (!this.#indexesAreSynced) await this.#emptyBuilder().indexes.sync();
      this.#indexesAreSynced = true;
      await this.transactions.save();
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
  markDeleted(options = { keepsSnapshot: false }): Promise<void> {
    return this.#saves.run(async () => {
      this.#isDeleted = true;
      this.#environment.indexes.remove(this);
      this.#environment.indexes.remove(this.transactions);
      await this.file.markDeleted(options);
    });
  }

  /** Its files are on their way out. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** The first record cannot have come after the last one. */
  #beginning(firstTimestampMs: number | null): number | null {
    if (firstTimestampMs === null) return null;
    return firstTimestampMs < 0
      ? this.#lastModifiedMs
      : Math.min(firstTimestampMs, this.#lastModifiedMs);
  }

  #emptyBuilder(): IndexBuilder {
    return new IndexBuilder(SegmentIndexes.empty(this.file.indexFiles, this.baseOffset), 0);
  }

  async #locateByScan(offset: number): Promise<BatchLocation | null> {
    const { offsets } = (await this.#loaded()).indexes;
    let location: BatchLocation | null = null;
    let nextOffset = this.baseOffset;
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
    const { path } = this.file;
    const load = (): ReturnType<typeof SegmentIndexes.load> =>
      this.#environment.indexes.read(() =>
        SegmentIndexes.load(this.file.indexFiles, { baseOffset, size }),
      );
    let loaded = await load();
    if (typeof loaded === 'string' && (await this.file.hasMoved(path))) {
      loaded = await load();
    }
    if (typeof loaded === 'string') {
      const fields = { segment: this.file.path, problem: loaded };
      this.#environment.logger.warn(fields, 'indexes are built anew');
      await this.#rebuildIndexes();
      loaded = await load();
    }
    if (typeof loaded === 'string') throw new Error(`${this.file.path}: ${loaded}`);
    const builder = new IndexBuilder(loaded, size);
    this.#builder = builder;
    this.#noteUse();
    return builder;
  }

  /** Of the whole file, in a thread where that takes long. */
  #rebuildIndexes(): Promise<void> {
    return this.#saves.run(async () => {
      if (this.#isDeleted) return;
      const input = { ...this.#indexedFile, path: this.file.path };
      const isSmall = input.size <= INLINE_SIZE_MAX;
      if (isSmall) await rebuildIndexes.run(input, contextOf(this.#environment));
      else await this.#environment.workers.run(rebuildIndexes, input);
    });
  }

  get #indexedFile(): IndexedFile {
    const { offsetIndexPath, timeIndexPath } = this.file.indexFiles;
    const { indexIntervalBytes } = this.#config();
    const { baseOffset } = this;
    const size = this.#writtenSize;
    return { offsetIndexPath, timeIndexPath, baseOffset, size, indexIntervalBytes };
  }
}
