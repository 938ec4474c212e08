/**
 * The files of a compacted segment while they are written: the names of the segment with `.cleaned`
 * behind them. What stands there counts for nothing until it is renamed; `finish` makes it durable.
 *
 * As long as all that was added is a prefix of one file, nothing is written: most parts of a log do
 * not change from one compaction to the next.
 */

import type { FileHandle, FileSystem } from '../../../platform/file-system.ts';
import type { BatchHeader } from '../../../records/batch-header.ts';
import { FileSuffix, offsetFileName } from '../../files/file-names.ts';
import { IndexBuilder } from '../../index/index-builder.ts';
import { SegmentIndexes } from '../../index/segment-indexes.ts';
import type { AbortedTransaction } from '../../transactions/aborted-transaction.ts';
import { encodeAborted } from '../../transactions/aborted-transaction.ts';
import type { CleaningRun } from './cleaning-run.ts';

/** Suffixes of the files that compaction writes, in the order in which they are renamed. */
export const CLEANED_SUFFIXES = [
  FileSuffix.offsetIndex,
  FileSuffix.timeIndex,
  FileSuffix.transactionIndex,
  FileSuffix.log,
] as const;

export class CleanedSegment {
  readonly #run: CleaningRun;
  readonly #baseOffset: number;
  /** Of the one segment that this may turn out to be equal to; null: there are several. */
  readonly #twinPath: string | null;
  readonly #builder: IndexBuilder;
  readonly #aborted: AbortedTransaction[] = [];
  #handle: FileHandle | null = null;
  #buffer: Buffer;
  #buffered = 0;
  #position = 0;

  constructor(run: CleaningRun, baseOffset: number, twinPath: string | null) {
    this.#run = run;
    this.#baseOffset = baseOffset;
    this.#twinPath = twinPath;
    this.#buffer = Buffer.allocUnsafe(Math.max(1, run.input.limits.ioBufferBytes));
    const files = {
      fileSystem: this.#fileSystem,
      offsetIndexPath: this.#pathOf(FileSuffix.offsetIndex),
      timeIndexPath: this.#pathOf(FileSuffix.timeIndex),
    };
    this.#builder = new IndexBuilder(SegmentIndexes.empty(files, baseOffset), 0);
  }

  /** Nothing was written, as everything is as it was. */
  get isUnchanged(): boolean {
    return this.#twinPath !== null && this.#handle === null;
  }

  /** A batch as it was. The bytes are copied. */
  async addUnchanged(header: BatchHeader, bytes: Buffer): Promise<void> {
    this.#builder.add(header, header.baseOffset, this.#run.input.indexIntervalBytes);
    if (!this.isUnchanged) await this.#write(bytes);
  }

  /** From here on it differs from the segment it was made of. */
  async diverge(): Promise<void> {
    if (!this.isUnchanged || this.#twinPath === null) return;
    const size = this.#builder.size;
    await this.#open();
    const source = await this.#fileSystem.open(this.#twinPath, 'read');
    try {
      while (this.#position + this.#buffered < size) {
        const left = size - this.#position - this.#buffered;
        const chunk = Buffer.allocUnsafe(Math.min(left, this.#buffer.length));
        const count = await source.read(chunk, size - left);
        if (count === 0) throw new Error(`${this.#twinPath} is shorter than it was`);
        await this.#run.noteRead(count);
        await this.#write(chunk.subarray(0, count));
      }
    } finally {
      await source.close();
    }
  }

  /** A batch in place of another one. */
  async addChanged(header: BatchHeader, bytes: Buffer): Promise<void> {
    await this.diverge();
    this.#builder.add(header, header.baseOffset, this.#run.input.indexIntervalBytes);
    await this.#write(bytes);
  }

  /** In the order of the markers. */
  addAborted(transaction: AbortedTransaction): void {
    this.#aborted.push(transaction);
  }

  /**
   * Data, then indexes, then the names: all of it is on the disk. The time is that of the last segment
   * that went into it, as retention may go by it. Nothing to do if all is as it was.
   */
  async finish(modifiedMs: number): Promise<void> {
    if (this.isUnchanged) return;
    const handle = this.#handle ?? (await this.#open());
    await this.#flush();
    await handle.sync();
    await handle.close();
    this.#handle = null;
    this.#builder.indexLargest();
    await this.#builder.indexes.save({ trim: true });
    if (this.#aborted.length > 0) await this.#saveAborted();
    for (const suffix of CLEANED_SUFFIXES) {
      if (suffix === FileSuffix.transactionIndex && this.#aborted.length === 0) continue;
      await this.#fileSystem.setModified(this.#pathOf(suffix), modifiedMs);
    }
    await this.#fileSystem.syncFolder(this.#run.input.folder);
  }

  /** Leaves nothing behind, whatever has failed. */
  async remove(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
    for (const suffix of CLEANED_SUFFIXES) await this.#fileSystem.remove(this.#pathOf(suffix));
  }

  get #fileSystem(): FileSystem {
    return this.#run.context.fileSystem;
  }

  async #saveAborted(): Promise<void> {
    const bytes = encodeAborted(this.#aborted);
    const path = this.#pathOf(FileSuffix.transactionIndex);
    const handle = await this.#fileSystem.open(path, 'write');
    try {
      await handle.truncate(0);
      await handle.write([bytes], 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** A stop in the middle may have left files of the same name. */
  async #open(): Promise<FileHandle> {
    await this.remove();
    this.#handle = await this.#fileSystem.open(this.#pathOf(FileSuffix.log), 'write');
    return this.#handle;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#buffered + bytes.length > this.#buffer.length) await this.#flush();
    if (bytes.length > this.#buffer.length) {
      await this.#writeOut(bytes);
      return;
    }
    bytes.copy(this.#buffer, this.#buffered);
    this.#buffered += bytes.length;
  }

  async #flush(): Promise<void> {
    if (this.#buffered === 0) return;
    await this.#writeOut(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  async #writeOut(bytes: Buffer): Promise<void> {
    const handle = this.#handle ?? (await this.#open());
    await handle.write([bytes], this.#position);
    this.#position += bytes.length;
    await this.#run.noteWritten(bytes.length);
  }

  #pathOf(suffix: string): string {
    const name = offsetFileName(this.#baseOffset, suffix);
    return `${this.#run.input.folder}/${name}${FileSuffix.cleaned}`;
  }
}
