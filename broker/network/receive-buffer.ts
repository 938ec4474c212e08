/**
 * Where a connection's bytes arrive. Frames are views of this buffer, never copies.
 *
 * Invariants: a region that an unfinished request still looks at is never read into again; the
 * owner says so by `retain()` and `release()`. The buffer grows with the traffic and shrinks with
 * it, so that an idle connection owns only a few KiB; towards a large frame it grows as the frame's
 * bytes arrive, so that nobody reserves 100 MiB by saying that he will send them.
 */

import assert from 'node:assert/strict';
import type { Region } from './region-pool.ts';
import { REGION_SIZE_MAX, RegionPool } from './region-pool.ts';

const SIZE_MIN = 8 * 1024;
/** Less room than this behind what has arrived is not worth a read of its own. */
const ROOM_MIN = 4 * 1024;
/** So many small reads in a row are less traffic; one or two are the end of a burst. */
const SMALL_READS_MAX = 4;

export class ReceiveBuffer {
  readonly #regions: RegionPool;
  #region: Region;
  #start = 0;
  #end = 0;
  #wantedSize = SIZE_MIN;
  #smallReads = 0;

  constructor(regions = new RegionPool()) {
    this.#regions = regions;
    this.#region = regions.take(SIZE_MIN);
  }

  /** What has arrived and was not consumed. */
  get size(): number {
    return this.#end - this.#start;
  }

  /** Room for the next read. `frameSize` is the size of the frame being received, 0 if not known. */
  next(frameSize: number): Buffer {
    if (this.size === 0 && this.#region.users === 0) this.#reset();
    const room = this.#region.buffer.length - this.#end;
    const isFull = room < ROOM_MIN;
    const hasPart = frameSize > this.size;
    // A MiB at once; beyond that, as much again as has arrived.
    const reached = isFull ? 2 * this.size : 0;
    const wanted = hasPart
      ? Math.min(frameSize, Math.max(REGION_SIZE_MAX, reached))
      : this.size + ROOM_MIN;
    const isTooSmall = room + this.size < wanted;
    if (isFull || isTooSmall) this.#change(Math.max(wanted, this.#wantedSize));
    return this.#region.buffer.subarray(this.#end);
  }

  /** `size` bytes were read into what next() gave. */
  arrived(size: number): void {
    const room = this.#region.buffer.length - this.#end;
    assert(size <= room);
    this.#end += size;
    if (size === room) this.#wantedSize = Math.min(this.#wantedSize * 2, REGION_SIZE_MAX);
    this.#smallReads = size * 4 < this.#wantedSize ? this.#smallReads + 1 : 0;
    if (this.#smallReads < SMALL_READS_MAX) return;
    this.#smallReads = 0;
    this.#wantedSize = Math.max(this.#wantedSize >> 1, SIZE_MIN);
  }

  /** The next four bytes as a signed number; only if that many have arrived. */
  peekInt32(): number {
    return this.#region.buffer.readInt32BE(this.#start);
  }

  /** Consumes bytes without looking at them. */
  skip(size: number): void {
    assert(size <= this.size);
    this.#start += size;
  }

  /** Consumes `size` bytes; the view is valid until the region's last release. */
  take(size: number): Buffer {
    assert(size <= this.size);
    const view = this.#region.buffer.subarray(this.#start, this.#start + size);
    this.#start += size;
    return view;
  }

  /** Keeps what take() gave from being overwritten; call the result once when done with it. */
  retain(): Region {
    this.#region.users += 1;
    return this.#region;
  }

  release(region: Region): void {
    region.users -= 1;
    assert(region.users >= 0);
    if (region.users === 0 && region !== this.#region) this.#regions.giveBack(region);
  }

  /** Nothing is left: start over, in another region if the traffic has become more or less. */
  #reset(): void {
    this.#start = 0;
    this.#end = 0;
    const size = this.#region.buffer.length;
    if (size >= this.#wantedSize && size <= 2 * this.#wantedSize) return;
    this.#regions.giveBack(this.#region);
    this.#region = this.#regions.take(this.#wantedSize);
  }

  #change(size: number): void {
    const rest = this.#region.buffer.subarray(this.#start, this.#end);
    const previous = this.#region;
    if (previous.users === 0 && previous.buffer.length >= size) {
      previous.buffer.copyWithin(0, this.#start, this.#end);
    } else {
      this.#region = this.#regions.take(size);
      rest.copy(this.#region.buffer);
      if (previous.users === 0) this.#regions.giveBack(previous);
    }
    this.#end = rest.length;
    this.#start = 0;
  }
}

export type RetainedRegion = Region;
