/**
 * The indexes of one segment, in memory or in their files: those of an active segment are always in
 * memory, and grow there; those of a sealed one are loaded when they are asked for, dropped by the
 * cache, and built anew where their files are damaged. Owner: the segment.
 */

import { SerialQueue } from '../../platform/serial-queue.ts';
import { IndexBuilder } from '../index/index-builder.ts';
import { lastTimeEntry } from '../index/last-time-entry.ts';
import { SegmentIndexes } from '../index/segment-indexes.ts';
import type { TimeEntry } from '../index/time-index.ts';
import type { LogConfig } from '../log-config.ts';
import type { SegmentEnvironment } from '../log-environment.ts';
import { contextOf } from '../log-environment.ts';
import type { IndexedFile } from './build-indexes.ts';
import { rebuildIndexes } from './build-indexes.ts';
import type { RecentBatches } from './recent-batches.ts';
import type { SegmentFile } from './segment-file.ts';

/** What is walked over in this thread where indexes have to be built anew. */
const INLINE_SIZE_MAX = 16 << 20;

/** What is asked of the segment. */
interface HeldBy {
  readonly baseOffset: number;
  readonly file: SegmentFile;
  readonly isActive: boolean;
  readonly writtenSize: number;
}

interface HeldIndexesOptions {
  readonly environment: SegmentEnvironment;
  readonly config: () => LogConfig;
  /** Goes with the indexes of a sealed segment. */
  readonly recent: RecentBatches;
}

export class HeldIndexes {
  readonly #segment: HeldBy;
  readonly #options: HeldIndexesOptions;
  /** Null: sealed, and not in memory. */
  #builder: IndexBuilder | null = null;
  #loading: Promise<IndexBuilder> | null = null;
  /** False: recovery wrote the files, and left it to the first flush to sync them. */
  #isSynced = true;
  /** Outlives the indexes; null: not looked up yet. */
  #largest: TimeEntry | null = null;
  /** What writes files of the segment, one after the other. */
  readonly saves = new SerialQueue();
  #isReleased = false;

  constructor(segment: HeldBy, options: HeldIndexesOptions) {
    this.#segment = segment;
    this.#options = options;
  }

  /** Null: not in memory. */
  get builder(): IndexBuilder | null {
    return this.#builder;
  }

  /** In memory, whether they were before or not. */
  loaded(): Promise<IndexBuilder> | IndexBuilder {
    const builder = this.#builder;
    if (builder === null) {
      this.#loading ??= this.#load().finally(() => (this.#loading = null));
      return this.#loading;
    }
    this.noteUse();
    return builder;
  }

  /** The largest timestamp of the segment and the last offset of its batch; -1 if there is none. */
  async largestTimestamp(): Promise<TimeEntry> {
    if (this.#segment.isActive && this.#builder !== null) return this.#builder.largest;
    // The last entry alone, where it can be had: of thousands of segments nothing else is asked.
    this.#largest ??=
      (this.#builder === null
        ? await lastTimeEntry(this.#files, this.#segment.baseOffset)
        : null) ?? (await this.loaded()).indexes.times.last;
    return this.#largest;
  }

  /** Those of an active segment, from now on. */
  activate(builder: IndexBuilder): void {
    this.#options.environment.indexes.remove(this);
    this.#builder = builder;
  }

  startEmpty(): void {
    this.#builder = this.#empty();
  }

  /** The segment is active no more: the largest timestamp gets its entry. */
  seal(): void {
    this.#builder?.indexLargest();
    this.#largest = this.#builder?.largest ?? null;
  }

  /** In place of what was known; `largest`: null where that has to be looked up again. */
  replace(builder: IndexBuilder, largest: TimeEntry | null): void {
    this.#builder = builder;
    this.#largest = largest;
  }

  /** Their files were found; not synced: the first flush does it. */
  noteFound({ isSynced }: { readonly isSynced: boolean }): void {
    this.#isSynced = isSynced;
  }

  /** In a task of `saves`. May be tried again. */
  async save(): Promise<void> {
    await this.#builder?.indexes.save({ trim: !this.#segment.isActive });
    if (!this.#isSynced) await this.#empty().indexes.sync();
    this.#isSynced = true;
  }

  /** The cache bounds what a sealed segment keeps in memory. */
  noteUse(): void {
    const { environment, recent } = this.#options;
    if (this.#segment.isActive || this.#builder === null) return;
    environment.indexes.touch(this, this.#builder.indexes.capacityBytes + recent.capacityBytes);
  }

  /** For the index cache. */
  dropIndexes(): void {
    if (this.#segment.isActive || this.#builder?.indexes.isSaved === false) return;
    this.#builder = null;
    this.#options.recent.clear();
  }

  /** The segment is going: nothing is written any more. */
  release(): void {
    this.#isReleased = true;
    this.#options.environment.indexes.remove(this);
  }

  get indexedFile(): IndexedFile {
    const { offsetIndexPath, timeIndexPath } = this.#files;
    const { indexIntervalBytes } = this.#options.config();
    const { baseOffset, writtenSize: size } = this.#segment;
    return { offsetIndexPath, timeIndexPath, baseOffset, size, indexIntervalBytes };
  }

  get #files(): SegmentFile['indexFiles'] {
    return this.#segment.file.indexFiles;
  }

  #empty(): IndexBuilder {
    return new IndexBuilder(SegmentIndexes.empty(this.#files, this.#segment.baseOffset), 0);
  }

  async #load(): Promise<IndexBuilder> {
    const { environment } = this.#options;
    const { file, baseOffset, writtenSize: size } = this.#segment;
    const { path } = file;
    const load = (): ReturnType<typeof SegmentIndexes.load> =>
      environment.indexes.read(() => SegmentIndexes.load(this.#files, { baseOffset, size }));
    let loaded = await load();
    if (typeof loaded === 'string' && (await file.hasMoved(path))) {
      loaded = await load();
    }
    if (typeof loaded === 'string') {
      const fields = { segment: file.path, problem: loaded };
      environment.logger.warn(fields, 'indexes are built anew');
      await this.#rebuild();
      loaded = await load();
    }
    if (typeof loaded === 'string') throw new Error(`${file.path}: ${loaded}`);
    const builder = new IndexBuilder(loaded, size);
    this.#builder = builder;
    this.noteUse();
    return builder;
  }

  /** From the whole file, in a thread where that takes long. */
  #rebuild(): Promise<void> {
    const { file } = this.#segment;
    const { environment } = this.#options;
    return this.saves.run(async () => {
      if (this.#isReleased) return;
      const input = { ...this.indexedFile, path: file.path };
      const isSmall = input.size <= INLINE_SIZE_MAX;
      if (isSmall) await rebuildIndexes.run(input, contextOf(environment));
      else await environment.workers.run(rebuildIndexes, input);
    });
  }
}
