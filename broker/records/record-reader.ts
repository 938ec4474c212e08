/**
 * Reads the records of one batch as objects; for coordinators, lookups by timestamp and compaction,
 * never for the plain path. Source: https://kafka.apache.org/documentation/#record
 *
 * Offsets have holes where compaction removed records. Everything read is a view of the batch, or of
 * the decompressed bytes.
 */

import assert from 'node:assert/strict';
import { ErrorCodes } from '../model/error-codes.ts';
import type { BatchHeader } from './batch-header.ts';
import { BATCH_HEADER_SIZE, batchCrcIsValid, readBatchHeader } from './batch-header.ts';
import { decompress } from './compression.ts';
import { isOldMessage, readOldMessages } from './old-message.ts';
import type { LogRecord, RecordHeader } from './record.ts';
import { VarintCursor } from './varint.ts';

/** A record takes at least this many bytes: what bounds a count before anything is allocated. */
const RECORD_SIZE_MIN = 7;

/**
 * The records of the batch that starts at `position`, decompressed if need be. A Promise for every
 * codec, as large inputs and zstd are decompressed in the thread pool. The checksum is verified.
 * A message of format 0 or 1 is a batch too. Throws KafkaError CORRUPT_MESSAGE.
 */
export async function readRecords(batch: Buffer, position = 0): Promise<readonly LogRecord[]> {
  if (isOldMessage(batch, position)) return readOldMessages(batch, position);
  const header = readWholeHeader(batch, position);
  const content = batch.subarray(position + BATCH_HEADER_SIZE, position + header.sizeInBytes);
  return parseRecords(header, await decompress(header.compression, content));
}

/** The same at once, for a batch that is known not to be compressed, such as one built here. */
export function readPlainRecords(batch: Buffer, position = 0): readonly LogRecord[] {
  const header = readWholeHeader(batch, position);
  assert(header.compression === 'none', 'the batch is compressed');
  const content = batch.subarray(position + BATCH_HEADER_SIZE, position + header.sizeInBytes);
  return parseRecords(header, content);
}

function readWholeHeader(batch: Buffer, position: number): BatchHeader {
  const header = readBatchHeader(batch, position);
  const cursor = new VarintCursor(ErrorCodes.CORRUPT_MESSAGE);
  if (!batchCrcIsValid(batch, position)) throw cursor.failure('the checksum does not match');
  return header;
}

function parseRecords(header: BatchHeader, bytes: Buffer): readonly LogRecord[] {
  const cursor = new VarintCursor(ErrorCodes.CORRUPT_MESSAGE);
  cursor.reset(bytes, 0, bytes.length);
  if (header.recordCount * RECORD_SIZE_MIN > bytes.length) {
    throw cursor.failure(`${String(header.recordCount)} do not fit into the batch`);
  }
  const records: LogRecord[] = [];
  for (let index = 0; index < header.recordCount; index += 1) {
    records.push(parseRecord(header, bytes, cursor));
  }
  if (cursor.position !== bytes.length) throw cursor.failure('bytes are left after the last one');
  return records;
}

function parseRecord(header: BatchHeader, bytes: Buffer, cursor: VarintCursor): LogRecord {
  const size = cursor.varint();
  const end = cursor.position + size;
  if (size < 0 || end > bytes.length) throw cursor.failure('a record is cut off');
  cursor.skip(1);
  const createMs = header.baseTimestampMs + cursor.varlong();
  const timestampMs = header.timestampType === 'append' ? header.maxTimestampMs : createMs;
  const offsetDelta = cursor.varint();
  if (offsetDelta < 0 || offsetDelta > header.lastOffsetDelta) {
    throw cursor.failure('an offset outside the batch');
  }
  const key = readBytes(bytes, cursor);
  const value = readBytes(bytes, cursor);
  const headers = readHeaders(bytes, cursor);
  if (cursor.position !== end) throw cursor.failure('its fields do not fill its size');
  return { offset: header.baseOffset + offsetDelta, timestampMs, key, value, headers };
}

function readHeaders(bytes: Buffer, cursor: VarintCursor): readonly RecordHeader[] {
  const count = cursor.varint();
  if (count < 0 || count > cursor.end - cursor.position) throw cursor.failure('too many headers');
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = readBytes(bytes, cursor);
    if (key === null) throw cursor.failure('a header without a key');
    headers.push({ key: key.toString('utf8'), value: readBytes(bytes, cursor) });
  }
  return headers;
}

function readBytes(bytes: Buffer, cursor: VarintCursor): Buffer | null {
  const size = cursor.varint();
  if (size < 0) return null;
  const start = cursor.position;
  cursor.skip(size);
  return bytes.subarray(start, start + size);
}
