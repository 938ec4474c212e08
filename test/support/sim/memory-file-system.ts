/**
 * The twin of the file system: in memory, with Node's errors, and able to crash, fill up and fail.
 * Every call is done within microtasks, so that a simulation stays in its order.
 *
 * What a crash leaves is what was synced: the content of a file by its `sync`, names by the
 * `syncFolder` of their folder. Stricter than any real file system on purpose.
 */

import type { Clock } from '../../../broker/platform/clock.ts';
import type {
  FileHandle,
  FileLock,
  FileStat,
  FileSystem,
  FolderContent,
  FolderFile,
} from '../../../broker/platform/file-system.ts';
import type { Random } from '../../../broker/platform/random.ts';
import { MemoryFile } from './memory-file.ts';
import { MemoryFolder, MemoryFolders } from './memory-folders.ts';

type FileOperation =
  | 'open'
  | 'readFile'
  | 'list'
  | 'stat'
  | 'makeFolder'
  | 'rename'
  | 'setModified'
  | 'remove'
  | 'removeFolder'
  | 'syncFolder'
  | 'lock'
  | 'write'
  | 'read'
  | 'truncate'
  | 'sync';

interface CrashOptions {
  /**
   * What survives of all that was not synced. `true`: everything, as when a process is killed.
   * `false`: nothing. A Random: any part that a disk may hold after a loss of power.
   */
  readonly keepUnsynced: boolean | Random;
}

interface OpenFile {
  readonly file: MemoryFile;
  readonly path: string;
  readonly isWritable: boolean;
}

interface Failure {
  readonly operation: FileOperation;
  readonly code: string;
  readonly path: string | undefined;
}

