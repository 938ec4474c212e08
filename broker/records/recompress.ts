/**
 * Looks into a compressed batch that `validateProduced` let through, and gives a batch the codec that
 * its topic wants (`compression.type`), on its way into the log. The bytes of the records stay as the
 * producer wrote them, and so do producer, sequence, transaction and leader epoch in the header.
 *
 * Works off the event loop: codecs in the thread pool where there is much to do, records in steps with
 * a pause after each. What comes out of a batch is bounded by `decompress`.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { BatchHeader, Compression } from './batch-header.ts';
import {
  BATCH_HEADER_SIZE,
  BATCH_OVERHEAD,
  BatchAttribute,
  BatchField,
  CODECS,
  patchCrc,
} from './batch-header.ts';
import { compress, decompress } from './compression.ts';
import { writeInt64 } from './int64.ts';
import { walkRecordsInSteps } from './record-walk.ts';
import type { CompressionTarget, ProduceLimits } from './produce-limits.ts';
import { recordRules } from './produce-limits.ts';

/** How a batch has to be changed; null: it stays as it is. */
export function recompressionOf(
  header: BatchHeader,
  limits: ProduceLimits,
): CompressionTarget | null {
  const { compression } = limits;
  return compression === null || compression.codec === header.compression ? null : compression;
}

/** Whether records of this batch must be looked at although they are compressed. */
export function needsInspection(header: BatchHeader, limits: ProduceLimits): boolean {
  if (header.compression === 'none') return false;
  return limits.compacted || recordRules(limits).timestampMinMs !== -Infinity;
}

/**
 * The batch with the codec of its topic, in a buffer of its own, or `records` itself where its codec
 * is right and only its records had to be looked at. Throws KafkaError like `validateProduced`;
 * CORRUPT_MESSAGE where the records cannot be decompressed, MESSAGE_TOO_LARGE where the batch is
 * larger than max.message.bytes afterwards.
 */
export async function prepareBatch(
  records: Buffer,
  header: BatchHeader,
  { limits, pause }: { readonly limits: ProduceLimits; readonly pause: () => Promise<void> },
): Promise<Buffer> {
  const content = records.subarray(BATCH_HEADER_SIZE, header.sizeInBytes);
  const bytes = await decompress(header.compression, content);
  let { maxTimestampMs } = header;
  if (header.compression !== 'none') {
    const { recordCount, baseTimestampMs } = header;
    const section = { bytes, position: 0, end: bytes.length, recordCount, baseTimestampMs };
    const largestMs = await walkRecordsInSteps(section, recordRules(limits), pause);
    if (header.timestampType === 'create') maxTimestampMs = largestMs;
  }
  const target = recompressionOf(header, limits);
  if (target === null) return records;
  const compressed = await compress(target.codec, bytes, target.level);
  const batch = Buffer.concat([records.subarray(0, BATCH_HEADER_SIZE), compressed]);
  checkSize(batch, limits);
  patchHeader(batch, header, { codec: target.codec, maxTimestampMs });
  return batch;
}

function patchHeader(
  batch: Buffer,
  { attributes }: BatchHeader,
  { codec, maxTimestampMs }: { readonly codec: Compression; readonly maxTimestampMs: number },
): void {
  const others = attributes & ~BatchAttribute.codecMask;
  batch.writeInt32BE(batch.length - BATCH_OVERHEAD, BatchField.length);
  batch.writeInt16BE(others | CODECS.indexOf(codec), BatchField.attributes);
  writeInt64(batch, maxTimestampMs, BatchField.maxTimestamp);
  patchCrc(batch, 0);
}

/** The limit holds for what is in the log, as Apache Kafka has it: checked before and afterwards. */
function checkSize(batch: Buffer, { batchSizeMax }: ProduceLimits): void {
  if (batch.length <= batchSizeMax) return;
  throw new KafkaError(
    ErrorCodes.MESSAGE_TOO_LARGE,
    `the record batch has ${String(batch.length)} bytes in the codec of its topic, ` +
      `max.message.bytes is ${String(batchSizeMax)}`,
  );
}
