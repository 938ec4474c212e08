/** Much of a folder in one step, on the event loop or in the thread pool; see FileSystem.readFolder. */

import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { FolderContent, FolderFile } from './file-system.ts';

export function readFolderInline(folder: string, bytesMax: number | null): FolderContent {
  const names = readdirSync(folder).sort();
  const files = new Map<string, FolderFile>();
  if (bytesMax === null) return { names, files };
  for (const name of names) {
    const file = readInline(`${folder}/${name}`, bytesMax);
    if (file !== null) files.set(name, file);
  }
  return { names, files };
}

function readInline(path: string, bytesMax: number): FolderFile | null {
  try {
    const found = statSync(path);
    const file = { size: found.size, modifiedMs: found.mtimeMs, isFolder: found.isDirectory() };
    const isRead = found.isFile() && file.size <= bytesMax;
    return { ...file, bytes: isRead ? readBytes(path, file.size) : null };
  } catch {
    return null;
  }
}

/** Null: it is not as long as it was. */
function readBytes(path: string, size: number): Buffer | null {
  if (size === 0) return Buffer.alloc(0);
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(size);
    return readSync(fd, bytes, 0, size, 0) === size ? bytes : null;
  } finally {
    closeSync(fd);
  }
}

/** One file after the other: each folder has one thread at a time. */
export async function readFolderInPool(
  folder: string,
  bytesMax: number | null,
): Promise<FolderContent> {
  const names = (await readdir(folder)).sort();
  const files = new Map<string, FolderFile>();
  if (bytesMax === null) return { names, files };
  for (const name of names) {
    const file = await readInPool(`${folder}/${name}`, bytesMax);
    if (file !== null) files.set(name, file);
  }
  return { names, files };
}

async function readInPool(path: string, bytesMax: number): Promise<FolderFile | null> {
  try {
    const found = await stat(path);
    const file = { size: found.size, modifiedMs: found.mtimeMs, isFolder: found.isDirectory() };
    const isRead = found.isFile() && file.size <= bytesMax;
    const bytes = isRead ? await readFile(path) : null;
    return { ...file, bytes: bytes?.length === file.size ? bytes : null };
  } catch {
    return null;
  }
}
