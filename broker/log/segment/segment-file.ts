/** The `.log` file of a segment and the names of those that go with it. */

import type { Descriptor } from '../files/descriptor-cache.ts';
import { FileSuffix, offsetFileName, SEGMENT_SUFFIXES } from '../files/file-names.ts';
import type { IndexFiles } from '../index/segment-indexes.ts';
import type { LogEnvironment } from '../log-environment.ts';
import { fileErrorCode } from '../../platform/file-system.ts';

export type OpenMode = 'read' | 'write';

export class SegmentFile {
  readonly path: string;
  readonly #folder: string;
  readonly #baseOffset: number;
  readonly #environment: LogEnvironment;

  constructor(folder: string, baseOffset: number, environment: LogEnvironment) {
    this.#folder = folder;
    this.#baseOffset = baseOffset;
    this.#environment = environment;
    this.path = this.#pathOf(FileSuffix.log);
  }

  get indexFiles(): IndexFiles {
    return {
      fileSystem: this.#environment.fileSystem,
      offsetIndexPath: this.#pathOf(FileSuffix.offsetIndex),
      timeIndexPath: this.#pathOf(FileSuffix.timeIndex),
    };
  }

  /** Without waiting; null if the file is not open. The caller releases it. */
  tryAcquire(mode: OpenMode): Descriptor | null {
    return this.#environment.descriptors.tryAcquire(this.path, mode);
  }

  /** Opens it if need be; for writing it is created. The caller releases it. */
  acquire(mode: OpenMode): Promise<Descriptor> {
    return this.#environment.descriptors.acquire(this.path, mode);
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
  async markDeleted(): Promise<void> {
    for (const suffix of SEGMENT_SUFFIXES) {
      const path = this.#pathOf(suffix);
      await ifThere(this.#environment.fileSystem.rename(path, path + FileSuffix.deleted));
    }
    this.#environment.descriptors.forget(this.path);
  }

  /** Removes the files for good; `markDeleted` came before. */
  async removeDeleted(): Promise<void> {
    for (const suffix of SEGMENT_SUFFIXES) {
      await this.#environment.fileSystem.remove(this.#pathOf(suffix) + FileSuffix.deleted);
    }
  }

  #pathOf(suffix: string): string {
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
