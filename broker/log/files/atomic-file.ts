/**
 * Replaces a file so that after a crash either the old content or the new one is there, whole. The
 * order: write the neighbour `.tmp`, fsync it, rename it over the file, fsync the folder. Where that
 * fails, on a full disk too, the old content stays, and what was begun is taken away if that is possible.
 */

import type { FileSystem } from '../../platform/file-system.ts';

export async function replaceFile(
  fileSystem: FileSystem,
  file: { readonly folder: string; readonly name: string },
  content: Buffer,
): Promise<void> {
  const path = `${file.folder}/${file.name}`;
  try {
    await writeWhole(fileSystem, `${path}.tmp`, content);
    await fileSystem.rename(`${path}.tmp`, path);
  } catch (error) {
    await fileSystem.remove(`${path}.tmp`).catch(() => undefined);
    throw error;
  }
  await fileSystem.syncFolder(file.folder);
}

/** Synced, unless told not to. A file that cannot be written whole may be left in part. */
export async function writeWhole(
  fileSystem: FileSystem,
  path: string,
  content: Buffer,
  { sync = true }: { readonly sync?: boolean } = {},
): Promise<void> {
  const handle = await fileSystem.open(path, 'write');
  try {
    // A crash may have left a longer one behind.
    await handle.truncate(0);
    await handle.write([content], 0);
    if (sync) await handle.sync();
  } finally {
    await handle.close();
  }
}
