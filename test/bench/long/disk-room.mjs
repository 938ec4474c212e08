/** What a long cell needs of a disk: room for its data, and files whose pages are not in memory. */

import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

import { run, tail } from '../../../scripts/lib/command.mjs';

/** Indexes, other topics, and what file systems keep to themselves. */
const margin = 1.15;

/** @param {string} folder @param {number} bytes @returns {string | null} null, or what is missing */
export function roomMissing(folder, bytes) {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= bytes * margin) return null;
  const [wanted, there] = [bytes * margin, free].map((size) => `${(size / 1e9).toFixed(1)} GB`);
  return `${wanted} free in ${folder} (there are ${there}; --folder and --scale help)`;
}

/** Writes the files' pages to the disk and drops them from memory; needs no rights beyond the files'. */
export async function makeCold(folder) {
  for (const name of readdirSync(folder).filter((it) => it.endsWith('.log'))) {
    const file = `of=${join(folder, name)}`;
    const flags = ['oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'];
    const { code, output } = await run('dd', [file, ...flags]);
    if (code !== 0) throw new Error(`${name} stays in memory: ${tail(output, 3)}`);
  }
}
