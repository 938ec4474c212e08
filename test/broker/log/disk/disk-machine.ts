/** A log manager on several disks in memory, each of which can fail, fill up or hang by itself. */

import type { LogManagerOptions } from '../../../../broker/log/log-manager.ts';
import { LogManager } from '../../../../broker/log/log-manager.ts';
import type { FileHandle, FileSystem } from '../../../../broker/platform/file-system.ts';
import { silentLogger } from '../../../../broker/platform/logger.ts';
import { MemoryFileSystem } from '../../../support/sim/memory-file-system.ts';
import { TestTime } from '../log-fixture.ts';
import { managerOptions } from '../log-machine.ts';

/** Asked before every call; throws what the call shall fail with, or waits. */
export type BeforeCall = (call: string, path: string) => Promise<void> | undefined;

export class DiskMachine {
  readonly time = new TestTime();
  readonly disks = new Map<string, MemoryFileSystem>();
  /** For `/d1`, `/d2` ...: one memory file system each. */
  readonly fileSystem: FileSystem;
  before: BeforeCall = () => undefined;

  constructor(paths: readonly string[] = ['/d1', '/d2']) {
    for (const path of paths) this.disks.set(path, new MemoryFileSystem(this.time));
    this.fileSystem = this.#combined();
  }

  disk(path: string): MemoryFileSystem {
    const disk = [...this.disks].find(
      ([root]) => path === root || path.startsWith(`${root}/`),
    )?.[1];
    if (disk === undefined) throw new Error(`${path} is on no disk`);
    return disk;
  }

  open(options: Partial<LogManagerOptions> = {}): Promise<LogManager> {
    const { time, fileSystem } = this;
    return LogManager.openLogManager({
      ...managerOptions({ time, fileSystem, logger: silentLogger }),
      logDirs: [...this.disks.keys()],
      ...options,
    });
  }

  /** Every process that was here is dead, and what was not synced is kept or lost. */
  crash(keepUnsynced: boolean): void {
    for (const disk of this.disks.values()) disk.crash({ keepUnsynced });
  }

  #combined(): FileSystem {
    const by =
      <Args extends readonly unknown[], T>(
        name: string,
        call: (disk: MemoryFileSystem, path: string, ...args: Args) => Promise<T>,
      ) =>
      async (path: string, ...args: Args): Promise<T> => {
        await this.before(name, path);
        return call(this.disk(path), path, ...args);
      };
    return {
      open: by('open', async (disk, path, mode: 'read' | 'write') =>
        this.#handle(await disk.open(path, mode), path),
      ),
      readFile: by('readFile', (disk, path) => disk.readFile(path)),
      list: by('list', (disk, path) => disk.list(path)),
      stat: by('stat', (disk, path) => disk.stat(path)),
      // Every file is read for itself, where `before` sees it.
      readFolder: by('readFolder', (disk, path, bytesMax: number | null) =>
        disk.readFolder(path, bytesMax === null ? null : 0),
      ),
      makeFolder: by('makeFolder', (disk, path) => disk.makeFolder(path)),
      rename: by('rename', (disk, path, to: string) => disk.rename(path, to)),
      setModified: by('setModified', (disk, path, ms: number) => disk.setModified(path, ms)),
      remove: by('remove', (disk, path) => disk.remove(path)),
      removeFolder: by('removeFolder', (disk, path) => disk.removeFolder(path)),
      syncFolder: by('syncFolder', (disk, path) => disk.syncFolder(path)),
      freeSize: by('freeSize', (disk, path) => disk.freeSize(path)),
      lock: by('lock', (disk, path) => disk.lock(path)),
    };
  }

  #handle(inner: FileHandle, path: string): FileHandle {
    return {
      fd: inner.fd,
      write: (buffers, position) => {
        const waiting = this.before('write', path);
        if (waiting === undefined) return inner.write(buffers, position);
        return waiting.then(() => inner.write(buffers, position));
      },
      read: async (target, position) => {
        await this.before('read', path);
        return inner.read(target, position);
      },
      size: () => inner.size(),
      truncate: async (size) => {
        await this.before('truncate', path);
        return inner.truncate(size);
      },
      sync: async () => {
        await this.before('sync', path);
        return inner.sync();
      },
      close: () => inner.close(),
    };
  }
}

/** Fails as Node's file system does. */
export function fileError(code: string, call = 'write'): Error {
  return Object.assign(new Error(`${code}: ${call}`), { code, syscall: call });
}

/** Lets all that can be done without a timer be done. */
export async function settle(): Promise<void> {
  for (let tick = 0; tick < 500; tick += 1) await Promise.resolve();
}
