/**
 * Writes the primitive types of the Kafka protocol. The result is a Payload: bytes gathered in one
 * growing buffer, and between them, untouched, whatever large buffers and file spans were appended.
 */

import type { Payload, PayloadPart } from '../../model/payload.ts';
import { uuidToBytes } from './uuid.ts';

const INITIAL_SIZE = 256;
/** Buffers from this size on are sent as parts of their own instead of being copied. */
const PART_SIZE_MIN = 4096;

export class Writer {
  #buffer: Buffer;
  #start = 0;
  #position = 0;
  #parts: PayloadPart[] = [];
  #partsSize = 0;

  constructor(initialSize = INITIAL_SIZE) {
    this.#buffer = Buffer.allocUnsafe(initialSize);
  }

  /** Bytes written so far, spans included. */
  get size(): number {
    return this.#partsSize + this.#position - this.#start;
  }

  int8(value: number): void {
    const at = this.#grow(1);
    this.#buffer.writeInt8(value, at);
  }

  int16(value: number): void {
    const at = this.#grow(2);
    this.#buffer.writeInt16BE(value, at);
  }

  uint16(value: number): void {
    const at = this.#grow(2);
    this.#buffer.writeUInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#grow(4);
    this.#buffer.writeInt32BE(value, at);
  }

  uint32(value: number): void {
    const at = this.#grow(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  int64(value: bigint): void {
    const at = this.#grow(8);
    this.#buffer.writeBigInt64BE(value, at);
  }

  float64(value: number): void {
    const at = this.#grow(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  uuid(text: string): void {
    this.bytes(uuidToBytes(text));
  }

  /** An unsigned varint; `value` is a whole number below 2^32. */
  uvarint(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      const at = this.#grow(1);
      this.#buffer[at] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    const at = this.#grow(1);
    this.#buffer[at] = rest;
  }

  /** A zigzag varint of 32 bits. */
  varint(value: number): void {
    this.uvarint((value << 1) ^ (value >> 31));
  }

  /** A zigzag varint of 64 bits. */
  varlong(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest > 0x7fn) {
      this.uint8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.uint8(Number(rest));
  }

  uint8(value: number): void {
    const at = this.#grow(1);
    this.#buffer[at] = value;
  }

  /** UTF-8 text without a length. */
  utf8(text: string, size: number): void {
    const at = this.#grow(size);
    this.#buffer.write(text, at, size, 'utf8');
  }

  /** A copy of small bytes; large ones become a part of the payload and must not change afterwards. */
  bytes(bytes: Buffer): void {
    if (bytes.length >= PART_SIZE_MIN) {
      this.part(bytes);
      return;
    }
    const at = this.#grow(bytes.length);
    bytes.copy(this.#buffer, at);
  }

  /** Puts a buffer or a file span between what was and what will be written, without copying it. */
  part(part: PayloadPart): void {
    this.#flush();
    this.#parts.push(part);
    this.#partsSize += Buffer.isBuffer(part) ? part.length : part.size;
  }

  /** Everything written, in order; the writer must not be used afterwards. */
  payload(): Payload {
    this.#flush();
    return this.#parts;
  }

  /** Everything written, as one buffer. Only for payloads without file spans. */
  toBuffer(): Buffer {
    const buffers = this.payload().map((part) => {
      if (!Buffer.isBuffer(part)) throw new TypeError('a payload with file spans is no buffer');
      return part;
    });
    const [only] = buffers;
    return buffers.length === 1 && only !== undefined ? only : Buffer.concat(buffers);
  }

  #flush(): void {
    if (this.#position === this.#start) return;
    this.#parts.push(this.#buffer.subarray(this.#start, this.#position));
    this.#partsSize += this.#position - this.#start;
    this.#start = this.#position;
  }

  #grow(size: number): number {
    const at = this.#position;
    if (at + size > this.#buffer.length) {
      this.#flush();
      this.#buffer = Buffer.allocUnsafe(Math.max(size, this.#buffer.length * 2, INITIAL_SIZE));
      this.#start = 0;
      this.#position = size;
      return 0;
    }
    this.#position = at + size;
    return at;
  }
}
