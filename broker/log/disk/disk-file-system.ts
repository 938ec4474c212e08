/**
 * The file system as logs see it: every call on a file below a log.dir goes by the disk of that
 * log.dir. Offline, it fails at once. What may wait for the disk waits in line first, so that one disk
 * never has all threads of the pool. What fails is told to the disk, and a small file that finds the
 * disk full is written once more when the reserve has made room.
 */

import type {
  FileHandle,
  FileLock,
  FileStat,
  FileSystem,
  FolderContent,
} from '../../platform/file-system.ts';
import type { Disk } from './disk.ts';
import { DiskFileHandle } from './disk-file-handle.ts';
import { isRootLost } from './disk-trouble.ts';

export class DiskFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #diskOf: (path: string) => Disk | null;

  constructor(inner: FileSystem, diskOf: (path: string) => Disk | null) {
    this.#inner = inner;
    this.#diskOf = diskOf;
  }

  async open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    const disk = this.#diskOf(path);
    if (disk === null) return this.#inner.open(path, mode);
    try {
      const handle = await this.#run(path, () => this.#inner.open(path, mode));
      return new DiskFileHandle(handle, { disk, path });
    } catch (error) {
      const isInRoot = path.slice(0, path.lastIndexOf('/')) === disk.path;
      if (mode === 'write' && isInRoot && isRootLost(error)) disk.fail(error);
      throw error;
    }
  }

  readFile(path: string): Promise<Buffer> {
    return this.#run(path, () => this.#inner.readFile(path));
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#run(folder, () => this.#inner.list(folder));
  }

  stat(path: string): Promise<FileStat | null> {
    return this.#run(path, () => this.#inner.stat(path));
  }

  readFolder(folder: string, bytesMax: number | null): Promise<FolderContent> {
    return this.#run(folder, () => this.#inner.readFolder(folder, bytesMax));
  }

  makeFolder(folder: string): Promise<void> {
    return this.#run(folder, () => this.#inner.makeFolder(folder));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run(from, () => this.#inner.rename(from, to));
  }

  setModified(path: string, modifiedMs: number): Promise<void> {
    return this.#run(path, () => this.#inner.setModified(path, modifiedMs));
  }

  remove(path: string): Promise<void> {
    return this.#run(path, () => this.#inner.remove(path));
  }

  /** File by file: the machine's own way may take all threads for one folder. */
  async removeFolder(folder: string): Promise<void> {
    const found = await this.stat(folder);
    if (found?.isFolder === true) {
      for (const name of await this.list(folder)) {
        const path = `${folder}/${name}`;
        const isFolder = (await this.stat(path))?.isFolder === true;
        await (isFolder ? this.removeFolder(path) : this.remove(path));
      }
    }
    await this.#run(folder, () => this.#inner.removeFolder(folder));
  }

  syncFolder(folder: string): Promise<void> {
    const sync = (): Promise<void> => this.#inner.syncFolder(folder);
    const disk = this.#diskOf(folder);
    return disk === null ? sync() : this.#noted(disk, () => disk.sync(sync));
  }

  lock(path: string): Promise<FileLock | null> {
    return this.#run(path, () => this.#inner.lock(path));
  }

  freeSize(folder: string): Promise<number> {
    return this.#run(folder, () => this.#inner.freeSize(folder));
  }

  #run<T>(path: string, call: () => Promise<T>): Promise<T> {
    const disk = this.#diskOf(path);
    if (disk === null) return call();
    const checked = (): Promise<T> => {
      disk.checkOnline();
      return call();
    };
    return this.#noted(disk, () => disk.gate.run(checked));
  }

  async #noted<T>(disk: Disk, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      // A name, or a folder, needs room too.
      if (disk.note(error) !== 'full') throw error;
      await disk.makeRoom();
      return call();
    }
  }
}
