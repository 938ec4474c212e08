/**
 * Replaces a file so that after a crash either the old content or the new one is there, whole. The
 * order: write the neighbour `.tmp`, fsync it, rename it over the file, fsync the folder.
 */

import type { FileSystem } from '../../platform/file-system.ts';

export async function replaceFile(
  fileSystem: FileSystem,
  file: { readonly folder: string; readonly name: string },
  content: Buffer,
): Promise<void> {
  const path = `${file.folder}/${file.name}`;
  const handle = await fileSystem.open(`${path}.tmp`, 'write');
  try {
    // A crash may have left a longer neighbour behind.
    await handle.truncate(0);
    await handle.write([content], 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fileSystem.rename(`${path}.tmp`, path);
  await fileSystem.syncFolder(file.folder);
}
