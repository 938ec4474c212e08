/**
 * The file system of the machine. Everything but quick buffered writes runs in Node's thread pool;
 * see write-lane.ts for which writes are quick. Errors are Node's own.
 */

import { close, constants, fstat, fsync, open } from 'node:fs';
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  unlink,
  utimes,
} from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Clock } from './clock.ts';
import type { FileHandle, FileLock, FileStat, FileSystem } from './file-system.ts';
import { fileErrorCode } from './file-system.ts';
import { NodeFileHandle } from './node-file-handle.ts';
import { takeFileLock } from './node-file-lock.ts';
import { WriteLane } from './write-lane.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fsync);
const statFile = promisify(fstat);

const FILE_MODE = 0o644;
const WRITE_FLAGS = constants.O_RDWR | constants.O_CREAT;

export class NodeFileSystem implements FileSystem {
  readonly #clock: Clock;
  /** By device number: what makes writers wait is the device, and a log.dir usually has its own. */
  readonly #lanes = new Map<number, WriteLane>();

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  async open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    const fd = await openFile(path, mode === 'read' ? constants.O_RDONLY : WRITE_FLAGS, FILE_MODE);
    try {
      const lane = this.#laneOf((await statFile(fd)).dev);
      return new NodeFileHandle({ fd, clock: this.#clock, lane });
    } catch (error) {
      await closeFile(fd);
      throw error;
    }
  }

  readFile(path: string): Promise<Buffer> {
    return readFile(path);
  }

  async list(folder: string): Promise<readonly string[]> {
    return (await readdir(folder)).sort();
  }

  async stat(path: string): Promise<FileStat | null> {
    try {
      const found = await stat(path);
      return { size: found.size, modifiedMs: found.mtimeMs, isFolder: found.isDirectory() };
    } catch (error) {
      const code = fileErrorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw error;
    }
  }

  async makeFolder(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
  }

  rename(from: string, to: string): Promise<void> {
    return rename(from, to);
  }

  setModified(path: string, modifiedMs: number): Promise<void> {
    return utimes(path, modifiedMs / 1000, modifiedMs / 1000);
  }

  async remove(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT') throw error;
    }
  }

  removeFolder(folder: string): Promise<void> {
    return rm(folder, { recursive: true, force: true });
  }

  async syncFolder(folder: string): Promise<void> {
    const fd = await openFile(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await syncFile(fd);
    } finally {
      await closeFile(fd);
    }
  }

  async freeSize(folder: string): Promise<number> {
    const { blocks, bfree, bavail, bsize } = await statfs(folder);
    if (blocks === 0) return Infinity;
    // What a file system keeps back is kept back from everybody but root.
    return (process.getuid?.() === 0 ? bfree : bavail) * bsize;
  }

  lock(path: string): Promise<FileLock | null> {
    return takeFileLock(path);
  }

  #laneOf(device: number): WriteLane {
    const known = this.#lanes.get(device);
    if (known !== undefined) return known;
    const lane = new WriteLane(this.#clock);
    this.#lanes.set(device, lane);
    return lane;
  }
}
