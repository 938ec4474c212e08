/**
 * Where the latest batches of a segment lie, so that readers near its end need no scan.
 * A ring that starts small and grows with traffic up to RECENT_MAX entries of 12 bytes.
 */

const RECENT_MIN = 16;
const RECENT_MAX = 4096;

/** A batch and where it lies in its segment. */
export interface BatchLocation {
  readonly position: number;
  readonly size: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

export class RecentBatches {
  readonly #segmentBaseOffset: number;
  /** Per entry: base offset and last offset less the segment's base offset, position. */
  #ring: Int32Array | null = null;
  #capacity = 0;
  /** Number of the next entry; entry n lies at n modulo capacity. */
  #next = 0;
  #count = 0;
  #endPosition = 0;

  constructor(segmentBaseOffset: number) {
    this.#segmentBaseOffset = segmentBaseOffset;
  }

  add(baseOffset: number, lastOffset: number, position: number, size: number): void {
    if (this.#count === this.#capacity && this.#capacity < RECENT_MAX) this.#grow();
    if (this.#ring === null) return;
    const at = (this.#next % this.#capacity) * 3;
    this.#ring[at] = baseOffset - this.#segmentBaseOffset;
    this.#ring[at + 1] = lastOffset - this.#segmentBaseOffset;
    this.#ring[at + 2] = position;
    this.#next += 1;
    if (this.#count < this.#capacity) this.#count += 1;
    this.#endPosition = position + size;
  }

  /** What memory it takes. */
  get capacityBytes(): number {
    return this.#ring?.byteLength ?? 0;
  }

  clear(): void {
    this.#ring = null;
    this.#capacity = 0;
    this.#next = 0;
    this.#count = 0;
  }

  /** The first batch whose last offset is `offset` or more; null if that is not known here. */
  find(offset: number): BatchLocation | null {
    const relative = offset - this.#segmentBaseOffset;
    const first = this.#next - this.#count;
    if (this.#count === 0 || relative < this.#field(first, 0)) return null;
    let low = first;
    let high = this.#next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#field(middle, 1) < relative) low = middle + 1;
      else high = middle;
    }
    return low === this.#next ? null : this.#locationOf(low);
  }

  #locationOf(entry: number): BatchLocation {
    const position = this.#field(entry, 2);
    const end = entry + 1 === this.#next ? this.#endPosition : this.#field(entry + 1, 2);
    return {
      position,
      size: end - position,
      baseOffset: this.#segmentBaseOffset + this.#field(entry, 0),
      lastOffset: this.#segmentBaseOffset + this.#field(entry, 1),
    };
  }

  #field(entry: number, field: number): number {
    return this.#ring?.[(entry % this.#capacity) * 3 + field] ?? 0;
  }

  #grow(): void {
    const capacity = Math.min(RECENT_MAX, Math.max(RECENT_MIN, this.#capacity * 4));
    const ring = new Int32Array(capacity * 3);
    const first = this.#next - this.#count;
    for (let entry = first; entry < this.#next; entry += 1) {
      for (let field = 0; field < 3; field += 1) {
        ring[(entry - first) * 3 + field] = this.#field(entry, field);
      }
    }
    this.#ring = ring;
    this.#capacity = capacity;
    this.#next = this.#count;
  }
}
