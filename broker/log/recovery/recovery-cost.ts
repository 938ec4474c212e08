/** How much of a partition's folder recovery reads: what lies behind its recovery point. */

import type { FileSystem } from '../../platform/file-system.ts';
import { FileSuffix, offsetFileName, offsetOfFileName } from '../files/file-names.ts';

/**
 * Bytes of the segments from the one that holds the recovery point on. An upper bound: of that one
 * only what lies behind the recovery point is read.
 */
export async function bytesToVerify(
  fileSystem: FileSystem,
  folder: string,
  recoveryPoint: number,
): Promise<number> {
  const { names, files } = await fileSystem.readFolder(folder, 0);
  const offsets = names
    .map((name) => offsetOfFileName(name, FileSuffix.log))
    .filter((offset) => offset !== null);
  const first = offsets.findLastIndex((offset) => offset <= recoveryPoint);
  let bytes = 0;
  for (const offset of offsets.slice(Math.max(0, first))) {
    bytes += files.get(offsetFileName(offset, FileSuffix.log))?.size ?? 0;
  }
  return bytes;
}
