/**
 * The aborted transactions of one segment, those whose abort marker lies in it, and their file
 * `.txnindex`. The file appears with the first of them and is gone when none is left.
 *
 * What is not in the file yet is in memory, the rest is read when it is asked for, in pages of which
 * only a few are kept. Entries are numbered from 0 on in the order of their markers, whether saved or
 * not. Saving and truncating is done by one at a time (the segment's owner); reads run beside them.
 */

import type { IndexCache } from '../index/index-cache.ts';
import type { AbortedTransaction } from './aborted-transaction.ts';
import {
  ABORTED_ENTRY_SIZE,
  decodeAborted,
  encodeAborted,
  problemOfAborted,
} from './aborted-transaction.ts';
import type { AbortedInRange } from './aborted-in-range.ts';
import type { TransactionFileOptions } from './transaction-file.ts';
import { TransactionFile } from './transaction-file.ts';

/** Entries of a page. */
const PAGE_COUNT = 1024;
const PAGE_SIZE = PAGE_COUNT * ABORTED_ENTRY_SIZE;
/** Pages kept of one index. */
const PAGES_MAX = 8;
/** In memory, an entry that is not saved yet takes about so much. */
const UNSAVED_BYTES = 80;

/** What is known of the file. */
interface SavedEntries {
  count: number;
  /** Of every page, the last offset of its last entry. */
  readonly pageEnds: number[];
}

export interface TransactionIndexOptions extends TransactionFileOptions {
  readonly baseOffset: number;
}

/** The file cannot be the transaction index of its segment: it must be built anew. */
export class DamagedTransactionIndex extends Error {
  override readonly name = 'DamagedTransactionIndex';
}

export class TransactionIndex {
  readonly #baseOffset: number;
  readonly #file: TransactionFile;
  readonly #indexes: IndexCache;
  /** Null: nobody has looked at the file. */
  #saved: SavedEntries | null = null;
  #loading: Promise<SavedEntries> | null = null;
  #unsaved: AbortedTransaction[] = [];
  readonly #pages = new Map<number, Buffer>();
  /** Changes with every cut, so that a page read before it is not kept. */
  #cutCount = 0;
  /** The file was looked at, and is not what it must be. */
  isDamaged = false;

  constructor(options: TransactionIndexOptions) {
    this.#baseOffset = options.baseOffset;
    this.#indexes = options.indexes;
    this.#file = new TransactionFile(options);
  }

  get unsavedBytes(): number {
    return this.#unsaved.length * UNSAVED_BYTES;
  }

  /** The segment is new, or read again from its start: it has no entries, whatever the file says. */
  startEmpty(): void {
    this.#cut({ count: 0, pageEnds: [] });
    this.#unsaved = [];
  }

  /** Looks at the file: why it cannot be that of the segment, or null. */
  async problem(): Promise<string | null> {
    try {
      await this.#loaded();
      return null;
    } catch (error) {
      if (error instanceof DamagedTransactionIndex) return error.message;
      throw error;
    }
  }

  /** The marker is the last batch of the segment so far. */
  add(entry: AbortedTransaction): void {
    this.#unsaved.push(entry);
  }

  /**
   * Gives the entries that reach into the range to `found`. At once where what is needed is in
   * memory. Rejects with DamagedTransactionIndex and the file system's errors.
   */
  collect(found: AbortedInRange): void | Promise<void> {
    const saved = this.#saved;
    if (saved === null) return this.#loaded().then(() => this.collect(found));
    const page = firstAtLeast(saved.pageEnds, found.range.from);
    return this.#walk(Math.min(page * PAGE_COUNT, saved.count), found);
  }

