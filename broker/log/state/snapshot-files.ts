/**
 * The producer snapshots of a partition's folder, one file per offset at which one was taken: at
 * every roll, at a clean stop, after recovery. Owner: the partition's log.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import type { Logger } from '../../platform/logger.ts';
import { FileSuffix, offsetFileName, offsetOfFileName } from '../files/file-names.ts';
import type { ProducerFacts } from './producer-entry.ts';
import { decodeSnapshot } from './producer-snapshot.ts';

interface LoadedSnapshot {
  readonly offset: number;
  readonly producers: readonly ProducerFacts[];
}

export class SnapshotFiles {
  readonly #fileSystem: FileSystem;
  readonly #logger: Logger;
  readonly #folder: string;
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

  async write(offset: number, content: Buffer): Promise<void> {
    const handle = await this.#fileSystem.open(this.#pathOf(offset), 'write');
    try {
      await handle.truncate(0);
      await handle.write([content], 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (this.#offsets.includes(offset)) return;
    this.#offsets = [...this.#offsets, offset].sort((one, other) => one - other);
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

  /** Removes those that belong to no segment, except the latest. */
  removeStray(baseOffsets: ReadonlySet<number>): Promise<void> {
    const latest = this.latestOffset;
    return this.#removeWhere((offset) => offset !== latest && !baseOffsets.has(offset));
  }

  /** Their files went with a segment. */
  forgetBefore(offset: number): void {
    this.#offsets = this.#offsets.filter((candidate) => candidate >= offset);
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
