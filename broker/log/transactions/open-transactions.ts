/**
 * Which transactions of a partition keep its records from being stable: those that are open, and
 * those that ended with a marker that the high watermark has not passed, as that marker may still be
 * truncated away. Owner: the partition's producer state; all calls are synchronous.
 *
 * Invariants: transactions begin in the order of their first offsets and end in the order of their
 * markers, as both are appended in the order of offsets.
 */

import assert from 'node:assert/strict';

interface EndedTransaction {
  readonly firstOffset: number;
  /** Of the marker. */
  readonly lastOffset: number;
}

export class OpenTransactions {
  /** First offset to producer, in rising order: the first one is the smallest. */
  readonly #open = new Map<number, number>();
  /**
   * Ended, not replicated, by rising marker; without those that another keeps unstable anyway (it
   * began before them and ended after them), so first offsets rise too.
   */
  #ended: EndedTransaction[] = [];
  /** As it was last told. */
  #highWatermark = 0;

  /** First offset that is not stable whatever the high watermark; null if there is none. */
  get firstUnstableOffset(): number | null {
    const [open] = this.#open.keys();
    const ended = this.#ended[0]?.firstOffset;
    if (open === undefined) return ended ?? null;
    return ended === undefined ? open : Math.min(open, ended);
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Producer to first offset. */
  openByProducer(): ReadonlyMap<number, number> {
    return new Map([...this.#open].map(([firstOffset, producerId]) => [producerId, firstOffset]));
  }

  begin(producerId: number, firstOffset: number): void {
    this.#open.set(firstOffset, producerId);
  }

  /** Returns the last stable offset after the marker at `lastOffset`, once that is replicated. */
  end({ firstOffset, lastOffset }: EndedTransaction): number {
    const wasOpen = this.#open.delete(firstOffset);
    assert(wasOpen, 'a transaction that ends was open');
    // Else the batches are read again, of a log that was truncated elsewhere.
    if (lastOffset >= this.#highWatermark) {
      while ((this.#ended.at(-1)?.firstOffset ?? -1) >= firstOffset) this.#ended.pop();
      this.#ended.push({ firstOffset, lastOffset });
    }
    const [next] = this.#open.keys();
    return next ?? lastOffset + 1;
  }

  /** Markers before the high watermark stay where they are. */
  noteHighWatermark(highWatermark: number): void {
    this.#highWatermark = highWatermark;
    const kept = this.#ended.findIndex(({ lastOffset }) => lastOffset >= highWatermark);
    if (kept === 0 || this.#ended.length === 0) return;
    this.#ended = kept < 0 ? [] : this.#ended.slice(kept);
  }

  /** The log ends at `endOffset` now; what is open is told by `restore`. */
  noteTruncated(endOffset: number): void {
    this.#highWatermark = Math.min(this.#highWatermark, endOffset);
    this.#ended = this.#ended.filter(({ lastOffset }) => lastOffset < endOffset);
  }

  /** The state is read again, from a snapshot that has these open. */
  restore(open: readonly { producerId: number; firstOffset: number }[]): void {
    this.#open.clear();
    for (const { producerId, firstOffset } of open.toSorted(byFirstOffset)) {
      this.begin(producerId, firstOffset);
    }
  }
}

function byFirstOffset(one: { firstOffset: number }, other: { firstOffset: number }): number {
  return one.firstOffset - other.firstOffset;
}
