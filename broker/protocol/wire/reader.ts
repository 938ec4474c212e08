/**
 * Reads the primitive types of the Kafka protocol from one buffer. Every method checks its bounds
 * and throws ProtocolError, nothing else. Byte results are views of the buffer: copy to keep them
 * longer than the frame. Source: https://kafka.apache.org/protocol#protocol_types
 */

import { ProtocolError } from '../protocol-error.ts';
import { uuidToText } from './uuid.ts';

/**
 * Elements of all arrays of one frame. A frame of 100 MiB could name 50 million empty topics, which
 * would take gigabytes as objects; the metadata of 200,000 partitions are some two million elements.
 */
const ELEMENT_COUNT_MAX = 2 ** 22;

export class Reader {
  readonly #buffer: Buffer;
  #position: number;
  readonly #end: number;
  #elementCount = 0;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#position = position;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  int8(): number {
    return this.#buffer.readInt8(this.#take(1));
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#take(2));
  }

  uint16(): number {
    return this.#buffer.readUInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  int64(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8));
  }

  float64(): number {
    return this.#buffer.readDoubleBE(this.#take(8));
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  uuid(): string {
    return uuidToText(this.bytes(16));
  }

  /** An unsigned varint of at most 32 bits. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#buffer.readUInt8(this.#take(1));
      if (shift === 28 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new ProtocolError('varint is longer than 32 bits');
  }

  /** A zigzag varint of at most 32 bits. */
  varint(): number {
    const value = this.uvarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** A zigzag varint of at most 64 bits. */
  varlong(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#buffer.readUInt8(this.#take(1));
      if (shift === 63n && byte > 1) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n);
    }
    throw new ProtocolError('varint is longer than 64 bits');
  }

  /** A view of the next `size` bytes. */
  bytes(size: number): Buffer {
    const start = this.#take(size);
    return this.#buffer.subarray(start, start + size);
  }

  utf8(size: number): string {
    const start = this.#take(size);
    return this.#buffer.toString('utf8', start, start + size);
  }

  skip(size: number): void {
    this.#take(size);
  }

  /**
   * To be called before reading an array of `count` elements. Every element of every message takes
   * at least one byte: a count past the end is a lie.
   */
  claimElements(count: number): void {
    if (count > this.remaining) {
      throw new ProtocolError(`an array of ${String(count)} elements does not fit its frame`);
    }
    this.#elementCount += count;
    if (this.#elementCount > ELEMENT_COUNT_MAX) {
      throw new ProtocolError(`a frame of more than ${String(ELEMENT_COUNT_MAX)} elements`);
    }
  }

  #take(size: number): number {
    const start = this.#position;
    if (size < 0 || size > this.#end - start) {
      throw new ProtocolError(
        `${String(size)} bytes wanted at ${String(start)}, ${String(this.#end - start)} left`,
      );
    }
    this.#position = start + size;
    return start;
  }
}
