/** Lets a process die at its n-th change of a file or folder: neither that one nor a later one is made. */

import type { FileHandle } from '../../../../broker/platform/file-system.ts';
import type { LogFixture } from '../log-fixture.ts';

const DEAD = 'the process is dead';

export interface StopCount {
  /** Changes asked for so far. */
  count: number;
  /** From now on nothing dies. */
  disarm(): void;
}

export function stopAt(fixture: LogFixture, number: number): StopCount {
  const { fileSystem: files } = fixture;
  let isArmed = true;
  const stop: StopCount = { count: 0, disarm: () => void (isArmed = false) };
  const step = (): void => {
    if (!isArmed) return;
    stop.count += 1;
    if (stop.count < number) return;
    fixture.process.isDead = true;
    throw new Error(DEAD);
  };
  const open = files.open.bind(files);
  const rename = files.rename.bind(files);
  const remove = files.remove.bind(files);
  const syncFolder = files.syncFolder.bind(files);
  const setModified = files.setModified.bind(files);
  Object.assign(files, {
    open: async (path: string, mode: 'read' | 'write') => {
      if (mode === 'write') step();
      return stoppingHandle(await open(path, mode), step);
    },
    rename: (from: string, to: string) => changed(step, () => rename(from, to)),
    remove: (path: string) => changed(step, () => remove(path)),
    syncFolder: (folder: string) => changed(step, () => syncFolder(folder)),
    setModified: (path: string, ms: number) => changed(step, () => setModified(path, ms)),
  });
  return stop;
}

async function changed(step: () => void, change: () => Promise<void>): Promise<void> {
  step();
  await change();
}

function stoppingHandle(handle: FileHandle, step: () => void): FileHandle {
  return {
    fd: handle.fd,
    read: (target, position) => handle.read(target, position),
    size: () => handle.size(),
    close: () => handle.close(),
    write: (buffers, position) => {
      step();
      return handle.write(buffers, position);
    },
    truncate: (size) => changed(step, () => handle.truncate(size)),
    sync: () => changed(step, () => handle.sync()),
  };
}
