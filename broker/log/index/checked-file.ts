/**
 * Reads a whole index file and checks it on the way, piece by piece: the index of a full segment has
 * hundreds of thousands of entries, and to look at all of them at once would hold up the event loop.
 */

import type { FileSystem } from '../../platform/file-system.ts';

/** Whole entries of either index; what is checked between two reads takes about a millisecond. */
const PIECE_SIZE = 24 * 4096;

/**
 * The bytes, or why they cannot be the index. `problemOf` is shown all bytes read so far, and from
 * where on they are new. Rejects with the file system's errors.
 */
export async function readChecked(
  fileSystem: FileSystem,
  path: string,
  problemOf: (bytes: Buffer, from: number) => string | null,
): Promise<Buffer | string> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const bytes = Buffer.allocUnsafe(await handle.size());
    for (let from = 0; from < bytes.length; from += PIECE_SIZE) {
      const piece = bytes.subarray(from, from + PIECE_SIZE);
      if ((await handle.read(piece, from)) < piece.length) return 'it became shorter';
      const problem = problemOf(bytes.subarray(0, from + piece.length), from);
      if (problem !== null) return problem;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}
