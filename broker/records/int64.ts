/**
 * 64-bit integers of record batches as numbers. Reading saturates at the safe integers: a value past
 * 2^53 is either Kafka's "no limit" or nonsense, and both keep their meaning that way.
 */

const TWO_TO_32 = 0x100000000;
const HIGH_SAFE_MAX = 0x1fffff;
const HIGH_SAFE_MIN = -0x200000;

/** Throws a RangeError outside the buffer. */
export function readInt64(buffer: Buffer, position: number): number {
  const high = buffer.readInt32BE(position);
  if (high > HIGH_SAFE_MAX) return Number.MAX_SAFE_INTEGER;
  if (high < HIGH_SAFE_MIN) return Number.MIN_SAFE_INTEGER;
  const value = high * TWO_TO_32 + buffer.readUInt32BE(position + 4);
  return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : value;
}

/** `value` must be a safe integer. */
export function writeInt64(buffer: Buffer, value: number, position: number): void {
  buffer.writeInt32BE(Math.floor(value / TWO_TO_32), position);
  buffer.writeUInt32BE(value >>> 0, position + 4);
}
