/**
 * Walks the records of a batch that a client produced without making an object of any: on the plain
 * path this runs for every record that enters the broker. Checks what Apache Kafka checks of each
 * record, and that the records fill the batch exactly: a malformed record would stop every consumer
 * of its partition.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import { VarintCursor } from './varint.ts';

export interface RecordRules {
  /** A compacted topic takes no record without a key. */
  readonly keyRequired: boolean;
  /** What a record's timestamp must lie between, -1 (none) apart. */
  readonly timestampMinMs: number;
  readonly timestampMaxMs: number;
}

export interface RecordSection {
  readonly bytes: Buffer;
  /** Where the first record starts and the last one must end. */
  readonly position: number;
  readonly end: number;
  readonly recordCount: number;
  readonly baseTimestampMs: number;
}

/** No record carries a timestamp. */
const NO_TIMESTAMP = -1;

/** One walk runs to its end before another starts: the cursor is shared to spare an object each. */
const cursor = new VarintCursor(ErrorCodes.INVALID_RECORD);

/**
 * Returns the largest timestamp of the records, -1 if none has one. Throws KafkaError:
 * INVALID_RECORD (structure, offsets with holes, missing key) or INVALID_TIMESTAMP.
 */
export function walkRecords(section: RecordSection, rules: RecordRules): number {
  const { bytes, end, recordCount, baseTimestampMs } = section;
  const { keyRequired, timestampMinMs, timestampMaxMs } = rules;
  let largestMs = NO_TIMESTAMP;
  cursor.reset(bytes, section.position, end);
  for (let index = 0; index < recordCount; index += 1) {
    const size = cursor.varint();
    const recordEnd = cursor.position + size;
    if (size < 0 || recordEnd > end) throw cursor.failure('a record is cut off');
    cursor.skip(1);
    const timestampMs = baseTimestampMs + cursor.varlong();
    if (cursor.varint() !== index) throw cursor.failure('offsets are not consecutive');
    if (skipBytes() < 0 && keyRequired) {
      throw cursor.failure('a compacted topic cannot accept a record without a key');
    }
    skipBytes();
    const headerCount = cursor.varint();
    if (headerCount !== 0) skipHeaders(headerCount);
    if (cursor.position !== recordEnd) throw cursor.failure('its fields do not fill its size');
    if (timestampMs > largestMs) largestMs = timestampMs;
    if (timestampMs < timestampMinMs || timestampMs > timestampMaxMs) {
      checkTimestamp(timestampMs, rules);
    }
  }
  if (cursor.position !== end) throw cursor.failure('bytes are left after the last one');
  return largestMs;
}

/** Throws INVALID_TIMESTAMP for a timestamp outside the limits. */
export function checkTimestamp(timestampMs: number, rules: RecordRules): void {
  if (timestampMs === NO_TIMESTAMP) return;
  if (timestampMs >= rules.timestampMinMs && timestampMs <= rules.timestampMaxMs) return;
  const range = `${String(rules.timestampMinMs)} and ${String(rules.timestampMaxMs)}`;
  throw new KafkaError(
    ErrorCodes.INVALID_TIMESTAMP,
    `timestamp ${String(timestampMs)} is out of range: it must lie between ${range}`,
  );
}

/** Steps over a key or a value; its size, negative for null. */
function skipBytes(): number {
  const size = cursor.varint();
  if (size > 0) cursor.skip(size);
  return size;
}

function skipHeaders(count: number): void {
  if (count < 0) throw cursor.failure('a negative number of headers');
  for (let index = 0; index < count; index += 1) {
    if (skipBytes() < 0) throw cursor.failure('a header without a key');
    skipBytes();
  }
}
