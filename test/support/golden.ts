/** Golden files: what a test expects, kept as a file. UPDATE_GOLDEN=1 writes what came out instead. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** The text of the golden file, which is `actual` when golden files are being written. */
export function goldenText(file: URL, actual: string): string {
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, actual);
  }
  return readFileSync(file, 'utf8');
}
