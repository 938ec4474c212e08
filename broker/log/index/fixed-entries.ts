/**
 * A growing array of fixed-size entries in one buffer: what an index file holds, byte for byte.
 * Entries are only added at the end and cut from the end.
 */

const CAPACITY_MIN = 16;

export class FixedEntries {
  readonly entrySize: number;
  #bytes: Buffer;
  #count: number;

  /** `bytes` must be whole entries; they are not copied. */
  constructor(entrySize: number, bytes: Buffer) {
    this.entrySize = entrySize;
    this.#bytes = bytes;
    this.#count = Math.floor(bytes.length / entrySize);
  }

  get count(): number {
    return this.#count;
  }

  /** All entries as the file holds them: a view, valid until the next change. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#count * this.entrySize);
  }

  /** What memory it takes. */
  get capacityBytes(): number {
    return this.#bytes.length;
  }

  /** Adds an entry and returns where to write it, as a position in `buffer`. */
  grow(): number {
    const position = this.#count * this.entrySize;
    if (position + this.entrySize > this.#bytes.length)
      this.#reserve(Math.max(CAPACITY_MIN, this.#count * 2));
    this.#count += 1;
    return position;
  }

  get buffer(): Buffer {
    return this.#bytes;
  }

  /** Keeps the first `count` entries. */
  cut(count: number): void {
    if (count < this.#count) this.#count = count;
  }

  /** Count of leading entries for which `isBefore` holds; it must hold for a prefix of them. */
  countWhile(isBefore: (buffer: Buffer, position: number) => boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#bytes, middle * this.entrySize)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #reserve(count: number): void {
    const larger = Buffer.alloc(count * this.entrySize);
    this.bytes.copy(larger);
    this.#bytes = larger;
  }
}
