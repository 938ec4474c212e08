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

  /**
   * How many bytes at the start can be the index of the offsets before `offset` of a segment of that
   * size: after a crash there may be anything behind what was synced, such as zeros.
   */
  static soundSize(
    bytes: Buffer,
    bounds: { readonly baseOffset: number; readonly offset: number; readonly size: number },
  ): number {
    let offset = bounds.baseOffset - 1;
    let position = -1;
    let at = 0;
    for (; at + OFFSET_ENTRY_SIZE <= bytes.length; at += OFFSET_ENTRY_SIZE) {
      const nextOffset = bounds.baseOffset + bytes.readUInt32BE(at);
      const nextPosition = bytes.readUInt32BE(at + 4);
      if (nextOffset <= offset || nextOffset >= bounds.offset) break;
      if (nextPosition <= position || nextPosition >= bounds.size) break;
      offset = nextOffset;
      position = nextPosition;
    }
    return at;
  }

  /**
   * Why the bytes cannot be the index of a segment of that size; null if they can. What stands before
   * `from` was looked at before.
   */
  static problemOf(bytes: Buffer, segmentSize: number, from = 0): string | null {
    if (bytes.length % OFFSET_ENTRY_SIZE !== 0) return 'it ends within an entry';
    let offset = from === 0 ? -1 : bytes.readUInt32BE(from - OFFSET_ENTRY_SIZE);
    let position = from === 0 ? -1 : bytes.readUInt32BE(from - OFFSET_ENTRY_SIZE + 4);
    for (let at = from; at < bytes.length; at += OFFSET_ENTRY_SIZE) {
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

  /** Of the last entry; the base offset without entries. */
  get lastOffset(): number {
    const entry = this.count - 1;
    const at = entry * OFFSET_ENTRY_SIZE;
    return this.#baseOffset + (entry < 0 ? 0 : this.#entries.buffer.readUInt32BE(at));
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

  /** The last offset of the first indexed batch at `position` or behind; null if there is none. */
  offsetBehind(position: number): number | null {
    const before = this.#entries.countWhile((buffer, at) => buffer.readUInt32BE(at + 4) < position);
    if (before === this.count) return null;
    return this.#baseOffset + this.#entries.buffer.readUInt32BE(before * OFFSET_ENTRY_SIZE);
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