  /** Drops the entries whose marker lies at `offset` or behind, and cuts the file. */
  async truncateTo(offset: number): Promise<void> {
    this.#unsaved = this.#unsaved.filter(({ lastOffset }) => lastOffset < offset);
    const saved = await this.#loaded();
    if ((saved.pageEnds.at(-1) ?? -1) < offset) return;
    const page = firstAtLeast(saved.pageEnds, offset);
    const kept = [...entriesOf(await this.#page(page))].filter((it) => it.lastOffset < offset);
    const pageEnds = saved.pageEnds.slice(0, page);
    const last = kept.at(-1);
    if (last !== undefined) pageEnds.push(last.lastOffset);
    this.#cut({ count: page * PAGE_COUNT + kept.length, pageEnds });
    const count = this.#savedCount;
    await (count === 0 ? this.#file.remove() : this.#file.cut(count * ABORTED_ENTRY_SIZE));
  }

  /** Writes what the file lacks, and syncs it. May be tried again. */
  async save(): Promise<void> {
    if (this.#saved?.count === 0 && this.#unsaved.length === 0) return;
    const saved = await this.#loaded();
    const entries = [...this.#unsaved];
    if (entries.length === 0) return;
    const bytes = encodeAborted(entries);
    await this.#file.endWith(bytes, saved.count * ABORTED_ENTRY_SIZE);
    this.#noteSaved(saved, entries);
  }

  /** After `startEmpty` and what was added since: the file becomes exactly that. */
  async replace(): Promise<void> {
    if (this.#unsaved.length === 0) await this.#file.remove();
    else await this.save();
  }

  /** The entries were read from the batches in the file; later ones may have been added since. */
  async replaceBy(entries: readonly AbortedTransaction[]): Promise<void> {
    const end = entries.at(-1)?.lastOffset ?? -1;
    const later = this.#unsaved.filter(({ lastOffset }) => lastOffset > end);
    this.startEmpty();
    this.#unsaved = [...entries, ...later];
    await this.replace();
  }

  /** For the index cache. */
  dropIndexes(): void {
    this.#pages.clear();
  }

  #noteSaved(saved: SavedEntries, entries: readonly AbortedTransaction[]): void {
    const { pageEnds } = saved;
    // The last page was cut off where the file ended.
    this.#pages.delete(pageOf(saved.count));
    for (const { lastOffset } of entries) {
      pageEnds[pageOf(saved.count)] = lastOffset;
      saved.count += 1;
    }
    this.#unsaved.splice(0, entries.length);
    this.#cutCount += 1;
  }

  #cut(saved: SavedEntries): void {
    this.#saved = saved;
    this.isDamaged = false;
    this.#loading = null;
    this.#pages.clear();
    this.#cutCount += 1;
  }

  /** From entry `from` on; goes on by itself where a page has to be read. */
  #walk(from: number, found: AbortedInRange): void | Promise<void> {
    let number = from;
    while (number < this.#savedCount) {
      const start = number;
      const bytes = this.#pages.get(pageOf(start));
      if (bytes === undefined) {
        return this.#page(pageOf(start)).then((read) => {
          const next = this.#addPage(read, start, found);
          return found.isComplete ? undefined : this.#walk(next, found);
        });
      }
      this.#noteUse();
      number = this.#addPage(bytes, start, found);
      if (found.isComplete) return undefined;
    }
    for (let at = number - this.#savedCount; at < this.#unsaved.length; at += 1) {
      const entry = this.#unsaved[at];
      if (entry !== undefined && found.add(entry)) return undefined;
    }
    return undefined;
  }

  /**
   * Adds the entries of a page from entry `start` on and returns the number of the one behind it:
   * not by what is saved now, as that may be more than the page has.
   */
  #addPage(bytes: Buffer, start: number, found: AbortedInRange): number {
    const entries = Math.floor(bytes.length / ABORTED_ENTRY_SIZE);
    for (let entry = start % PAGE_COUNT; entry < entries; entry += 1) {
      if (found.add(decodeAborted(bytes, entry * ABORTED_ENTRY_SIZE))) break;
    }
    const next = pageOf(start) * PAGE_COUNT + entries;
    if (next > start || start >= this.#savedCount) return Math.max(next, start);
    throw this.#damage('it is shorter than it was');
  }

  #damage(problem: string): DamagedTransactionIndex {
    this.isDamaged = true;
    return new DamagedTransactionIndex(`${this.#file.path} is damaged: ${problem}`);
  }

  get #savedCount(): number {
    return this.#saved?.count ?? 0;
  }

  async #page(page: number): Promise<Buffer> {
    const cutCount = this.#cutCount;
    const left = this.#savedCount * ABORTED_ENTRY_SIZE - page * PAGE_SIZE;
    const size = Math.min(PAGE_SIZE, left);
    if (size <= 0) return Buffer.alloc(0);
    const bytes = await this.#file.read(page * PAGE_SIZE, size);
    if (cutCount === this.#cutCount) this.#keep(page, bytes);
    return bytes;
  }

  #keep(page: number, bytes: Buffer): void {
    this.#pages.delete(page);
    this.#pages.set(page, bytes);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > PAGES_MAX && oldest !== undefined) this.#pages.delete(oldest);
    this.#noteUse();
  }

  #noteUse(): void {
    this.#indexes.touch(this, this.#pages.size * PAGE_SIZE);
  }

  #loaded(): Promise<SavedEntries> {
    if (this.#saved !== null) return Promise.resolve(this.#saved);
    this.#loading ??= this.#inspect();
    return this.#loading;
  }

  /** Reads the file once, page by page, without keeping it. */
  async #inspect(): Promise<SavedEntries> {
    const cutCount = this.#cutCount;
    try {
      const size = await this.#file.size();
      const saved: SavedEntries = { count: Math.floor(size / ABORTED_ENTRY_SIZE), pageEnds: [] };
      if (size > 0) await this.#verify(size, saved.pageEnds);
      if (cutCount === this.#cutCount) this.#saved = saved;
      return this.#saved ?? saved;
    } finally {
      this.#loading = null;
    }
  }

  async #verify(size: number, pageEnds: number[]): Promise<void> {
    const baseOffset = this.#baseOffset;
    for (let position = 0; position < size; position += PAGE_SIZE) {
      const bytes = await this.#file.read(position, Math.min(PAGE_SIZE, size - position));
      const problem = problemOfAborted(bytes, { baseOffset, after: pageEnds.at(-1) ?? -1 });
      if (problem !== null) throw this.#damage(problem);
      pageEnds.push(decodeAborted(bytes, bytes.length - ABORTED_ENTRY_SIZE).lastOffset);
    }
  }
}

function pageOf(number: number): number {
  return Math.floor(number / PAGE_COUNT);
}

function* entriesOf(bytes: Buffer): Iterable<AbortedTransaction> {
  const end = bytes.length - ABORTED_ENTRY_SIZE;
  for (let at = 0; at <= end; at += ABORTED_ENTRY_SIZE) yield decodeAborted(bytes, at);
}

/** Array place of the first of rising numbers that is `least` or more; their count if none is. */
function firstAtLeast(rising: readonly number[], least: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