export class MemoryFileSystem implements FileSystem {
  /** Whether writes go to the "thread pool": they are done a microtask later. */
  slowWrites = false;
  /** Bytes that files may hold together; ENOSPC beyond. */
  capacity = Infinity;
  readonly #clock: Clock;
  readonly #folders = new MemoryFolders();
  readonly #open = new Map<number, OpenFile>();
  readonly #locks = new Set<MemoryFile>();
  #failures: Failure[] = [];
  #nextFd = 1_000_000;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Descriptors that are open; a test ends with none. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Bytes held by files, those removed but still open included. */
  get usedSize(): number {
    const files = new Set(this.#folders.files());
    for (const { file } of this.#open.values()) files.add(file);
    return [...files].reduce((sum, file) => sum + file.size, 0);
  }

  /** The next call of `operation` (on `path`, if given) fails with Node's error `code`. */
  failNext(operation: FileOperation, code: string, path?: string): void {
    this.#failures.push({ operation, code, path });
  }

  /** What a socket's sendfile reads: shorter at the end of the file. EBADF for closed descriptors. */
  readFd(fd: number, position: number, size: number): Buffer {
    const { file } = this.#opened(fd, 'read');
    const target = Buffer.alloc(size);
    return target.subarray(0, file.read(target, position));
  }

  /** Descriptors and locks are gone, and of what was not synced, what the options say. */
  crash({ keepUnsynced }: CrashOptions): void {
    this.#open.clear();
    this.#locks.clear();
    this.#failures = [];
    if (keepUnsynced === true) return;
    const luck = keepUnsynced === false ? null : keepUnsynced;
    const files = this.#folders.files();
    const changeCount = this.#folders.unsyncedCount;
    this.#folders.crash(luck === null ? 0 : luck.integer(changeCount + 1));
    for (const file of new Set([...files, ...this.#folders.files()])) file.crash(luck);
  }

  async open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    await this.#begin('open', path);
    const file = mode === 'read' ? this.#file(path, 'open') : this.#fileToWrite(path);
    this.#nextFd += 1;
    this.#open.set(this.#nextFd, { file, path, isWritable: mode === 'write' });
    return this.#handle(this.#nextFd);
  }

  async readFile(path: string): Promise<Buffer> {
    await this.#begin('readFile', path);
    const file = this.#file(path, 'open');
    const content = Buffer.alloc(file.size);
    file.read(content, 0);
    return content;
  }

  async list(folder: string): Promise<readonly string[]> {
    await this.#begin('list', folder);
    return [...this.#folder(folder, 'scandir').entries.keys()].sort();
  }

  async stat(path: string): Promise<FileStat | null> {
    await this.#begin('stat', path);
    const node = this.#find(path);
    if (node === undefined) return null;
    if (node instanceof MemoryFolder) return { size: 0, modifiedMs: 0, isFolder: true };
    return { size: node.size, modifiedMs: node.modifiedMs, isFolder: false };
  }

  /** Where a call is to fail, files are only named: each has to be read for itself. */
  async readFolder(folder: string, bytesMax: number | null): Promise<FolderContent> {
    const names = await this.list(folder);
    const files = new Map<string, FolderFile>();
    if (bytesMax === null || this.#failures.length > 0) return { names, files };
    for (const name of names) {
      const path = `${folder}/${name}`;
      const found = await this.stat(path);
      if (found === null) continue;
      const isRead = !found.isFolder && found.size <= bytesMax;
      files.set(name, { ...found, bytes: isRead ? await this.readFile(path) : null });
    }
    return { names, files };
  }

  async makeFolder(folder: string): Promise<void> {
    await this.#begin('makeFolder', folder);
    let parent = this.#folders.root;
    for (const name of namesOf(folder)) {
      let node = parent.entries.get(name);
      if (node instanceof MemoryFile) throw fileError('EEXIST', 'mkdir', folder);
      if (node === undefined) {
        node = new MemoryFolder();
        this.#folders.change([{ folder: parent, name, node }]);
      }
      parent = node;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin('rename', from);
    const node = this.#find(from);
    if (node === undefined) throw fileError('ENOENT', 'rename', from);
    const source = this.#place(from, 'rename');
    const target = this.#place(to, 'rename');
    const replaced = target.folder.entries.get(target.name);
    if (replaced === node) return;
    checkReplaced(node, replaced, to);
    this.#folders.change([
      { ...source, node: null },
      { ...target, node },
    ]);
  }

  async setModified(path: string, modifiedMs: number): Promise<void> {
    await this.#begin('setModified', path);
    this.#file(path, 'utime').modifiedMs = modifiedMs;
  }

  async remove(path: string): Promise<void> {
    await this.#begin('remove', path);
    const node = this.#find(path);
    if (node instanceof MemoryFolder) throw fileError('EISDIR', 'unlink', path);
    if (node !== undefined) this.#folders.change([{ ...this.#place(path, 'unlink'), node: null }]);
  }

  async removeFolder(folder: string): Promise<void> {
    await this.#begin('removeFolder', folder);
    const node = this.#find(folder);
    if (node instanceof MemoryFolder) this.#empty(node);
    if (node !== undefined) this.#folders.change([{ ...this.#place(folder, 'rm'), node: null }]);
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#begin('syncFolder', folder);
    this.#folders.sync(this.#folder(folder, 'open'));
  }

  async freeSize(folder: string): Promise<number> {
    await this.#begin('stat', folder);
    return Math.max(0, this.capacity - this.usedSize);
  }

  async lock(path: string): Promise<FileLock | null> {
    await this.#begin('lock', path);
    const file = this.#fileToWrite(path);
    if (this.#locks.has(file)) return null;
    this.#locks.add(file);
    return {
      release: () => {
        this.#locks.delete(file);
        return Promise.resolve();
      },
    };
  }

  #handle(fd: number): FileHandle {
    return {
      fd,
      write: (buffers, position) => this.#write(fd, buffers, position),
      read: async (target, position) => {
        await this.#begin('read', this.#open.get(fd)?.path);
        return this.#opened(fd, 'read').file.read(target, position);
      },
      size: async () => {
        await Promise.resolve();
        return this.#opened(fd, 'fstat').file.size;
      },
      truncate: async (size) => {
        await this.#begin('truncate', this.#open.get(fd)?.path);
        this.#writable(fd, 'ftruncate').truncate(size);
      },
      sync: async () => {
        await this.#begin('sync', this.#open.get(fd)?.path);
        this.#opened(fd, 'fsync').file.sync();
      },
      close: async () => {
        await Promise.resolve();
        if (!this.#open.delete(fd)) throw fileError('EBADF', 'close');
      },
    };
  }

  #write(fd: number, buffers: readonly Buffer[], position: number): Promise<void> | undefined {
    if (this.slowWrites) return Promise.resolve().then(() => this.#writeNow(fd, buffers, position));
    this.#writeNow(fd, buffers, position);
    return undefined;
  }

  /** Where the device is full, what still fits is written before the error, as kernels do. */
  #writeNow(fd: number, buffers: readonly Buffer[], position: number): void {
    this.#failIfAsked('write', this.#open.get(fd)?.path);
    const file = this.#writable(fd, 'write');
    file.modifiedMs = this.#clock.nowMs();
    let place = position;
    for (const buffer of buffers) {
      const growth = Math.max(0, place + buffer.length - file.size);
      const room = this.capacity === Infinity ? Infinity : this.capacity - this.usedSize;
      const fitting = buffer.length - Math.max(0, growth - Math.max(0, room));
      if (fitting > 0) file.write(buffer.subarray(0, fitting), place);
      if (fitting < buffer.length) throw fileError('ENOSPC', 'write');
      place += buffer.length;
    }
  }

  async #begin(operation: FileOperation, path: string | undefined): Promise<void> {
    await Promise.resolve();
    this.#failIfAsked(operation, path);
  }

  #failIfAsked(operation: FileOperation, path: string | undefined): void {
    const index = this.#failures.findIndex(
      (failure) =>
        failure.operation === operation && (failure.path === undefined || failure.path === path),
    );
    const failure = this.#failures[index];
    if (failure === undefined) return;
    this.#failures.splice(index, 1);
    throw fileError(failure.code, operation, path);
  }

  #opened(fd: number, call: string): OpenFile {
    const opened = this.#open.get(fd);
    if (opened === undefined) throw fileError('EBADF', call);
    return opened;
  }

  #writable(fd: number, call: string): MemoryFile {
    const opened = this.#opened(fd, call);
    if (!opened.isWritable) throw fileError(call === 'write' ? 'EBADF' : 'EINVAL', call);
    return opened.file;
  }

