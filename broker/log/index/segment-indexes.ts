/**
 * The offset index and the time index of one segment, which grow together, and their files. Entries
 * are added in memory and written by `save`; a crash before that loses nothing, as recovery rebuilds
 * the indexes of every segment that was not flushed.
 */

import assert from 'node:assert/strict';
import type { FileHandle, FileSystem } from '../../platform/file-system.ts';
import { readChecked } from './checked-file.ts';
import { readSoundStart } from './sound-start.ts';
import { OFFSET_ENTRY_SIZE, OffsetIndex } from './offset-index.ts';
import { TIME_ENTRY_SIZE, TimeIndex } from './time-index.ts';

export interface IndexFiles {
  readonly fileSystem: FileSystem;
  readonly offsetIndexPath: string;
  readonly timeIndexPath: string;
}

export class SegmentIndexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
  readonly #files: IndexFiles;
  /** Entries that the files are known to hold. */
  #savedOffsetCount = 0;
  #savedTimeCount = 0;
  /** Whether the files are exactly as long as their entries. */
  #isTrimmed = false;

  private constructor(files: IndexFiles, offsets: OffsetIndex, times: TimeIndex) {
    this.#files = files;
    this.offsets = offsets;
    this.times = times;
  }

  static empty(files: IndexFiles, baseOffset: number): SegmentIndexes {
    const none = Buffer.alloc(0);
    return new SegmentIndexes(
      files,
      new OffsetIndex(baseOffset, none),
      new TimeIndex(baseOffset, none),
    );
  }

  /** The indexes, or why the files cannot be those of the segment. Rejects with other file errors. */
  static async load(
    files: IndexFiles,
    segment: { readonly baseOffset: number; readonly size: number },
  ): Promise<SegmentIndexes | string> {
    const offsets = await readIndex(files.fileSystem, files.offsetIndexPath, (bytes, from) =>
      OffsetIndex.problemOf(bytes, segment.size, from),
    );
    const times = await readIndex(files.fileSystem, files.timeIndexPath, (bytes, from) =>
      TimeIndex.problemOf(bytes, from),
    );
    if (typeof offsets === 'string') return `the offset index is ${offsets}`;
    if (typeof times === 'string') return `the time index is ${times}`;
    const indexes = new SegmentIndexes(
      files,
      new OffsetIndex(segment.baseOffset, offsets),
      new TimeIndex(segment.baseOffset, times),
    );
    indexes.#savedOffsetCount = indexes.offsets.count;
    indexes.#savedTimeCount = indexes.times.count;
    indexes.#isTrimmed = true;
    return indexes;
  }

  /** Those of the offsets before `offset`, which were synced; null if there is no entry. */
  static async loadBefore(
    offset: number,
    files: IndexFiles,
    segment: { readonly baseOffset: number; readonly size: number },
  ): Promise<SegmentIndexes | null> {
    const { baseOffset } = segment;
    const { fileSystem, offsetIndexPath, timeIndexPath } = files;
    const offsetBytes = await readSoundStart(fileSystem, offsetIndexPath, (bytes) =>
      OffsetIndex.soundSize(bytes, { ...segment, offset }),
    );
    if (offsetBytes === null || offsetBytes.length === 0) return null;
    const offsets = new OffsetIndex(baseOffset, offsetBytes);
    const bounds = { baseOffset, lastOffset: offsets.lastOffset };
    const timeBytes = await readSoundStart(fileSystem, timeIndexPath, (bytes) =>
      TimeIndex.soundSize(bytes, bounds),
    );
    if (timeBytes === null) return null;
    const times = new TimeIndex(baseOffset, timeBytes);
    // An entry for an offset comes with one for the time of what lies before, where that has any.
    if (times.count === 0) return null;
    const indexes = new SegmentIndexes(files, offsets, times);
    indexes.#savedOffsetCount = offsets.count;
    indexes.#savedTimeCount = times.count;
    return indexes;
  }

  get capacityBytes(): number {
    return this.offsets.capacityBytes + this.times.capacityBytes;
  }

  /** Nothing in memory that the files do not hold. */
  get isSaved(): boolean {
    return this.#isTrimmed && this.#isUpToDate;
  }

  isFull(indexBytesMax: number): boolean {
    return this.offsets.isFull(indexBytesMax) || this.times.isFull(indexBytesMax);
  }

  truncateTo(offset: number): void {
    this.offsets.truncateTo(offset);
    this.times.truncateTo(offset);
    this.#savedOffsetCount = Math.min(this.#savedOffsetCount, this.offsets.count);
    this.#savedTimeCount = Math.min(this.#savedTimeCount, this.times.count);
    this.#isTrimmed = false;
  }

  /** Makes the files and gives them their full size, sparse, as those of an active segment have. */
  async preallocate(indexBytesMax: number): Promise<void> {
    this.#isTrimmed = false;
    const { offsetIndexPath, timeIndexPath } = this.#files;
    const offsetsSize = indexBytesMax - (indexBytesMax % OFFSET_ENTRY_SIZE);
    const timesSize = indexBytesMax - (indexBytesMax % TIME_ENTRY_SIZE);
    await this.#withFile(offsetIndexPath, (handle) => handle.truncate(offsetsSize));
    await this.#withFile(timeIndexPath, (handle) => handle.truncate(timesSize));
  }

  /** Writes what the files lack and syncs them, unless told not to; `trim` cuts them to their entries. */
  async save(options: { readonly trim: boolean; readonly sync?: boolean }): Promise<void> {
    if (this.#isUpToDate && (this.#isTrimmed || !options.trim)) return;
    const { offsetIndexPath, timeIndexPath } = this.#files;
    const offsetCount = this.offsets.count;
    const timeCount = this.times.count;
    await this.#withFile(offsetIndexPath, (handle) =>
      store(handle, this.offsets.bytes, this.#savedOffsetCount * OFFSET_ENTRY_SIZE, options),
    );
    await this.#withFile(timeIndexPath, (handle) =>
      store(handle, this.times.bytes, this.#savedTimeCount * TIME_ENTRY_SIZE, options),
    );
    this.#savedOffsetCount = offsetCount;
    this.#savedTimeCount = timeCount;
    if (options.trim) this.#isTrimmed = true;
  }

  /** Those of files that somebody else has written, and not synced. */
  async sync(): Promise<void> {
    const { offsetIndexPath, timeIndexPath } = this.#files;
    for (const path of [offsetIndexPath, timeIndexPath]) {
      await this.#withFile(path, (handle) => handle.sync());
    }
  }

  get #isUpToDate(): boolean {
    return (
      this.#savedOffsetCount === this.offsets.count && this.#savedTimeCount === this.times.count
    );
  }

  async #withFile(path: string, task: (handle: FileHandle) => Promise<void>): Promise<void> {
    const handle = await this.#files.fileSystem.open(path, 'write');
    try {
      await task(handle);
    } finally {
      await handle.close();
    }
  }
}

async function store(
  handle: FileHandle,
  bytes: Buffer,
  savedSize: number,
  { trim, sync = true }: { readonly trim: boolean; readonly sync?: boolean },
): Promise<void> {
  assert(savedSize <= bytes.length);
  // A copy: entries may be added while the thread pool writes.
  const unsaved = Buffer.from(bytes.subarray(savedSize));
  if (unsaved.length > 0) await handle.write([unsaved], savedSize);
  if (trim) await handle.truncate(bytes.length);
  if (sync) await handle.sync();
}

/** The bytes, or what is wrong with the file. */
async function readIndex(
  fileSystem: FileSystem,
  path: string,
  problemOf: (bytes: Buffer, from: number) => string | null,
): Promise<Buffer | string> {
  if ((await fileSystem.stat(path)) === null) return 'missing';
  const bytes = await readChecked(fileSystem, path, problemOf);
  return typeof bytes === 'string' ? `damaged: ${bytes}` : bytes;
}
