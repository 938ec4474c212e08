/**
 * The sparse index of a segment from timestamps to offsets: entries of 12 bytes, the largest
 * timestamp so far (i64) and the last offset of the batch that has it, less the segment's base offset
 * (u32). Timestamps rise strictly: an interval without a new largest timestamp adds no entry.
 */

import { readInt64, writeInt64 } from '../../records/int64.ts';
import { FixedEntries } from './fixed-entries.ts';

export const TIME_ENTRY_SIZE = 12;

export interface TimeEntry {
  readonly timestampMs: number;
  readonly offset: number;
}

export class TimeIndex {
  readonly #baseOffset: number;
  readonly #entries: FixedEntries;

  /** `bytes` as a file has them, already known to have no problem; empty for a new segment. */
  constructor(baseOffset: number, bytes: Buffer) {
    this.#baseOffset = baseOffset;
    this.#entries = new FixedEntries(TIME_ENTRY_SIZE, bytes);
  }

  /** How many bytes at the start can be the index of offsets up to `lastOffset`. */
  static soundSize(
    bytes: Buffer,
    bounds: { readonly baseOffset: number; readonly lastOffset: number },
  ): number {
    let timestamp = -1;
    let offset = bounds.baseOffset;
    let at = 0;
    for (; at + TIME_ENTRY_SIZE <= bytes.length; at += TIME_ENTRY_SIZE) {
      const nextOffset = bounds.baseOffset + bytes.readUInt32BE(at + 8);
      if (nextOffset < offset || nextOffset > bounds.lastOffset) break;
      if (readInt64(bytes, at) <= timestamp) break;
      timestamp = readInt64(bytes, at);
      offset = nextOffset;
    }
    return at;
  }

  /** Why the bytes cannot be a time index; null if they can. Those before `from` are known to be. */
  static problemOf(bytes: Buffer, from = 0): string | null {
    if (bytes.length % TIME_ENTRY_SIZE !== 0) return 'it ends within an entry';
    let timestamp = from === 0 ? -1 : readInt64(bytes, from - TIME_ENTRY_SIZE);
    let offset = from === 0 ? -1 : bytes.readUInt32BE(from - TIME_ENTRY_SIZE + 8);
    for (let at = from; at < bytes.length; at += TIME_ENTRY_SIZE) {
      if (readInt64(bytes, at) <= timestamp) return 'its timestamps do not rise';
      timestamp = readInt64(bytes, at);
      if (bytes.readUInt32BE(at + 8) < offset) return 'its offsets fall';
      offset = bytes.readUInt32BE(at + 8);
    }
    return null;
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

  get last(): TimeEntry {
    return this.#entryAt(this.count - 1);
  }

  /** The last slot is kept for the entry that sealing the segment adds. */
  isFull(indexBytesMax: number): boolean {
    return this.count >= Math.floor(indexBytesMax / TIME_ENTRY_SIZE) - 1;
  }

  /** Adds nothing unless the timestamp is larger than all before. */
  maybeAppend(timestampMs: number, offset: number): void {
    if (timestampMs <= this.last.timestampMs) return;
    const at = this.#entries.grow();
    writeInt64(this.#entries.buffer, timestampMs, at);
    this.#entries.buffer.writeUInt32BE(offset - this.#baseOffset, at + 8);
  }

  /** The last entry at or before the time; without one, timestamp -1 at the base offset. */
  lookup(timestampMs: number): TimeEntry {
    const count = this.#entries.countWhile((buffer, at) => readInt64(buffer, at) <= timestampMs);
    return this.#entryAt(count - 1);
  }

  /** Drops the entries of `offset` and later ones. */
  truncateTo(offset: number): void {
    const relative = offset - this.#baseOffset;
    this.#entries.cut(
      this.#entries.countWhile((buffer, at) => buffer.readUInt32BE(at + 8) < relative),
    );
  }

  #entryAt(entry: number): TimeEntry {
    if (entry < 0) return { timestampMs: -1, offset: this.#baseOffset };
    const at = entry * TIME_ENTRY_SIZE;
    return {
      timestampMs: readInt64(this.#entries.buffer, at),
      offset: this.#baseOffset + this.#entries.buffer.readUInt32BE(at + 8),
    };
  }
}
