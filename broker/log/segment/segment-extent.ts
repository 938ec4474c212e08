/**
 * The size of a segment's file with `preallocate=true`: segment.bytes from the first write on, zeros
 * behind what is written, cut off when the segment ends. Owner: the segment.
 *
 * Invariant: a segment's zeros are cut off before the first write to the one behind it. Whoever
 * recovers the log takes zeros for its end, and drops what follows. Those of the last segment, left by
 * a crash, are cut off there.
 */

import type { LogConfig } from '../log-config.ts';

interface ExtentOptions {
  readonly truncate: (size: number) => Promise<void>;
  readonly writtenSize: () => number;
  readonly config: () => LogConfig;
}

export class SegmentExtent {
  readonly #options: ExtentOptions;
  /** Zeros stand behind what is written. */
  #isPadded = false;
  #mustPrepare = false;
  #before: SegmentExtent | null = null;

  constructor(options: ExtentOptions) {
    this.#options = options;
  }

  /** `prepare` has to be called before the first write. */
  get mustPrepare(): boolean {
    return this.#mustPrepare;
  }

  get mayBePadded(): boolean {
    return this.#isPadded || this.#mustPrepare;
  }

  /** For a new segment; `before` is that of the one that has just been sealed. */
  prepareAfter(before: SegmentExtent | null): void {
    this.#mustPrepare = true;
    this.#before = before;
  }

  /** Everything before this segment is written. May be called again where it was rejected. */
  async prepare(): Promise<void> {
    const { truncate, config, writtenSize } = this.#options;
    await this.#before?.trim();
    const { preallocate, segmentBytes } = config();
    // Nothing is written meanwhile: it cannot cut off a record.
    if (preallocate && writtenSize() === 0) {
      this.#isPadded = true;
      await truncate(segmentBytes);
    }
    this.#before = null;
    this.#mustPrepare = false;
  }

  /** Cuts off the zeros; a sync has to follow. Nothing is being written, or ever will be. */
  async trim(): Promise<void> {
    if (!this.#isPadded) return;
    await this.#options.truncate(this.#options.writtenSize());
    this.#isPadded = false;
  }

  /** The file ends with what is written. */
  noteCut(): void {
    this.#isPadded = false;
  }
}
