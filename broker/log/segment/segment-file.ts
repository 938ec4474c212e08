/**
 * The `.log` file of a segment and the names of those that go with it. Who has the segment in hand
 * while its files are renamed goes on reading them under the new name.
 */

import type { Descriptor } from '../files/descriptor-cache.ts';
import { FileSuffix, offsetFileName, SEGMENT_SUFFIXES } from '../files/file-names.ts';
import type { IndexFiles } from '../index/segment-indexes.ts';
import type { SegmentEnvironment } from '../log-environment.ts';
import { fileErrorCode } from '../../platform/file-system.ts';

export type OpenMode = 'read' | 'write';

export class SegmentFile {
  readonly #folder: string;
  readonly #baseOffset: number;
  readonly #environment: SegmentEnvironment;
  #path: string;
  /** Suffixes of the files that have `.deleted` behind their name. */
  readonly #deleted = new Set<string>();
  /** Renaming is under way: no name is sure. */
  #moving: Promise<void> | null = null;

  constructor(folder: string, baseOffset: number, environment: SegmentEnvironment) {
    this.#folder = folder;
    this.#baseOffset = baseOffset;
    this.#environment = environment;
    this.#path = this.#pathOf(FileSuffix.log);
  }

  get path(): string {
    return this.#path;
  }

  get indexFiles(): IndexFiles {
    const pathOf = (suffix: string): string => this.#pathOf(suffix);
    return {
      fileSystem: this.#environment.fileSystem,
      get offsetIndexPath() {
        return pathOf(FileSuffix.offsetIndex);
      },
      get timeIndexPath() {
        return pathOf(FileSuffix.timeIndex);
      },
    };
  }

  get transactionIndexPath(): string {
    return this.#pathOf(FileSuffix.transactionIndex);
  }

  /** Without waiting; null if the file is not open. The caller releases it. */
  tryAcquire(mode: OpenMode): Descriptor | null {
    return this.#environment.descriptors.tryAcquire(this.path, mode);
  }

  /** Opens it if need be; for writing it is created. The caller releases it. */
  async acquire(mode: OpenMode): Promise<Descriptor> {
    for (;;) {
      const { path } = this;
      try {
        return await this.#environment.descriptors.acquire(path, mode);
      } catch (error) {
        if (fileErrorCode(error) !== 'ENOENT' || !(await this.hasMoved(path))) throw error;
      }
    }
  }

  /** Resolves when nothing is being renamed. */
  async settled(): Promise<void> {
    await this.#moving;
  }

  /** Whether the file has another name than the one that was seen before. */
  async hasMoved(path: string): Promise<boolean> {
    await this.#moving;
    return this.path !== path;
  }

  async use<T>(mode: OpenMode, task: (descriptor: Descriptor) => Promise<T>): Promise<T> {
    const descriptor = await this.acquire(mode);
    try {
      return await task(descriptor);
    } finally {
      descriptor.release();
    }
  }

  /** The file ends at `size` from now on, whatever happens. */
  cut(size: number): Promise<void> {
    return this.use('write', async ({ handle }) => {
      await handle.truncate(size);
      await handle.sync();
    });
  }

  async exists(): Promise<boolean> {
    return (await this.#environment.fileSystem.stat(this.path)) !== null;
  }

  /** Renames every file of the segment to `.deleted`; spans in flight stay valid. */
  async markDeleted({ keepsSnapshot } = { keepsSnapshot: false }): Promise<void> {
    const suffixes = SEGMENT_SUFFIXES.filter(
      (suffix) => !keepsSnapshot || suffix !== FileSuffix.snapshot,
    );
    this.#moving = this.#markDeleted(suffixes);
    try {
      await this.#moving;
    } finally {
      this.#moving = null;
    }
  }

  /** Removes the files for good; `markDeleted` came before. */
  async removeDeleted(): Promise<void> {
    for (const suffix of SEGMENT_SUFFIXES) {
      await this.#environment.fileSystem.remove(this.#plainPathOf(suffix) + FileSuffix.deleted);
    }
  }

  async #markDeleted(suffixes: readonly string[]): Promise<void> {
    const { path } = this;
    for (const suffix of suffixes) {
      const plain = this.#plainPathOf(suffix);
      await ifThere(this.#environment.fileSystem.rename(plain, plain + FileSuffix.deleted));
      this.#deleted.add(suffix);
      this.#path = this.#pathOf(FileSuffix.log);
    }
    this.#environment.descriptors.forget(path);
  }

  #pathOf(suffix: string): string {
    return this.#plainPathOf(suffix) + (this.#deleted.has(suffix) ? FileSuffix.deleted : '');
  }

  #plainPathOf(suffix: string): string {
    return `${this.#folder}/${offsetFileName(this.#baseOffset, suffix)}`;
  }
}

/** A file of the set that was never made is no failure. */
async function ifThere(operation: Promise<void>): Promise<void> {
  try {
    await operation;
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error;
  }
}
