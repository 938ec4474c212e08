/**
 * Writes records anew for a batch with another base timestamp. Exact for every 64-bit timestamp, as
 * records keep what their producer sent.
 */

import assert from 'node:assert/strict';
import { varintSize, writeVarint } from '../../../records/varint.ts';

/** A varint of 64 bits, and that of the size. */
const GROWTH_MAX = 10 + 5;

/** `records`: so many, one after the other, as they lie in a batch. `shift` is added to each delta. */
export function rebaseTimestamps(records: Buffer, count: number, shift: bigint): Buffer {
  const result = Buffer.allocUnsafe(records.length + count * GROWTH_MAX);
  let to = 0;
  let from = 0;
  for (let index = 0; index < count; index += 1) {
    const size = readVarlong(records, from);
    const end = size.end + Number(size.value);
    // One byte of attributes stands before the timestamp.
    const old = readVarlong(records, size.end + 1);
    const delta = varlongBytes(BigInt.asIntN(64, old.value + shift));
    const newSize = 1 + delta.length + end - old.end;
    to = writeVarint(result, newSize, to);
    result[to] = records[size.end] ?? 0;
    to += 1 + delta.copy(result, to + 1);
    to += records.copy(result, to, old.end, end);
    from = end;
  }
  assert(from === records.length, 'the records fill their bytes');
  return result.subarray(0, to);
}

function readVarlong(
  bytes: Buffer,
  from: number,
): { readonly value: bigint; readonly end: number } {
  let zigzag = 0n;
  let end = from;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[end] ?? 0;
    end += 1;
    zigzag |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return { value: (zigzag >> 1n) ^ -(zigzag & 1n), end };
}

function varlongBytes(value: bigint): Buffer {
  const small = Number(value);
  if (Math.abs(small) < 2 ** 51) {
    const bytes = Buffer.allocUnsafe(varintSize(small));
    writeVarint(bytes, small, 0);
    return bytes;
  }
  let zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  while (zigzag >= 0x80n) {
    bytes.push(Number(zigzag & 0x7fn) | 0x80);
    zigzag >>= 7n;
  }
  bytes.push(Number(zigzag));
  return Buffer.from(bytes);
}
