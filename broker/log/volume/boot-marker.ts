/**
 * Which boot of the machine a log.dir was last written in. A process that dies leaves what it wrote
 * in the page cache; only a machine that goes down may lose it. So a log.dir without the marker of a
 * clean stop has all of its records if the machine has not booted since. The file stands in the root
 * of the log.dir, where Apache Kafka leaves it alone.
 */

import type { FileSystem } from '../../platform/file-system.ts';
import { replaceFile } from '../files/atomic-file.ts';

const BOOT_FILE = '.odradek-boot';
/** Linux only: elsewhere every stop without a marker may have lost something. */
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/** False where nobody can tell. */
export async function isSameBoot(fileSystem: FileSystem, folder: string): Promise<boolean> {
  const present = await readText(fileSystem, BOOT_ID_FILE);
  return present !== null && present === (await readText(fileSystem, `${folder}/${BOOT_FILE}`));
}

/** Never rejects: where it cannot be written, the next crash counts as one of the machine. */
export async function markBoot(fileSystem: FileSystem, folder: string): Promise<void> {
  const present = await readText(fileSystem, BOOT_ID_FILE);
  if (present === null) return;
  const file = { folder, name: BOOT_FILE };
  await replaceFile(fileSystem, file, Buffer.from(present)).catch(() => undefined);
}

async function readText(fileSystem: FileSystem, path: string): Promise<string | null> {
  try {
    const text = (await fileSystem.readFile(path)).toString('utf8').trim();
    return text === '' ? null : text;
  } catch {
    // Missing, or unreadable: then nothing is known, which is the careful answer.
    return null;
  }
}
