/**
 * The producer snapshots of a partition's folder, one file per offset at which one was taken: at
 * every roll, at a clean stop, after recovery. Owner: the partition's log.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import { writeWhole } from '../files/atomic-file.ts';
import { FileSuffix, offsetFileName, offsetOfFileName } from '../files/file-names.ts';
import type { ProducerFacts } from './producer-entry.ts';
import { decodeSnapshot } from './producer-snapshot.ts';

/** The recovery point in the checkpoint may be that of the flush before the last. */
const INSIDE_MAX = 2;

interface LoadedSnapshot {
  readonly offset: number;
  readonly producers: readonly ProducerFacts[];
}

export class SnapshotFiles {
  readonly #fileSystem: FileSystem;
  readonly #logger: Logger;
  readonly #folder: string;
  /** Offsets of the latest that `writeInside` wrote. */
  #inside: readonly number[] = [];
  /** Offsets of the files, rising. */
  #offsets: readonly number[];

  constructor(options: {
    readonly fileSystem: FileSystem;
    readonly logger: Logger;
    readonly folder: string;
    /** Names of the files in the folder. */
    readonly names: readonly string[];
  }) {
    this.#fileSystem = options.fileSystem;
    this.#logger = options.logger;
    this.#folder = options.folder;
    this.#offsets = options.names
      .map((name) => offsetOfFileName(name, FileSuffix.snapshot))
      .filter((offset) => offset !== null)
      .sort((one, other) => one - other);
  }

  /** -1 if there is none. */
  get latestOffset(): number {
    return this.#offsets.at(-1) ?? -1;
  }

  /** Without a sync a loss of power may damage it: then the one before is found, and more is read. */
  async write(
    offset: number,
    content: Buffer,
    options: { readonly sync?: boolean } = {},
  ): Promise<void> {
    const path = this.#pathOf(offset);
    try {
      await writeWhole(this.#fileSystem, path, content, options);
    } catch (error) {
      // Half of it would be found damaged at the next start.
      await this.#fileSystem.remove(path).catch(() => undefined);
      this.#offsets = this.#offsets.filter((candidate) => candidate !== offset);
      throw error;
    }
    if (this.#offsets.includes(offset)) return;
    this.#offsets = [...this.#offsets, offset].sort((one, other) => one - other);
  }

  /**
   * One that belongs to no segment, as a flush takes it: after the next one but one has come, it
   * goes, unless a segment starts there by then.
   */
  async writeInside(
    snapshot: { readonly offset: number; readonly content: Buffer },
    isBaseOffset: (offset: number) => boolean,
  ): Promise<void> {
    await this.write(snapshot.offset, snapshot.content);
    const taken = [...this.#inside, snapshot.offset];
    this.#inside = taken.slice(-INSIDE_MAX);
    const old = taken.slice(0, -INSIDE_MAX).filter((offset) => !isBaseOffset(offset));
    await this.#removeWhere((offset) => old.includes(offset));
  }

  /** The newest one of `endOffset` or before that is whole; damaged ones are removed on the way. */
  async loadNewest(endOffset: number): Promise<LoadedSnapshot | null> {
    for (const offset of this.#offsets.toReversed()) {
      if (offset > endOffset) continue;
      const path = this.#pathOf(offset);
      const producers = decodeSnapshot(await this.#fileSystem.readFile(path));
      if (typeof producers !== 'string') return { offset, producers };
      this.#logger.warn({ path, problem: producers }, 'a damaged producer snapshot is removed');
      await this.#removeWhere((candidate) => candidate === offset);
    }
    return null;
  }

  /** Removes those of later offsets: what they speak of is gone, or about to be read again. */
  removeBehind(offset: number): Promise<void> {
    return this.#removeWhere((candidate) => candidate > offset);
  }

  /** Removes those that belong to no segment, except the latest, and the latest up to `syncedOffset`. */
  removeStray(baseOffsets: ReadonlySet<number>, syncedOffset: number): Promise<void> {
    const latest = this.latestOffset;
    const synced = this.#offsets.findLast((offset) => offset <= syncedOffset);
    return this.#removeWhere(
      (offset) => offset !== latest && offset !== synced && !baseOffsets.has(offset),
    );
  }

  /** Removes those of earlier offsets that have not gone with a segment already. */
  removeBefore(offset: number): Promise<void> {
    return this.#removeWhere((candidate) => candidate < offset);
  }

  /** The same for segments that are anywhere in the log. */
  forget(offsets: readonly number[]): void {
    this.#offsets = this.#offsets.filter((candidate) => !offsets.includes(candidate));
  }

  async #removeWhere(isUnwanted: (offset: number) => boolean): Promise<void> {
    for (const offset of this.#offsets.filter(isUnwanted)) {
      await this.#fileSystem.remove(this.#pathOf(offset));
    }
    this.#offsets = this.#offsets.filter((offset) => !isUnwanted(offset));
  }

  #pathOf(offset: number): string {
    return `${this.#folder}/${offsetFileName(offset, FileSuffix.snapshot)}`;
  }
}
