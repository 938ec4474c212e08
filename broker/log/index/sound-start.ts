/**
 * The beginning of an index file, as far as it makes sense. The files of an active segment are large
 * and mostly zeros, so they are read only so far.
 */

import type { FileSystem } from '../../platform/file-system.ts';

const FIRST_SIZE = 1 << 16;
const ENTRY_SIZE_MAX = 12;

/** `soundSize` says how much of the bytes makes sense. Null: there is no file. */
export async function readSoundStart(
  fileSystem: FileSystem,
  path: string,
  soundSize: (bytes: Buffer) => number,
): Promise<Buffer | null> {
  if ((await fileSystem.stat(path)) === null) return null;
  const handle = await fileSystem.open(path, 'read');
  try {
    const fileSize = await handle.size();
    for (let size = FIRST_SIZE; ; size *= 4) {
      const target = Buffer.alloc(Math.min(size, fileSize));
      const bytes = target.subarray(0, await handle.read(target, 0));
      const sound = soundSize(bytes);
      // Less than an entry is left where the piece, not the sense, ended.
      const goesOn = bytes.length < fileSize && bytes.length - sound < ENTRY_SIZE_MAX;
      if (!goesOn) return Buffer.from(bytes.subarray(0, sound));
    }
  } finally {
    await handle.close();
  }
}
