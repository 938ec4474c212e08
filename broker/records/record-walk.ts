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

interface RecordSection {
  readonly bytes: Buffer;
  /** Where the first record starts and the last one must end. */
  readonly position: number;
  readonly end: number;
  readonly recordCount: number;
  readonly baseTimestampMs: number;
}

/** No record carries a timestamp. */
const NO_TIMESTAMP = -1;

/**
 * Where the varint read last ended. In a variable of the module, not an object, as this is read some
 * ten times per record; a walk runs to its end before another starts.
 *
 * Reading needs no check of bounds: places only grow, behind the buffer stand zeros, and each record
 * must end exactly where its size says.
 */
let place = 0;

/** Records that are walked before other work gets its turn: some milliseconds at most. */
const STEP_COUNT = 50_000;

/**
 * Returns the largest timestamp of the records, -1 if none has one. Throws KafkaError:
 * INVALID_RECORD (structure, offsets with holes, missing key) or INVALID_TIMESTAMP.
 */
export function walkRecords(section: RecordSection, rules: RecordRules): number {
  place = section.position;
  const largestMs = walkRange(section, rules, 0, section.recordCount);
  if (place !== section.end) throw malformed('bytes are left after the last one');
  return largestMs;
}

/** The same for batches of any size: with a pause after every so many records. */
export async function walkRecordsInSteps(
  section: RecordSection,
  rules: RecordRules,
  pause: () => Promise<void>,
): Promise<number> {
  let largestMs = NO_TIMESTAMP;
  let start = section.position;
  for (let from = 0; from < section.recordCount; from += STEP_COUNT) {
    if (from > 0) await pause();
    place = start;
    const to = Math.min(section.recordCount, from + STEP_COUNT);
    largestMs = Math.max(largestMs, walkRange(section, rules, from, to));
    start = place;
  }
  if (start !== section.end) throw malformed('bytes are left after the last one');
  return largestMs;
}

/** The records from `from` on, before `to`; the first one starts at `place`, which moves. */
function walkRange(section: RecordSection, rules: RecordRules, from: number, to: number): number {
  const { bytes, end, baseTimestampMs } = section;
  const { keyRequired, timestampMinMs, timestampMaxMs } = rules;
  let largestMs = NO_TIMESTAMP;
  for (let index = from; index < to; index += 1) {
    const size = varint(bytes, place);
    const recordEnd = place + size;
    if (size <= 0 || recordEnd > end) throw malformed('a record is cut off');
    // One byte of attributes, all of them unused.
    const timestampMs = baseTimestampMs + varlong(bytes, place + 1);
    if (varint(bytes, place) !== index) throw malformed('offsets are not consecutive');
    const keySize = varint(bytes, place);
    if (keySize > 0) place += keySize;
    else if (keySize < 0 && keyRequired) {
      throw malformed('a compacted topic cannot accept a record without a key');
    }
    const valueSize = varint(bytes, place);
    const headerCount = varint(bytes, valueSize > 0 ? place + valueSize : place);
    if (headerCount !== 0) skipHeaders(bytes, headerCount, recordEnd);
    if (place !== recordEnd) throw malformed('its fields do not fill its size');
    if (timestampMs > largestMs) largestMs = timestampMs;
    if (timestampMs < timestampMinMs || timestampMs > timestampMaxMs) {
      checkTimestamp(timestampMs, rules);
    }
  }
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

function skipHeaders(bytes: Buffer, count: number, recordEnd: number): void {
  if (count < 0) throw malformed('a negative number of headers');
  for (let index = 0; index < count; index += 1) {
    if (place >= recordEnd) throw malformed('headers are missing');
    const keySize = varint(bytes, place);
    if (keySize < 0) throw malformed('a header without a key');
    const valueSize = varint(bytes, place + keySize);
    if (valueSize > 0) place += valueSize;
  }
}

/** The 32-bit varint at `start`; moves `place` behind it. */
function varint(bytes: Buffer, start: number): number {
  let byte = bytes[start] ?? 0;
  let end = start + 1;
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift === 35) throw malformed('a varint does not end');
    byte = bytes[end] ?? 0;
    end += 1;
    value |= (byte & 0x7f) << shift;
  }
  place = end;
  return (value >>> 1) ^ -(value & 1);
}

/** The 64-bit varint at `start`; moves `place` behind it. Past 28 bits by the exact, slower way. */
function varlong(bytes: Buffer, start: number): number {
  let byte = bytes[start] ?? 0;
  let end = start + 1;
  let value = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    if (shift === 28) return longVarlong(bytes, start);
    byte = bytes[end] ?? 0;
    end += 1;
    value |= (byte & 0x7f) << shift;
  }
  place = end;
  return (value >>> 1) ^ -(value & 1);
}

function longVarlong(bytes: Buffer, start: number): number {
  const cursor = new VarintCursor(ErrorCodes.INVALID_RECORD);
  cursor.reset(bytes, start, bytes.length);
  const value = cursor.varlong();
  place = cursor.position;
  return value;
}

function malformed(what: string): KafkaError {
  return new KafkaError(ErrorCodes.INVALID_RECORD, `malformed record: ${what}`);
}
