/**
 * The zigzag varints of record batches. Source: https://kafka.apache.org/documentation/#recordbatch
 * and https://protobuf.dev/programming-guides/encoding/#signed-ints
 */

import type { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';

const TWO_TO_31 = 0x80000000;

/**
 * A place in bytes from which varints are read. Reused, never one per record. Reading past `end`, or
 * a varint that does not end, throws a KafkaError with the code that the cursor was made with.
 */
export class VarintCursor {
  position = 0;
  end = 0;
  #bytes: Buffer = Buffer.alloc(0);
  readonly #code: typeof ErrorCodes.INVALID_RECORD | typeof ErrorCodes.CORRUPT_MESSAGE;

  constructor(code: typeof ErrorCodes.INVALID_RECORD | typeof ErrorCodes.CORRUPT_MESSAGE) {
    this.#code = code;
  }

  reset(bytes: Buffer, position: number, end: number): void {
    this.#bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** A signed 32-bit integer. */
  varint(): number {
    const first = this.#next();
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.#next();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw this.failure('a varint does not end');
  }

  /** A signed 64-bit integer, exact up to 2^52 and saturated past it. */
  varlong(): number {
    let byte = this.#next();
    const odd = byte & 1;
    let value = byte & 0x7f;
    let factor = 128;
    for (let count = 1; byte >= 0x80; count += 1) {
      if (count === 10) throw this.failure('a varint does not end');
      byte = this.#next();
      value += (byte & 0x7f) * factor;
      factor *= 128;
    }
    if (value > Number.MAX_SAFE_INTEGER) {
      return odd === 0 ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
    }
    return odd === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Steps over `size` bytes. */
  skip(size: number): void {
    if (size < 0 || size > this.end - this.position) throw this.failure('a record is cut off');
    this.position += size;
  }

  failure(what: string): KafkaError {
    return new KafkaError(this.#code, `malformed record: ${what}`);
  }

  #next(): number {
    if (this.position >= this.end) throw this.failure('a record is cut off');
    const byte = this.#bytes[this.position] ?? 0;
    this.position += 1;
    return byte;
  }
}

/** Bytes of a signed integer as a zigzag varint; `value` within 2^52. */
export function varintSize(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 128);
    size += 1;
  }
  return size;
}

/** Writes a signed integer within 2^52 and returns the position after it. */
export function writeVarint(buffer: Buffer, value: number, position: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let place = position;
  while (rest >= 0x80) {
    buffer[place] = (rest >= TWO_TO_31 ? rest % 128 : rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
    place += 1;
  }
  buffer[place] = rest;
  return place + 1;
}
