/**
 * The log of a container: `NAME.log`, to which its process appends, and `NAME.log.1`, what was there
 * before. The process keeps the file open, so it cannot be put aside as it is: its content is, and
 * the file is emptied. What is written between the last read and that, within microseconds, is lost.
 */

import { appendFileSync, closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';

const chunkSize = 1024 * 1024;

/** Does nothing below `sizeMax`. The process must have opened the file for appending. */
export function rotateLog(file: string, sizeMax: number): void {
  const log = openSync(file, 'r+');
  try {
    const { size } = fstatSync(log);
    if (size <= sizeMax) return;
    const older = openSync(`${file}.1`, 'w');
    try {
      copyToEnd(log, older, size - sizeMax);
      ftruncateSync(log);
    } finally {
      closeSync(older);
    }
  } finally {
    closeSync(log);
  }
}

/** From `position`, and what is appended meanwhile; a process that appends faster than we copy is not waited for. */
function copyToEnd(from: number, to: number, position: number): void {
  const chunk = Buffer.alloc(chunkSize);
  const endMax = fstatSync(from).size + 4 * chunkSize;
  let next = position;
  while (next < endMax) {
    const count = readSync(from, chunk, 0, chunkSize, next);
    if (count === 0) return;
    appendFileSync(to, chunk.subarray(0, count));
    next += count;
  }
}
