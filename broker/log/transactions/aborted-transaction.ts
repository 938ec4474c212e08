/**
 * One entry of a `.txnindex` file, 34 bytes: version i16 = 0, producer id i64, first offset i64, last
 * offset i64 (that of the abort marker), last stable offset i64 as it was after the marker.
 *
 * Invariant of a file: last offsets rise strictly, last stable offsets do not fall.
 */

import { readInt64, writeInt64 } from '../../records/int64.ts';

export interface AbortedTransaction {
  readonly producerId: number;
  /** Of the first batch of the transaction; it may lie in an earlier segment. */
  readonly firstOffset: number;
  /** Of the marker. */
  readonly lastOffset: number;
  /** First offset of the oldest transaction that was still open, else the one after the marker. */
  readonly lastStableOffset: number;
}

export const ABORTED_ENTRY_SIZE = 34;

const ENTRY_VERSION = 0;

export function encodeAborted(entries: readonly AbortedTransaction[]): Buffer {
  const bytes = Buffer.alloc(entries.length * ABORTED_ENTRY_SIZE);
  let at = 0;
  for (const entry of entries) {
    bytes.writeInt16BE(ENTRY_VERSION, at);
    writeInt64(bytes, entry.producerId, at + 2);
    writeInt64(bytes, entry.firstOffset, at + 10);
    writeInt64(bytes, entry.lastOffset, at + 18);
    writeInt64(bytes, entry.lastStableOffset, at + 26);
    at += ABORTED_ENTRY_SIZE;
  }
  return bytes;
}

/** The entry that starts at `at`; the buffer must hold all of it. */
export function decodeAborted(bytes: Buffer, at: number): AbortedTransaction {
  return {
    producerId: readInt64(bytes, at + 2),
    firstOffset: readInt64(bytes, at + 10),
    lastOffset: readInt64(bytes, at + 18),
    lastStableOffset: readInt64(bytes, at + 26),
  };
}

/**
 * Why whole entries cannot follow one whose last offset is `after`, in the index of a segment that
 * starts at `baseOffset`; null if they can.
 */
export function problemOfAborted(
  bytes: Buffer,
  segment: { readonly baseOffset: number; readonly after: number },
): string | null {
  if (bytes.length % ABORTED_ENTRY_SIZE !== 0) return 'it ends within an entry';
  let previous = segment.after;
  for (let at = 0; at < bytes.length; at += ABORTED_ENTRY_SIZE) {
    const version = bytes.readInt16BE(at);
    if (version !== ENTRY_VERSION) return `version ${String(version)} is unknown`;
    const { producerId, firstOffset, lastOffset, lastStableOffset } = decodeAborted(bytes, at);
    if (producerId < 0 || firstOffset < 0) return 'an entry is impossible';
    if (lastOffset < segment.baseOffset) return 'it speaks of offsets before its segment';
    if (firstOffset > lastOffset || lastStableOffset > lastOffset + 1) {
      return 'an entry is impossible';
    }
    if (lastOffset <= previous) return 'its offsets do not rise';
    previous = lastOffset;
  }
  return null;
}
