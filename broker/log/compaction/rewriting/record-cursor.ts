/**
 * Steps over the decompressed records of a batch without making an object of any: where each lies,
 * its key, and whether it has a value. Source: https://kafka.apache.org/documentation/#record
 */

import { ErrorCodes } from '../../../model/error-codes.ts';
import type { BatchHeader } from '../../../records/batch-header.ts';
import { VarintCursor } from '../../../records/varint.ts';

/** A record has at least so many bytes. */
const RECORD_SIZE_MIN = 7;

export class RecordCursor {
  readonly bytes: Buffer;
  readonly #header: BatchHeader;
  readonly #cursor = new VarintCursor(ErrorCodes.CORRUPT_MESSAGE);
  #left: number;
  /** Of the record, with its size in front. */
  start = 0;
  end = 0;
  /** Behind the size. */
  bodyStart = 0;
  /** Behind the timestamp: what follows does not depend on the batch's base timestamp. */
  restStart = 0;
  offset = -1;
  /** Less the base timestamp; saturated. */
  timestampDelta = 0;
  hasKey = false;
  keyStart = 0;
  keyEnd = 0;
  hasValue = false;

  constructor(header: BatchHeader, bytes: Buffer) {
    this.bytes = bytes;
    this.#header = header;
    this.#left = header.recordCount;
    this.#cursor.reset(bytes, 0, bytes.length);
    if (header.recordCount * RECORD_SIZE_MIN > bytes.length) {
      throw this.#cursor.failure(`${String(header.recordCount)} do not fit into the batch`);
    }
  }

  /** False behind the last one. Throws KafkaError CORRUPT_MESSAGE. */
  next(): boolean {
    const cursor = this.#cursor;
    if (this.#left === 0) {
      if (cursor.position !== cursor.end) throw cursor.failure('bytes are left after the last one');
      return false;
    }
    this.#left -= 1;
    this.start = cursor.position;
    const size = cursor.varint();
    this.bodyStart = cursor.position;
    this.end = this.bodyStart + size;
    if (size <= 0 || this.end > cursor.end) throw cursor.failure('a record is cut off');
    cursor.skip(1);
    this.timestampDelta = cursor.varlong();
    this.restStart = cursor.position;
    this.#readOffset(cursor.varint());
    this.#readKey(cursor.varint());
    // Whether there is a value is all that counts; headers follow it.
    this.hasValue = cursor.varint() >= 0;
    if (cursor.position > this.end) throw cursor.failure('its fields do not fill its size');
    cursor.position = this.end;
    return true;
  }

  #readOffset(delta: number): void {
    const offset = this.#header.baseOffset + delta;
    const isFirst = this.#left + 1 === this.#header.recordCount;
    if (delta < 0 || offset > this.#header.lastOffset || (!isFirst && offset <= this.offset)) {
      throw this.#cursor.failure('an offset outside the batch, or out of order');
    }
    this.offset = offset;
  }

  #readKey(size: number): void {
    this.hasKey = size >= 0;
    this.keyStart = this.#cursor.position;
    if (size > 0) this.#cursor.skip(size);
    this.keyEnd = this.#cursor.position;
  }
}
