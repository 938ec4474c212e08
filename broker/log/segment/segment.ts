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
import type { BatchHeader } from '../../records/batch-header.ts';
import { IndexBuilder } from '../index/index-builder.ts';
import type { LogConfig } from '../log-config.ts';
import type { SegmentEnvironment } from '../log-environment.ts';
import { TransactionIndex } from '../transactions/transaction-index.ts';
import { fits } from './build-indexes.ts';
import { HeldIndexes } from './held-indexes.ts';
import { RecentBatches } from './recent-batches.ts';
import { SegmentExtent } from './segment-extent.ts';
import type { OpenMode } from './segment-file.ts';
import { SegmentFile } from './segment-file.ts';
import { SegmentReader } from './segment-reader.ts';

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
  readonly indexes: HeldIndexes;
  readonly reader: SegmentReader;
  /** The size of the file, where that is more than what is written. */
  readonly extent: SegmentExtent;
  readonly createdMs: number;
  readonly #environment: SegmentEnvironment;
  readonly #config: () => LogConfig;
  readonly #recent: RecentBatches;
  #isActive = false;
  #size = 0;
  #writtenSize = 0;
  /** What was in the file at the last sync; -1: nobody knows. */
  #syncedSize = -1;
  #lastModifiedMs: number;
  #beganMs: number | null = null;
  #isFound = false;
  #isDeleted = false;

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
    const recent = this.#recent;
    const { environment, config } = options;
    this.indexes = new HeldIndexes(this, { environment, config, recent });
    this.reader = new SegmentReader(this, recent);
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
    segment.indexes.startEmpty();
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
    segment.noteFound(file.size);
    if (file.isSynced) segment.#syncedSize = file.size;
    segment.indexes.noteFound(file);
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
  get mode(): OpenMode {
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
    return this.indexes.builder?.firstTimestampMs ?? null;
  }

  hasRoomFor(lastOffset: number): boolean {
    return fits(lastOffset, this.baseOffset);
  }

  indexesAreFull(indexBytesMax: number): boolean {
    return this.indexes.builder?.indexes.isFull(indexBytesMax) ?? false;
  }

  /** Takes notice of a batch that will lie at the end of the file. */
  add(header: BatchHeader, baseOffset: number): void {
    const { builder } = this.indexes;
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

  /**
   * Makes the last segment of a loaded or truncated log the active one: learns from the indexes and
   * the headers behind their last entry what `add` would have learnt. Returns the offset after the
   * last batch, or why the tail is not whole.
   */
  async activate(): Promise<{ readonly endOffset: number } | { readonly problem: string }> {
    const builder = await this.indexes.loaded();
    let endOffset = this.baseOffset;
    const end = await this.reader.scan(builder.indexes.offsets.lastPosition, (header, position) => {
      endOffset = header.lastOffset + 1;
      builder.noteTimestamp(header.maxTimestampMs, header.lastOffset);
      this.#recent.add(header.baseOffset, header.lastOffset, position, header.sizeInBytes);
    });
    if (end.problem !== null) return { problem: end.problem };
    const problem = await this.transactions.problem();
    if (problem !== null) return { problem };
    builder.firstTimestampMs = await this.reader.firstTimestamp();
    this.indexes.activate(builder);
    this.#isActive = true;
    this.#beganMs = this.#beginning(builder.firstTimestampMs);
    return { endOffset };
  }

  /**
   * Drops the batches from `offset` on, written or not; to be activated again afterwards. Returns the
   * offset at which the segment ends: a lower one if `offset` lies within a batch.
   */
  async truncateTo(offset: number): Promise<number> {
    const location = await this.reader.locateInFile(offset);
    const { indexes } = await this.indexes.loaded();
    const size = Math.min(location?.position ?? this.#writtenSize, this.#writtenSize);
    this.#recent.clear();
    indexes.truncateTo(offset);
    this.#size = size;
    this.#writtenSize = size;
    this.#isActive = false;
    this.#syncedSize = size;
    this.indexes.replace(new IndexBuilder(indexes, size), null);
    await this.file.cut(size);
    this.extent.noteCut();
    await indexes.save({ trim: true });
    return Math.min(offset, location?.baseOffset ?? offset);
  }

  /** It was found with that size, or cut to it by recovery; what of it is on the disk is not known. */
  noteFound(size: number): void {
    this.#size = size;
    this.#writtenSize = size;
    this.#syncedSize = -1;
  }

  /** No batch will be added any more. */
  seal(): void {
    assert(this.#isActive);
    this.indexes.seal();
    this.#isActive = false;
  }

  /** A segment that is going away is left alone: opening it for writing would make it anew. */
  #truncateFile(size: number): Promise<void> {
    return this.indexes.saves.run(async () => {
      if (this.#isDeleted) return;
      await this.file.use('write', ({ handle }) => handle.truncate(size));
      this.#syncedSize = -1;
    });
  }

  /** Makes the files of the active segment, the indexes in their full size. */
  async prepareFiles(): Promise<void> {
    const { builder } = this.indexes;
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
    return this.indexes.saves.run(async () => {
      const size = this.#writtenSize;
      if (this.#isDeleted || size === this.#syncedSize) return;
      await this.file.use('write', ({ handle }) => handle.sync());
      this.#syncedSize = size;
    });
  }

  /** To follow `sync`, as an index must not speak of bytes that are not there. May be tried again. */
  saveIndexes(): Promise<void> {
    return this.indexes.saves.run(async () => {
      if (this.#isDeleted) return;
      await this.indexes.save();
      await this.transactions.save();
      this.indexes.noteUse();
    });
  }

  /** A save that is under way ends first, and none begins afterwards: it would make the files anew. */
  markDeleted(options = { keepsSnapshot: false }): Promise<void> {
    return this.indexes.saves.run(async () => {
      this.#isDeleted = true;
      this.indexes.release();
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
}
