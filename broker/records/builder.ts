/**
 * Builds record batches: for coordinators, for tests, and wherever the broker writes records of its
 * own. A batch is built uncompressed in one buffer and one pass; `compressBatch` makes a compressed
 * one of it. Source: https://kafka.apache.org/documentation/#recordbatch
 */

import assert from 'node:assert/strict';
import type { Compression } from './batch-header.ts';
import {
  BATCH_HEADER_SIZE,
  BATCH_MAGIC,
  BATCH_OVERHEAD,
  BatchAttribute,
  BatchField,
  CODECS,
  patchBatch,
  patchCrc,
  readBatchHeader,
} from './batch-header.ts';
import { compress } from './compression.ts';
import { writeInt64 } from './int64.ts';
import type { RecordContent } from './record.ts';
import { varintSize, writeVarint } from './varint.ts';

export interface BatchContent {
  /** Default 0, as producers send it. */
  readonly baseOffset?: number;
  /** Default -1: not known yet. */
  readonly partitionLeaderEpoch?: number;
  /** At least one; their offsets are consecutive. */
  readonly records: readonly RecordContent[];
  /** Default: none. */
  readonly producer?: {
    readonly id: number;
    readonly epoch: number;
    /** -1 for control batches. */
    readonly baseSequence: number;
  };
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

const NO_PRODUCER = { id: -1, epoch: -1, baseSequence: -1 };

/** A batch with one offset per record, base offset to base offset + count - 1. */
export function buildBatch(content: BatchContent): Buffer {
  const { records } = content;
  const baseTimestampMs = records[0]?.timestampMs;
  assert(baseTimestampMs !== undefined, 'a batch has at least one record');
  const bodySizes = records.map((record, index) => bodySize(record, index, baseTimestampMs));
  const recordsSize = bodySizes.reduce((sum, size) => sum + varintSize(size) + size, 0);
  const batch = Buffer.allocUnsafe(BATCH_HEADER_SIZE + recordsSize);
  let position = BATCH_HEADER_SIZE;
  records.forEach((record, index) => {
    position = writeVarint(batch, bodySizes[index] ?? 0, position);
    position = writeBody(batch, record, { index, baseTimestampMs, position });
  });
  assert(position === batch.length);
  writeHeader(batch, content, baseTimestampMs);
  return batch;
}

/** The same batch with its records compressed; `batch` is one whole uncompressed batch. */
export async function compressBatch(batch: Buffer, compression: Compression): Promise<Buffer> {
  const header = readBatchHeader(batch, 0);
  assert(header.compression === 'none' && header.sizeInBytes === batch.length);
  const records = await compress(compression, batch.subarray(BATCH_HEADER_SIZE));
  const result = Buffer.concat([batch.subarray(0, BATCH_HEADER_SIZE), records]);
  result.writeInt32BE(result.length - BATCH_OVERHEAD, BatchField.length);
  const attributes = header.attributes | CODECS.indexOf(compression);
  result.writeInt16BE(attributes, BatchField.attributes);
  patchCrc(result, 0);
  return result;
}

function writeHeader(batch: Buffer, content: BatchContent, baseTimestampMs: number): void {
  const { baseOffset = 0, partitionLeaderEpoch = -1, records, producer = NO_PRODUCER } = content;
  const maxTimestampMs = records.reduce((most, record) => Math.max(most, record.timestampMs), -1);
  const attributes =
    (content.isTransactional === true ? BatchAttribute.transactional : 0) |
    (content.isControl === true ? BatchAttribute.control : 0);
  patchBatch(batch, 0, { baseOffset, partitionLeaderEpoch });
  batch.writeInt32BE(batch.length - BATCH_OVERHEAD, BatchField.length);
  batch.writeInt8(BATCH_MAGIC, BatchField.magic);
  batch.writeInt16BE(attributes, BatchField.attributes);
  batch.writeInt32BE(records.length - 1, BatchField.lastOffsetDelta);
  writeInt64(batch, baseTimestampMs, BatchField.baseTimestamp);
  writeInt64(batch, maxTimestampMs, BatchField.maxTimestamp);
  writeInt64(batch, producer.id, BatchField.producerId);
  batch.writeInt16BE(producer.epoch, BatchField.producerEpoch);
  batch.writeInt32BE(producer.baseSequence, BatchField.baseSequence);
  batch.writeInt32BE(records.length, BatchField.recordCount);
  patchCrc(batch, 0);
}

/** Bytes of a record after its size. */
function bodySize(record: RecordContent, index: number, baseTimestampMs: number): number {
  const headers = record.headers ?? [];
  let size = 1 + varintSize(record.timestampMs - baseTimestampMs) + varintSize(index);
  size += bytesSize(record.key) + bytesSize(record.value) + varintSize(headers.length);
  for (const { key, value } of headers) {
    const keySize = Buffer.byteLength(key, 'utf8');
    size += varintSize(keySize) + keySize + bytesSize(value);
  }
  return size;
}

function bytesSize(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function writeBody(
  batch: Buffer,
  record: RecordContent,
  place: { readonly index: number; readonly baseTimestampMs: number; readonly position: number },
): number {
  const headers = record.headers ?? [];
  batch[place.position] = 0;
  let position = place.position + 1;
  position = writeVarint(batch, record.timestampMs - place.baseTimestampMs, position);
  position = writeVarint(batch, place.index, position);
  position = writeBytes(batch, record.key, position);
  position = writeBytes(batch, record.value, position);
  position = writeVarint(batch, headers.length, position);
  for (const { key, value } of headers) {
    position = writeBytes(batch, Buffer.from(key, 'utf8'), position);
    position = writeBytes(batch, value, position);
  }
  return position;
}

function writeBytes(batch: Buffer, bytes: Buffer | null, position: number): number {
  if (bytes === null) return writeVarint(batch, -1, position);
  const start = writeVarint(batch, bytes.length, position);
  bytes.copy(batch, start);
  return start + bytes.length;
}
