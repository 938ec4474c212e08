/**
 * Files on a disk that takes its time: every call waits before it is carried out. A process that dies
 * meanwhile never carries it out.
 */

import type { FileHandle, FileSystem } from '../../../broker/platform/file-system.ts';

/** Null: no wait. It resolves at once, later, or, for a process that is dead, never. */
type Pause = () => Promise<void> | null;

export function delayedFileSystem(files: FileSystem, pause: Pause): FileSystem {
  const later =
    <Args extends readonly unknown[], T>(call: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await pause();
      return call(...args);
    };
  return {
    open: later(async (path, mode) => delayedHandle(await files.open(path, mode), later, pause)),
    readFile: later((path) => files.readFile(path)),
    list: later((folder) => files.list(folder)),
    stat: later((path) => files.stat(path)),
    readFolder: later((folder, bytesMax) => files.readFolder(folder, bytesMax)),
    makeFolder: later((folder) => files.makeFolder(folder)),
    rename: later((from, to) => files.rename(from, to)),
    setModified: later((path, modifiedMs) => files.setModified(path, modifiedMs)),
    remove: later((path) => files.remove(path)),
    removeFolder: later((folder) => files.removeFolder(folder)),
    syncFolder: later((folder) => files.syncFolder(folder)),
    freeSize: later((folder) => files.freeSize(folder)),
    lock: later((path) => files.lock(path)),
  };
}

type Later = <Args extends readonly unknown[], T>(
  call: (...args: Args) => Promise<T>,
) => (...args: Args) => Promise<T>;

function delayedHandle(handle: FileHandle, later: Later, pause: Pause): FileHandle {
  return {
    fd: handle.fd,
    write: (buffers, position) => {
      const wait = pause();
      return wait === null
        ? handle.write(buffers, position)
        : wait.then(() => handle.write(buffers, position));
    },
    read: later((target, position) => handle.read(target, position)),
    size: later(() => handle.size()),
    truncate: later((size) => handle.truncate(size)),
    sync: later(() => handle.sync()),
    close: later(() => handle.close()),
  };
}
