/** A file span that is only carried around: reading it gives zeros, nothing is open. */

import type { FileSpan } from '../../../broker/model/payload.ts';

export function fakeSpan(size: number): FileSpan {
  return {
    fd: 3,
    position: 0,
    size,
    release: () => undefined,
    slice: (_start, length) => Promise.resolve(Buffer.alloc(length)),
    read: () => Promise.resolve(Buffer.alloc(size)),
  };
}
