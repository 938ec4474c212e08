/**
 * Offsets are 64-bit on the wire and in files, and safe integers inside. The conversion checks:
 * an offset past 2^53 cannot come from a log that was written record by record.
 */

import assert from 'node:assert/strict';

/** Throws an AssertionError for a value that no safe integer holds. */
export function toSafeOffset(value: bigint): number {
  const offset = Number(value);
  assert(Number.isSafeInteger(offset), `offset ${String(value)} is not a safe integer`);
  return offset;
}
