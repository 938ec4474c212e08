/**
 * The `.txnindex` file of a segment: read and written in pieces, never kept open. The files of a
 * segment that goes are renamed while readers still have it in hand: they find it by its new name.
 */

import type { FileHandle, FileSystem } from '../../platform/file-system.ts';
import { fileErrorCode } from '../../platform/file-system.ts';
import type { IndexCache } from '../index/index-cache.ts';

export interface TransactionFileOptions {
  /** Now. */
  readonly path: string;
  /** Resolves when nothing is being renamed. */
  readonly settled: () => Promise<void>;
  readonly fileSystem: FileSystem;
  readonly indexes: IndexCache;
}

export class TransactionFile {
  readonly #options: TransactionFileOptions;

  constructor(options: TransactionFileOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** 0 where there is none. */
  async size(): Promise<number> {
    for (;;) {
      const { path, fileSystem } = this.#options;
      const file = await fileSystem.stat(path);
      if (file !== null) return file.size;
      if (!(await this.#isElsewhere(path))) return 0;
    }
  }

  /** Shorter only at the end of the file. */
  read(position: number, size: number): Promise<Buffer> {
    return this.#options.indexes.read(async () => {
      const handle = await this.#open();
      try {
        const target = Buffer.allocUnsafe(size);
        return target.subarray(0, await handle.read(target, position));
      } finally {
        await handle.close();
      }
    });
  }

  /** The file ends with the bytes, and is synced. */
  endWith(bytes: Buffer, position: number): Promise<void> {
    return this.#change(async (handle) => {
      await handle.write([bytes], position);
      await handle.truncate(position + bytes.length);
    });
  }

  cut(size: number): Promise<void> {
    return this.#change((handle) => handle.truncate(size));
  }

  remove(): Promise<void> {
    return this.#options.fileSystem.remove(this.path);
  }

  async #change(task: (handle: FileHandle) => Promise<void>): Promise<void> {
    const handle = await this.#options.fileSystem.open(this.path, 'write');
    try {
      await task(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #open(): Promise<FileHandle> {
    for (;;) {
      const { path, fileSystem } = this.#options;
      try {
        return await fileSystem.open(path, 'read');
      } catch (error) {
        if (fileErrorCode(error) !== 'ENOENT' || !(await this.#isElsewhere(path))) throw error;
      }
    }
  }

  async #isElsewhere(path: string): Promise<boolean> {
    await this.#options.settled();
    return this.path !== path;
  }
}
