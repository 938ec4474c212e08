/**
 * The last offset of each key in the part of a log that is not compacted yet: a table of fixed size,
 * 24 bytes per place as in Apache Kafka (a hash of 16, an offset of 8), open addressing.
 *
 * Invariants: it never takes more memory than it was given, and says when it is full; keys are put in
 * the order of their offsets.
 */

import assert from 'node:assert/strict';
import type { KeyHasher } from './key-hash.ts';

const PLACE_SIZE = 24;
const PLACES_MIN = 16;

export interface OffsetMapOptions {
  readonly hasher: KeyHasher;
  readonly bytesMax: number;
  /** Share of the places that may be taken. */
  readonly loadFactor: number;
  /** No more keys than this will come: a small part of a log needs no large table. */
  readonly keysMax: number;
}

export class OffsetMap {
  readonly #hasher: KeyHasher;
  readonly #placeCount: number;
  readonly #countMax: number;
  readonly #hashes: Int32Array;
  /** One more than the offset; 0: the place is free. */
  readonly #offsets: Float64Array;
  #count = 0;

  constructor({ hasher, bytesMax, loadFactor, keysMax }: OffsetMapOptions) {
    const load = Math.min(Math.max(loadFactor, 0.1), 0.95);
    const wanted = Math.ceil(keysMax / load) + 1;
    this.#hasher = hasher;
    this.#placeCount = Math.max(PLACES_MIN, Math.min(Math.floor(bytesMax / PLACE_SIZE), wanted));
    this.#countMax = Math.floor(this.#placeCount * load);
    this.#hashes = new Int32Array(this.#placeCount * 4);
    this.#offsets = new Float64Array(this.#placeCount);
  }

  get count(): number {
    return this.#count;
  }

  /** Share of the room that is taken. */
  get utilization(): number {
    return this.#count / this.#countMax;
  }

  get isFull(): boolean {
    return this.#count >= this.#countMax;
  }

  /** Later offsets replace earlier ones. Not to be called where it is full. */
  put(bytes: Buffer, key: { readonly start: number; readonly end: number }, offset: number): void {
    assert(!this.isFull, 'the table of keys is full');
    const place = this.#find(bytes, key.start, key.end);
    if ((this.#offsets[place] ?? 0) === 0) {
      this.#hashes.set(this.#hasher.words, place * 4);
      this.#count += 1;
    }
    this.#offsets[place] = offset + 1;
  }

  /** -1: the key is not in it. */
  get(bytes: Buffer, start: number, end: number): number {
    return (this.#offsets[this.#find(bytes, start, end)] ?? 0) - 1;
  }

  /** The place of the key, or the free one where it would be. */
  #find(bytes: Buffer, start: number, end: number): number {
    this.#hasher.hash(bytes, start, end);
    const [first = 0, second = 0, third = 0, fourth = 0] = this.#hasher.words;
    const hashes = this.#hashes;
    let place = (first >>> 0) % this.#placeCount;
    while (this.#offsets[place] !== 0) {
      const at = place * 4;
      if (
        hashes[at] === first &&
        hashes[at + 1] === second &&
        hashes[at + 2] === third &&
        hashes[at + 3] === fourth
      ) {
        return place;
      }
      place = place + 1 === this.#placeCount ? 0 : place + 1;
    }
    return place;
  }
}
