/**
 * The file system of the machine. Everything but quick buffered writes runs in Node's thread pool;
 * see write-lane.ts for which writes are quick. Errors are Node's own.
 */

import { close, constants, fstat, fsync, open, statSync } from 'node:fs';
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
import { DeviceSyncs } from './device-syncs.ts';
import type {
  FileHandle,
  FileLock,
  FileStat,
  FileSystem,
  FolderContent,
  SharedSyncs,
} from './file-system.ts';
import { fileErrorCode } from './file-system.ts';
import { NodeFileHandle } from './node-file-handle.ts';
import { takeFileLock } from './node-file-lock.ts';
import { readFolderInline, readFolderInPool } from './node-folder.ts';
import { ReadLane } from './read-lane.ts';
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
  /** By the parent of what is read, such as a log.dir. */
  readonly #readLanes = new Map<string, ReadLane>();
  readonly #syncs = new Set<DeviceSyncs>();

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  async open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    const fd = await openFile(path, mode === 'read' ? constants.O_RDONLY : WRITE_FLAGS, FILE_MODE);
    try {
      const { dev } = await statFile(fd);
      const syncs = (): DeviceSyncs | null => this.#syncsOf(dev);
      return new NodeFileHandle({ fd, clock: this.#clock, lane: this.#laneOf(dev), syncs });
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

  readFolder(folder: string, bytesMax: number | null): Promise<FolderContent> {
    return this.#readLaneOf(folder.slice(0, folder.lastIndexOf('/'))).run(
      () => readFolderInline(folder, bytesMax),
      () => readFolderInPool(folder, bytesMax),
    );
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
    // Looked up at once, where there are some: it was in use a moment ago.
    const syncs = this.#syncs.size === 0 ? null : this.#syncsOf(statSync(folder).dev);
    await (syncs === null ? this.#syncFolder(folder) : syncs.sync(() => this.#syncFolder(folder)));
  }

  async openSharedSyncs(folder: string): Promise<SharedSyncs | null> {
    const opened = await DeviceSyncs.open(folder, {
      onClosed: (syncs) => void this.#syncs.delete(syncs),
    });
    if (opened !== null) this.#syncs.add(opened);
    return opened;
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

  async #syncFolder(folder: string): Promise<void> {
    const fd = await openFile(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await syncFile(fd);
    } finally {
      await closeFile(fd);
    }
  }

  #readLaneOf(parent: string): ReadLane {
    const known = this.#readLanes.get(parent);
    if (known !== undefined) return known;
    const lane = new ReadLane(this.#clock);
    this.#readLanes.set(parent, lane);
    return lane;
  }

  /** Null while nobody shares any. */
  #syncsOf(device: number): DeviceSyncs | null {
    for (const syncs of this.#syncs) if (syncs.isBegun && syncs.device === device) return syncs;
    return null;
  }

  #laneOf(device: number): WriteLane {
    const known = this.#lanes.get(device);
    if (known !== undefined) return known;
    const lane = new WriteLane(this.#clock);
    this.#lanes.set(device, lane);
    return lane;
  }
}