  #find(path: string): MemoryFile | MemoryFolder | undefined {
    let node: MemoryFile | MemoryFolder | undefined = this.#folders.root;
    for (const name of namesOf(path)) {
      if (!(node instanceof MemoryFolder)) return undefined;
      node = node.entries.get(name);
    }
    return node;
  }

  #file(path: string, call: string): MemoryFile {
    const node = this.#find(path);
    if (node === undefined) throw fileError('ENOENT', call, path);
    if (node instanceof MemoryFolder) throw fileError('EISDIR', call, path);
    return node;
  }

  #fileToWrite(path: string): MemoryFile {
    if (this.#find(path) !== undefined) return this.#file(path, 'open');
    const place = this.#place(path, 'open');
    const file = new MemoryFile();
    file.modifiedMs = this.#clock.nowMs();
    this.#folders.change([{ ...place, node: file }]);
    return file;
  }

  #folder(path: string, call: string): MemoryFolder {
    const node = this.#find(path);
    if (node === undefined) throw fileError('ENOENT', call, path);
    if (node instanceof MemoryFile) throw fileError('ENOTDIR', call, path);
    return node;
  }

  /** The folder that holds the path's last name. */
  #place(path: string, call: string): { readonly folder: MemoryFolder; readonly name: string } {
    const names = namesOf(path);
    const name = names.at(-1);
    if (name === undefined) throw fileError('EBUSY', call, path);
    return { folder: this.#folder(`/${names.slice(0, -1).join('/')}`, call), name };
  }

  #empty(folder: MemoryFolder): void {
    for (const [name, node] of folder.entries) {
      if (node instanceof MemoryFolder) this.#empty(node);
      this.#folders.change([{ folder, name, node: null }]);
    }
  }
}

function checkReplaced(
  node: MemoryFile | MemoryFolder,
  replaced: MemoryFile | MemoryFolder | undefined,
  path: string,
): void {
  if (replaced === undefined) return;
  const isFolder = replaced instanceof MemoryFolder;
  if (isFolder && !(node instanceof MemoryFolder)) throw fileError('EISDIR', 'rename', path);
  if (!isFolder && node instanceof MemoryFolder) throw fileError('ENOTDIR', 'rename', path);
  if (isFolder && replaced.entries.size > 0) throw fileError('ENOTEMPTY', 'rename', path);
}

function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function fileError(code: string, call: string, path?: string): Error {
  const where = path === undefined ? '' : ` '${path}'`;
  return Object.assign(new Error(`${code}: ${call}${where}`), { code, syscall: call, path });
}
