/**
 * Offsets are 64-bit on the wire and in files, and safe integers inside: an offset past 2^53 cannot
 * come from a log that was written record by record.
 */

/** For offsets that a client asks for, which may be any: what no log can hold stays out of range. */
export function toSaturatedOffset(value: bigint): number {
  if (value < 0n) return -1;
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}
