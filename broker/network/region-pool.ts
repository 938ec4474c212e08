/**
 * Large pieces of memory that no request looks at any more, shared by the connections of a listener.
 * While writes wait for the disk several go round per busy connection; a new one instead costs as much
 * as copying its bytes, as the kernel has to find and clear its pages, and the collector to give it back.
 *
 * Invariant: what was given back is looked at by nobody, and is handed out once.
 */

import assert from 'node:assert/strict';

/** What a busy connection reads into. Smaller pieces are cheap, larger ones rare: neither is kept. */
export const REGION_SIZE_MAX = 1024 * 1024;
const KEPT_MAX = 8;

/** Bytes with the count of requests that still look at them. */
export interface Region {
  readonly buffer: Buffer;
  users: number;
}

export class RegionPool {
  readonly #kept: Region[] = [];

  /** Of `size` bytes at least. */
  take(size: number): Region {
    const isLarge = size > REGION_SIZE_MAX / 2 && size <= REGION_SIZE_MAX;
    const kept = isLarge ? this.#kept.pop() : undefined;
    if (kept !== undefined) return kept;
    return { buffer: Buffer.allocUnsafeSlow(isLarge ? REGION_SIZE_MAX : size), users: 0 };
  }

  /** The caller forgets it. */
  giveBack(region: Region): void {
    assert(region.users === 0);
    const isWanted = region.buffer.length === REGION_SIZE_MAX && this.#kept.length < KEPT_MAX;
    if (isWanted) this.#kept.push(region);
  }
}
