/**
 * The sparse index of a segment from offsets to positions: entries of 8 bytes, the last offset of a
 * batch less the segment's base offset (u32), and the position at which that batch starts (u32).
 * Offsets and positions rise strictly.
 */

import { FixedEntries } from './fixed-entries.ts';

export const OFFSET_ENTRY_SIZE = 8;

export class OffsetIndex {
  readonly #baseOffset: number;
  readonly #entries: FixedEntries;

  /** `bytes` as a file has them, already known to have no problem; empty for a new segment. */
  constructor(baseOffset: number, bytes: Buffer) {
    this.#baseOffset = baseOffset;
    this.#entries = new FixedEntries(OFFSET_ENTRY_SIZE, bytes);
  }

  /** Why the bytes cannot be the index of a segment of that size; null if they can. */
  static problemOf(bytes: Buffer, segmentSize: number): string | null {
    if (bytes.length % OFFSET_ENTRY_SIZE !== 0) return 'it ends within an entry';
    let offset = -1;
    let position = -1;
    for (let at = 0; at < bytes.length; at += OFFSET_ENTRY_SIZE) {
      if (bytes.readUInt32BE(at) <= offset) return 'its offsets do not rise';
      offset = bytes.readUInt32BE(at);
      if (bytes.readUInt32BE(at + 4) <= position) return 'its positions do not rise';
      position = bytes.readUInt32BE(at + 4);
    }
    return position >= segmentSize ? 'it points behind the end of the segment' : null;
  }

  get count(): number {
    return this.#entries.count;
  }

  get bytes(): Buffer {
    return this.#entries.bytes;
  }

  get capacityBytes(): number {
    return this.#entries.capacityBytes;
  }

  /** Position of the last entry, from which the rest of the segment is scanned; 0 without entries. */
  get lastPosition(): number {
    return this.#positionOf(this.count - 1);
  }

  isFull(indexBytesMax: number): boolean {
    return this.count >= Math.floor(indexBytesMax / OFFSET_ENTRY_SIZE);
  }

  append(lastOffset: number, position: number): void {
    const at = this.#entries.grow();
    this.#entries.buffer.writeUInt32BE(lastOffset - this.#baseOffset, at);
    this.#entries.buffer.writeUInt32BE(position, at + 4);
  }

  /** A position at or before the batch that holds `offset`, as near as the index knows; 0 if none. */
  lookup(offset: number): number {
    const relative = offset - this.#baseOffset;
    const count = this.#entries.countWhile((buffer, at) => buffer.readUInt32BE(at) <= relative);
    return this.#positionOf(count - 1);
  }

  /** Drops the entries of `offset` and later ones. */
  truncateTo(offset: number): void {
    const relative = offset - this.#baseOffset;
    this.#entries.cut(this.#entries.countWhile((buffer, at) => buffer.readUInt32BE(at) < relative));
  }

  #positionOf(entry: number): number {
    return entry < 0 ? 0 : this.#entries.buffer.readUInt32BE(entry * OFFSET_ENTRY_SIZE + 4);
  }
}
