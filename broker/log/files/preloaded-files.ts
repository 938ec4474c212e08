/**
 * The file system with the small files of some folders read beforehand, all of a folder in one step: a
 * broker that starts has thousands of folders to open, with a handful of small files in each, and file
 * by file every call costs more than what it finds out. Owner: the log manager; a log is preloaded
 * while it is opened, and by nobody else.
 *
 * Invariants: what is held of a folder is what is there, as nobody but the process that opens the log
 * changes it, and any change that goes by here drops what was held. Who changes files elsewhere, as a
 * worker thread does, drops it first.
 */

import type {
  FileHandle,
  FileLock,
  FileStat,
  FileSystem,
  FolderContent,
  FolderFile,
} from '../../platform/file-system.ts';
import { fileErrorCode } from '../../platform/file-system.ts';

/** Larger files are read piece by piece, if at all. */
const BYTES_MAX = 16 * 1024;
/** No descriptor: nobody hands it to the kernel while a log is being opened. */
const NO_FD = -1;

export class PreloadedFiles implements FileSystem {
  readonly #inner: FileSystem;
  readonly #folders = new Map<string, FolderContent>();

  constructor(inner: FileSystem) {
    this.#inner = inner;
  }

  /** Nothing happens where there is no such folder. Rejects with the file system's error. */
  async preload(folder: string): Promise<void> {
    try {
      this.#folders.set(folder, await this.#inner.readFolder(folder, BYTES_MAX));
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT') throw error;
    }
  }

  drop(folder: string): void {
    this.#folders.delete(folder);
  }

  async open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    const bytes = mode === 'read' ? this.#held(path)?.bytes : null;
    if (bytes !== null && bytes !== undefined) return handleOf(bytes);
    if (mode === 'write') this.#noteChange(path);
    return this.#inner.open(path, mode);
  }

  async readFile(path: string): Promise<Buffer> {
    return this.#held(path)?.bytes ?? this.#inner.readFile(path);
  }

  async list(folder: string): Promise<readonly string[]> {
    return this.#folders.get(folder)?.names ?? this.#inner.list(folder);
  }

  async stat(path: string): Promise<FileStat | null> {
    const { folder, name } = split(path);
    const content = this.#folders.get(folder);
    if (content === undefined) return this.#inner.stat(path);
    const file = content.files.get(name);
    if (file !== undefined) return file;
    return content.names.includes(name) ? this.#inner.stat(path) : null;
  }

  readFolder(folder: string, bytesMax: number | null): Promise<FolderContent> {
    return this.#inner.readFolder(folder, bytesMax);
  }

  async makeFolder(folder: string): Promise<void> {
    if (!this.#folders.has(folder)) await this.#inner.makeFolder(folder);
  }

  rename(from: string, to: string): Promise<void> {
    this.#noteChange(from);
    this.#noteChange(to);
    return this.#inner.rename(from, to);
  }

  setModified(path: string, modifiedMs: number): Promise<void> {
    this.#noteChange(path);
    return this.#inner.setModified(path, modifiedMs);
  }

  remove(path: string): Promise<void> {
    this.#noteChange(path);
    return this.#inner.remove(path);
  }

  removeFolder(folder: string): Promise<void> {
    this.drop(folder);
    return this.#inner.removeFolder(folder);
  }

  syncFolder(folder: string): Promise<void> {
    return this.#inner.syncFolder(folder);
  }

  freeSize(folder: string): Promise<number> {
    return this.#inner.freeSize(folder);
  }

  lock(path: string): Promise<FileLock | null> {
    return this.#inner.lock(path);
  }

  #held(path: string): FolderFile | undefined {
    if (this.#folders.size === 0) return undefined;
    const { folder, name } = split(path);
    return this.#folders.get(folder)?.files.get(name);
  }

  #noteChange(path: string): void {
    if (this.#folders.size > 0) this.drop(split(path).folder);
  }
}

function split(path: string): { readonly folder: string; readonly name: string } {
  const at = path.lastIndexOf('/');
  return { folder: path.slice(0, at), name: path.slice(at + 1) };
}

function handleOf(bytes: Buffer): FileHandle {
  const refuse = (): never => {
    throw new Error('a file that was read beforehand is not written');
  };
  return {
    fd: NO_FD,
    read: (target, position) =>
      Promise.resolve(position < bytes.length ? bytes.copy(target, 0, position) : 0),
    size: () => Promise.resolve(bytes.length),
    write: refuse,
    truncate: refuse,
    sync: refuse,
    close: () => Promise.resolve(),
  };
}
