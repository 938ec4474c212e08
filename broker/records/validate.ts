/**
 * What a client may produce. The checks, their order and their codes are those of Apache Kafka 3.9;
 * stricter in three things: a cut-off batch, which Kafka drops silently, a delete horizon, and a
 * transactional batch without a producer id are errors.
 *
 * The records of uncompressed batches are walked. Those of compressed ones are not looked into, as
 * that would cost more than everything else together: only where a topic's rules need it (see
 * recompress.ts) the caller awaits `prepareBatch` before it appends.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { BatchHeader } from './batch-header.ts';
import {
  BATCH_HEADER_SIZE,
  BATCH_MAGIC,
  BATCH_OVERHEAD,
  BatchAttribute,
  BatchField,
  batchCrcIsValid,
  CODECS,
  patchAppendTime,
  patchMaxTimestamp,
  peekBaseOffset,
  peekBatchSize,
  peekMagic,
  readBatchHeader,
} from './batch-header.ts';
import type { ProduceLimits } from './produce-limits.ts';
import { recordRules } from './produce-limits.ts';
import type { RecordRules } from './record-walk.ts';
import { checkTimestamp, walkRecords } from './record-walk.ts';

const ZSTD_PRODUCE_VERSION = 7;
const ZSTD_CODEC = 4;

/**
 * Validates the records field of one partition in a Produce request, and corrects in place what a
 * broker corrects: the append time, and a largest timestamp that the records do not have. Returns
 * the headers as they are afterwards; protocol and Kafka allow exactly one batch.
 *
 * Throws KafkaError: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, INVALID_RECORD, INVALID_TIMESTAMP,
 * UNSUPPORTED_FOR_MESSAGE_FORMAT, UNSUPPORTED_COMPRESSION_TYPE. Nothing is patched in a batch that
 * is refused.
 */
export function validateProduced(records: Buffer, limits: ProduceLimits): readonly BatchHeader[] {
  checkFrame(records, limits);
  if (!batchCrcIsValid(records, 0)) throw corrupt('its checksum does not match');
  const attributes = records.readInt16BE(BatchField.attributes);
  checkAttributes(attributes, limits);
  checkOffsets(records);
  checkProducer(records, attributes);
  const header = readBatchHeader(records, 0);
  const rules = recordRules(limits);
  const largestMs = largestTimestamp(records, header, rules);
  if (limits.timestampType === 'append') patchAppendTime(records, 0, limits.nowMs);
  else if (largestMs !== header.maxTimestampMs) patchMaxTimestamp(records, 0, largestMs);
  else return [header];
  return [readBatchHeader(records, 0)];
}

/** One whole batch of format 2 within the size limit, and nothing else. */
function checkFrame(records: Buffer, limits: ProduceLimits): void {
  if (records.length === 0) throw invalid('at least one record batch is required per partition');
  if (records.length < BATCH_OVERHEAD + 5) throw corrupt('it is cut off');
  const magic = peekMagic(records, 0);
  if (magic === 0 || magic === 1) {
    throw new KafkaError(
      ErrorCodes.UNSUPPORTED_FOR_MESSAGE_FORMAT,
      `message format ${String(magic)} is too old: only format 2 (Kafka 0.11 and later) is accepted`,
    );
  }
  if (magic !== BATCH_MAGIC) throw corrupt(`magic ${String(magic)} does not exist`);
  const size = peekBatchSize(records, 0);
  if (size < BATCH_HEADER_SIZE) throw corrupt(`it cannot have ${String(size)} bytes`);
  if (size > limits.batchSizeMax) {
    throw new KafkaError(
      ErrorCodes.MESSAGE_TOO_LARGE,
      `the record batch has ${String(size)} bytes, max.message.bytes is ${String(limits.batchSizeMax)}`,
    );
  }
  if (size > records.length) throw corrupt('it is cut off');
  if (size < records.length) throw invalid('exactly one record batch is allowed per partition');
}

function checkAttributes(attributes: number, limits: ProduceLimits): void {
  const codec = attributes & BatchAttribute.codecMask;
  if (codec >= CODECS.length) throw unsupportedCodec(`codec ${String(codec)} does not exist`);
  if (codec === ZSTD_CODEC && limits.produceVersion < ZSTD_PRODUCE_VERSION) {
    throw unsupportedCodec('zstd needs version 7 of the Produce request');
  }
  if ((attributes & BatchAttribute.control) !== 0) {
    throw invalid('clients are not allowed to write control records');
  }
  if ((attributes & BatchAttribute.deleteHorizon) !== 0) {
    throw invalid('clients are not allowed to set a delete horizon');
  }
  if ((attributes & BatchAttribute.appendTime) !== 0) {
    throw new KafkaError(
      ErrorCodes.INVALID_TIMESTAMP,
      'producers are not allowed to set the timestamp type LogAppendTime',
    );
  }
}

function checkOffsets(records: Buffer): void {
  const baseOffset = peekBaseOffset(records, 0);
  if (baseOffset !== 0) {
    throw invalid(`the base offset of a produced batch must be 0, not ${String(baseOffset)}`);
  }
  const count = records.readInt32BE(BatchField.recordCount);
  const lastOffsetDelta = records.readInt32BE(BatchField.lastOffsetDelta);
  if (count <= 0) throw invalid(`a batch cannot have ${String(count)} records`);
  if (lastOffsetDelta !== count - 1) {
    throw invalid(`${String(count)} records cannot end at offset delta ${String(lastOffsetDelta)}`);
  }
}

function checkProducer(records: Buffer, attributes: number): void {
  const isIdempotent = records.readInt32BE(BatchField.producerId) >= 0;
  const baseSequence = records.readInt32BE(BatchField.baseSequence);
  if (isIdempotent && baseSequence < 0) {
    throw invalid(`sequence number ${String(baseSequence)} of an idempotent producer`);
  }
  if (!isIdempotent && (attributes & BatchAttribute.transactional) !== 0) {
    throw invalid('a transactional batch needs a producer id');
  }
}

/** Walks uncompressed records; believes the header of compressed ones, within the limits. */
function largestTimestamp(records: Buffer, header: BatchHeader, rules: RecordRules): number {
  if (header.compression !== 'none') {
    checkTimestamp(header.baseTimestampMs, rules);
    checkTimestamp(header.maxTimestampMs, rules);
    return header.maxTimestampMs;
  }
  const end = header.sizeInBytes;
  const section = { bytes: records, position: BATCH_HEADER_SIZE, end, ...timesAndCount(header) };
  return walkRecords(section, rules);
}

function timesAndCount(header: BatchHeader): { recordCount: number; baseTimestampMs: number } {
  return { recordCount: header.recordCount, baseTimestampMs: header.baseTimestampMs };
}

function corrupt(what: string): KafkaError {
  return new KafkaError(ErrorCodes.CORRUPT_MESSAGE, `corrupt record batch: ${what}`);
}

function invalid(what: string): KafkaError {
  return new KafkaError(ErrorCodes.INVALID_RECORD, what);
}

function unsupportedCodec(what: string): KafkaError {
  return new KafkaError(ErrorCodes.UNSUPPORTED_COMPRESSION_TYPE, what);
}
