/**
 * The fixed head of a record batch, format version (magic) 2: read whole, peeked at field by field,
 * and patched where a broker may. Source: https://kafka.apache.org/documentation/#recordbatch
 *
 * The checksum covers everything from the attributes to the end. Base offset and leader epoch lie
 * before it, so that a broker stamps them without computing the sum again.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import { crc32c } from './crc32c.ts';
import { readInt64, writeInt64 } from './int64.ts';

/** Bytes before the first record. */
export const BATCH_HEADER_SIZE = 61;
/** Base offset and length: what stands before the part that `length` counts. */
export const BATCH_OVERHEAD = 12;
/** The format version of every batch this broker writes. */
export const BATCH_MAGIC = 2;

/** Where the fields of a batch lie, counted from its first byte. */
export const BatchField = {
  baseOffset: 0,
  length: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

/** Bits of the attributes; the lowest three name the codec. */
export const BatchAttribute = {
  codecMask: 0x07,
  appendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Codecs by their number in the attributes. */
export const CODECS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

export interface BatchHeader {
  readonly baseOffset: number;
  /** Of the whole batch: the length field and the 12 bytes that it does not count. */
  readonly sizeInBytes: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly lastOffset: number;
  /** Record timestamps count from it. With a delete horizon it is that horizon, not a record's time. */
  readonly baseTimestampMs: number;
  /** The largest of the records' timestamps; saturated; -1 where no record has one. */
  readonly maxTimestampMs: number;
  /** -1: not idempotent. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  /** 0 in a batch of which compaction kept nothing but the producer's last sequence. */
  readonly recordCount: number;
  readonly compression: Compression;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly hasDeleteHorizon: boolean;
  readonly timestampType: 'create' | 'append';
}

/**
 * Reads the header at `position`; of the batch's records nothing needs to be in the buffer.
 *
 * Throws KafkaError: CORRUPT_MESSAGE where fewer than 61 bytes are left or the fields are
 * impossible (lengths, offsets, codec), UNSUPPORTED_FOR_MESSAGE_FORMAT for magic 0 and 1.
 */
export function readBatchHeader(buffer: Buffer, position: number): BatchHeader {
  const sizeInBytes = headerSizeField(buffer, position);
  const attributes = buffer.readInt16BE(position + BatchField.attributes);
  const compression = CODECS[attributes & BatchAttribute.codecMask];
  const baseOffset = readInt64(buffer, position + BatchField.baseOffset);
  const lastOffsetDelta = buffer.readInt32BE(position + BatchField.lastOffsetDelta);
  const recordCount = buffer.readInt32BE(position + BatchField.recordCount);
  if (compression === undefined) throw corrupt('the batch names a codec that does not exist');
  if (baseOffset < 0 || lastOffsetDelta < 0 || recordCount < 0) throw corrupt('negative offsets');
  const lastOffset = baseOffset + lastOffsetDelta;
  if (lastOffset >= Number.MAX_SAFE_INTEGER) throw corrupt('offsets past 2^53');
  return {
    baseOffset,
    sizeInBytes,
    partitionLeaderEpoch: buffer.readInt32BE(position + BatchField.partitionLeaderEpoch),
    magic: BATCH_MAGIC,
    crc: buffer.readUInt32BE(position + BatchField.crc),
    attributes,
    lastOffsetDelta,
    lastOffset,
    baseTimestampMs: readInt64(buffer, position + BatchField.baseTimestamp),
    maxTimestampMs: readInt64(buffer, position + BatchField.maxTimestamp),
    producerId: readInt64(buffer, position + BatchField.producerId),
    producerEpoch: buffer.readInt16BE(position + BatchField.producerEpoch),
    baseSequence: buffer.readInt32BE(position + BatchField.baseSequence),
    recordCount,
    compression,
    isTransactional: (attributes & BatchAttribute.transactional) !== 0,
    isControl: (attributes & BatchAttribute.control) !== 0,
    hasDeleteHorizon: (attributes & BatchAttribute.deleteHorizon) !== 0,
    timestampType: (attributes & BatchAttribute.appendTime) === 0 ? 'create' : 'append',
  };
}

/** Needs 8 bytes. Like every peek it throws a RangeError where the buffer ends before the field. */
export function peekBaseOffset(buffer: Buffer, position: number): number {
  return readInt64(buffer, position);
}

/** The size of the whole batch as it says it; needs 12 bytes. Unchecked: may be nonsense. */
export function peekBatchSize(buffer: Buffer, position: number): number {
  return BATCH_OVERHEAD + buffer.readInt32BE(position + BatchField.length);
}

/** Needs 17 bytes. */
export function peekMagic(buffer: Buffer, position: number): number {
  return buffer.readInt8(position + BatchField.magic);
}

/** Needs 27 bytes and magic 2. */
export function peekLastOffset(buffer: Buffer, position: number): number {
  return readInt64(buffer, position) + buffer.readInt32BE(position + BatchField.lastOffsetDelta);
}

/** Needs 43 bytes and magic 2. */
export function peekMaxTimestamp(buffer: Buffer, position: number): number {
  return readInt64(buffer, position + BatchField.maxTimestamp);
}

/** Stamps what the leader decides; both lie outside the checksum. */
export function patchBatch(
  buffer: Buffer,
  position: number,
  stamp: { readonly baseOffset: number; readonly partitionLeaderEpoch: number },
): void {
  writeInt64(buffer, stamp.baseOffset, position + BatchField.baseOffset);
  buffer.writeInt32BE(stamp.partitionLeaderEpoch, position + BatchField.partitionLeaderEpoch);
}

/**
 * Makes `timestampMs` the time of every record of the batch (message.timestamp.type=LogAppendTime)
 * and computes the checksum again. The whole batch must be in the buffer.
 */
export function patchAppendTime(buffer: Buffer, position: number, timestampMs: number): void {
  const attributes = buffer.readInt16BE(position + BatchField.attributes);
  buffer.writeInt16BE(attributes | BatchAttribute.appendTime, position + BatchField.attributes);
  patchMaxTimestamp(buffer, position, timestampMs);
}

/** Corrects the largest timestamp and computes the checksum again. */
export function patchMaxTimestamp(buffer: Buffer, position: number, timestampMs: number): void {
  writeInt64(buffer, timestampMs, position + BatchField.maxTimestamp);
  patchCrc(buffer, position);
}

/** Computes the checksum of a whole batch and stores it. */
export function patchCrc(buffer: Buffer, position: number): void {
  buffer.writeUInt32BE(batchCrc(buffer, position), position + BatchField.crc);
}

/** False too where the buffer does not hold the whole batch. */
export function batchCrcIsValid(buffer: Buffer, position: number): boolean {
  if (buffer.length - position < BATCH_HEADER_SIZE) return false;
  const size = peekBatchSize(buffer, position);
  if (size < BATCH_HEADER_SIZE || size > buffer.length - position) return false;
  return batchCrc(buffer, position) === buffer.readUInt32BE(position + BatchField.crc);
}

function batchCrc(buffer: Buffer, position: number): number {
  const end = position + peekBatchSize(buffer, position);
  return crc32c(buffer.subarray(position + BatchField.attributes, end));
}

function headerSizeField(buffer: Buffer, position: number): number {
  if (buffer.length - position < BATCH_OVERHEAD + 5) throw corrupt('the batch is cut off');
  const magic = peekMagic(buffer, position);
  if (magic === 0 || magic === 1) {
    throw new KafkaError(
      ErrorCodes.UNSUPPORTED_FOR_MESSAGE_FORMAT,
      `message format ${String(magic)} is too old: only format 2 (Kafka 0.11 and later) is supported`,
    );
  }
  if (magic !== BATCH_MAGIC) throw corrupt(`magic ${String(magic)} does not exist`);
  if (buffer.length - position < BATCH_HEADER_SIZE) throw corrupt('the batch is cut off');
  const size = peekBatchSize(buffer, position);
  if (size < BATCH_HEADER_SIZE) throw corrupt(`a batch cannot have ${String(size)} bytes`);
  return size;
}

function corrupt(what: string): KafkaError {
  return new KafkaError(ErrorCodes.CORRUPT_MESSAGE, `corrupt record batch: ${what}`);
}
