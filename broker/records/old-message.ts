/**
 * Messages of the formats 0 and 1 (Kafka before 0.11), which folders that were taken over may still
 * hold; nothing writes them any more. Offset i64, size i32, CRC-32 u32 of all that follows it, magic
 * i8, attributes i8, in format 1 a timestamp i64, key and value, each with its length (i32, -1: none).
 *
 * A compressed message is a wrapper: its value holds messages. Its offset is that of the last one
 * inside, and its timestamp the largest. In format 1 the offsets inside count from 0 (KIP-31).
 * Source: https://kafka.apache.org/documentation/#messageset
 */

import { crc32 } from '@node-rs/crc32';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { BatchHeader } from './batch-header.ts';
import { BatchAttribute, BATCH_OVERHEAD, BatchField, CODECS, peekMagic } from './batch-header.ts';
import { decompress } from './compression.ts';
import { readInt64 } from './int64.ts';
import { repairedLz4Frame } from './lz4-frame.ts';
import type { LogRecord } from './record.ts';

const CRC_POSITION = 12;
/** Where what the checksum covers begins, counted from the first byte: at the magic. */
export const OLD_MESSAGE_CHECKED_FROM = BatchField.magic;
const ATTRIBUTES_POSITION = 17;
const TIMESTAMP_POSITION = 18;
/** By format: where the length of the key lies, and the size of a message with neither key nor value. */
const KEY_POSITION = [18, 26] as const;
const SIZE_MIN = [26, 34] as const;
/** No message is shorter, and no header longer. */
export const OLD_MESSAGE_SIZE_MIN = 26;

/** Whether what starts there says that it is of format 0 or 1, and there is enough of it to say so. */
export function isOldMessage(buffer: Buffer, position: number): boolean {
  if (buffer.length - position < OLD_MESSAGE_SIZE_MIN) return false;
  const magic = peekMagic(buffer, position);
  return magic === 0 || magic === 1;
}

/**
 * The message at `position` as if it were a batch; only its first 26 bytes need to be in the buffer.
 * Where a wrapper begins only its content tells: `baseOffset` is its last offset, `recordCount` 1.
 * Throws KafkaError CORRUPT_MESSAGE.
 */
export function readOldMessageHeader(buffer: Buffer, position: number): BatchHeader {
  if (buffer.length - position < OLD_MESSAGE_SIZE_MIN) throw corrupt('the message is cut off');
  const magic = peekMagic(buffer, position) === 0 ? 0 : 1;
  const sizeInBytes = BATCH_OVERHEAD + buffer.readInt32BE(position + BatchField.length);
  if (sizeInBytes < SIZE_MIN[magic]) {
    throw corrupt(`a message cannot have ${String(sizeInBytes)} bytes`);
  }
  const attributes = buffer.readInt8(position + ATTRIBUTES_POSITION);
  const codec = attributes & BatchAttribute.codecMask;
  const compression = CODECS[codec];
  if (compression === undefined || compression === 'zstd') {
    throw corrupt('the message names a codec that its format does not have');
  }
  const offset = readInt64(buffer, position + BatchField.baseOffset);
  if (offset < 0 || offset >= Number.MAX_SAFE_INTEGER) throw corrupt('an impossible offset');
  const timestampMs = magic === 0 ? -1 : readInt64(buffer, position + TIMESTAMP_POSITION);
  return {
    baseOffset: offset,
    sizeInBytes,
    partitionLeaderEpoch: -1,
    magic,
    crc: buffer.readUInt32BE(position + CRC_POSITION),
    attributes,
    lastOffsetDelta: 0,
    lastOffset: offset,
    baseTimestampMs: timestampMs,
    maxTimestampMs: timestampMs,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 1,
    compression,
    isTransactional: false,
    isControl: false,
    hasDeleteHorizon: false,
    timestampType: (attributes & BatchAttribute.appendTime) === 0 ? 'create' : 'append',
  };
}

/** CRC-32, not that of batches. `previous` continues the sum of the bytes before. */
export function oldMessageCrc(bytes: Uint8Array, previous = 0): number {
  return crc32(bytes, previous);
}

/**
 * The messages at `position`, those inside a wrapper with their true offsets and times. Verifies the
 * outer checksum, which covers what is inside. Throws KafkaError CORRUPT_MESSAGE.
 */
export async function readOldMessages(
  buffer: Buffer,
  position: number,
): Promise<readonly LogRecord[]> {
  const header = readOldMessageHeader(buffer, position);
  const message = buffer.subarray(position, position + header.sizeInBytes);
  if (message.length < header.sizeInBytes) throw corrupt('the message is cut off');
  if (oldMessageCrc(message.subarray(OLD_MESSAGE_CHECKED_FROM)) !== header.crc) {
    throw corrupt('the checksum does not match');
  }
  const outer = recordOf(message, header);
  if (header.compression === 'none') return [outer];
  if (outer.value === null) throw corrupt('a compressed message without content');
  const isLz4OfFormat0 = header.magic === 0 && header.compression === 'lz4';
  const content = isLz4OfFormat0 ? repairedLz4Frame(outer.value) : outer.value;
  const inside = readInside(await decompress(header.compression, content), header.magic);
  const last = inside.at(-1);
  if (last === undefined) throw corrupt('a compressed message without messages');
  const shift = header.magic === 0 ? 0 : header.lastOffset - last.offset;
  return inside.map((record) => ({
    ...record,
    offset: record.offset + shift,
    timestampMs: header.timestampType === 'append' ? header.maxTimestampMs : record.timestampMs,
  }));
}

function readInside(bytes: Buffer, magic: number): readonly LogRecord[] {
  const records: LogRecord[] = [];
  let position = 0;
  while (position < bytes.length) {
    const header = readOldMessageHeader(bytes, position);
    if (header.magic !== magic) throw corrupt('another format inside a message');
    if (header.compression !== 'none') throw corrupt('a compressed message inside another one');
    const message = bytes.subarray(position, position + header.sizeInBytes);
    if (message.length < header.sizeInBytes) throw corrupt('a message is cut off');
    records.push(recordOf(message, header));
    position += header.sizeInBytes;
  }
  return records;
}

function recordOf(message: Buffer, header: BatchHeader): LogRecord {
  const key = readField(message, KEY_POSITION[header.magic === 0 ? 0 : 1]);
  const value = readField(message, key.end);
  if (value.end !== message.length) throw corrupt('its fields do not fill its size');
  const { baseOffset: offset, maxTimestampMs: timestampMs } = header;
  return { offset, timestampMs, key: key.bytes, value: value.bytes, headers: [] };
}

function readField(
  message: Buffer,
  at: number,
): { readonly bytes: Buffer | null; readonly end: number } {
  const start = at + 4;
  if (start > message.length) throw corrupt('its fields do not fill its size');
  const size = message.readInt32BE(at);
  if (size < 0) return { bytes: null, end: start };
  if (size > message.length - start) throw corrupt('its fields do not fill its size');
  return { bytes: message.subarray(start, start + size), end: start + size };
}

function corrupt(what: string): KafkaError {
  return new KafkaError(ErrorCodes.CORRUPT_MESSAGE, `corrupt message of an old format: ${what}`);
}
