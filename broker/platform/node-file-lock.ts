/**
 * Locks on files of Node's file system.
 *
 * Where the C library is at hand: a POSIX lock, the one that Java's FileChannel takes, so that our
 * broker and Apache Kafka keep each other out of a log.dir. The kernel drops it when the process
 * ends, and also when the process closes any descriptor of the file; so nothing else in the process
 * may open a locked file, and a second lock is refused before the file is opened.
 *
 * Elsewhere: a file `<path>.owner` that holds the process id, taken over when that process is gone.
 * It keeps out other brokers of this kind on the same machine, not Apache Kafka; between processes
 * that do not see each other (containers) it keeps out nobody.
 */

import { close, fstat, open } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { FileLock } from './file-system.ts';
import { fileErrorCode } from './file-system.ts';
import { libcAvailable, lockFile } from './libc.ts';
import { SerialQueue } from './serial-queue.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(fstat);

/** Files locked by this process: POSIX locks belong to processes, so this is one per process too. */
const held = new Set<string>();
const queue = new SerialQueue();

/** Null: held by another process, or already by this one. */
export function takeFileLock(path: string, usePosix = libcAvailable()): Promise<FileLock | null> {
  return queue.run(() => (usePosix ? takePosixLock(path) : takeOwnerFile(`${path}.owner`)));
}

async function takePosixLock(path: string): Promise<FileLock | null> {
  const known = await identityAt(path);
  if (known !== null && held.has(known)) return null;
  const fd = await openFile(path, 'a+');
  let identity: string | null = null;
  try {
    const own = identityOf(await statFile(fd));
    if (lockFile(fd)) identity = own;
  } finally {
    if (identity === null) await closeFile(fd);
  }
  return identity === null ? null : posixLock(fd, identity);
}

function posixLock(fd: number, identity: string): FileLock {
  held.add(identity);
  return releaseOnce(async () => {
    await closeFile(fd);
    held.delete(identity);
  });
}

/** The file itself, whatever it is called. */
function identityOf(file: { readonly dev: number; readonly ino: number }): string {
  return `${String(file.dev)}:${String(file.ino)}`;
}

/** Null if there is no such file. Does not open it. */
async function identityAt(path: string): Promise<string | null> {
  try {
    return identityOf(await stat(path));
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function takeOwnerFile(path: string): Promise<FileLock | null> {
  if (held.has(path)) return null;
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
    if (await ownerIsAlive(path)) return null;
    await writeFile(path, String(process.pid));
  }
  held.add(path);
  return releaseOnce(async () => {
    await rm(path, { force: true });
    held.delete(path);
  });
}

async function ownerIsAlive(path: string): Promise<boolean> {
  const owner = Number(await readFile(path, 'utf8'));
  if (!Number.isSafeInteger(owner) || owner <= 0 || owner === process.pid) return false;
  try {
    process.kill(owner, 0);
    return true;
  } catch (error) {
    return fileErrorCode(error) === 'EPERM';
  }
}

function releaseOnce(release: () => Promise<void>): FileLock {
  let isReleased = false;
  return {
    async release() {
      if (isReleased) return;
      isReleased = true;
      await release();
    },
  };
}
