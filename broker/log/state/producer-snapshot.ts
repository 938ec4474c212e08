/**
 * The `.snapshot` file: the producers of a partition as they were before a given offset. Version
 * (i16 = 1), CRC-32C of all that follows it (u32), count (i32), then 46 bytes per producer, in no
 * order: id i64, epoch i16, last sequence i32, last offset i64, offset delta i32, timestamp i64,
 * coordinator epoch i32, first offset of the open transaction i64.
 */

import { crc32c } from '../../records/crc32c.ts';
import { readInt64, writeInt64 } from '../../records/int64.ts';
import type { ProducerFacts } from './producer-entry.ts';

const SNAPSHOT_VERSION = 1;
const HEADER_SIZE = 10;
const ENTRY_SIZE = 46;
const CRC_POSITION = 2;
const COUNT_POSITION = 6;

export function encodeSnapshot(producers: readonly ProducerFacts[]): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE + producers.length * ENTRY_SIZE);
  bytes.writeInt16BE(SNAPSHOT_VERSION, 0);
  bytes.writeInt32BE(producers.length, COUNT_POSITION);
  producers.forEach((producer, index) => {
    writeProducer(bytes, HEADER_SIZE + index * ENTRY_SIZE, producer);
  });
  bytes.writeUInt32BE(crc32c(bytes.subarray(COUNT_POSITION)), CRC_POSITION);
  return bytes;
}

/** The producers, or why the bytes are no snapshot. */
export function decodeSnapshot(bytes: Buffer): readonly ProducerFacts[] | string {
  if (bytes.length < HEADER_SIZE) return 'it is cut off';
  const version = bytes.readInt16BE(0);
  if (version !== SNAPSHOT_VERSION) return `version ${String(version)} is unknown`;
  const count = bytes.readInt32BE(COUNT_POSITION);
  if (bytes.length !== HEADER_SIZE + count * ENTRY_SIZE) return 'its size does not fit its count';
  const crc = crc32c(bytes.subarray(COUNT_POSITION));
  if (crc !== bytes.readUInt32BE(CRC_POSITION)) return 'its checksum does not fit its bytes';
  return Array.from({ length: count }, (_, index) =>
    readProducer(bytes, HEADER_SIZE + index * ENTRY_SIZE),
  );
}

function writeProducer(bytes: Buffer, at: number, producer: ProducerFacts): void {
  writeInt64(bytes, producer.producerId, at);
  bytes.writeInt16BE(producer.epoch, at + 8);
  bytes.writeInt32BE(producer.lastSequence, at + 10);
  writeInt64(bytes, producer.lastOffset, at + 14);
  bytes.writeInt32BE(producer.offsetDelta, at + 22);
  writeInt64(bytes, producer.timestampMs, at + 26);
  bytes.writeInt32BE(producer.coordinatorEpoch, at + 34);
  writeInt64(bytes, producer.currentTransactionFirstOffset, at + 38);
}

function readProducer(bytes: Buffer, at: number): ProducerFacts {
  return {
    producerId: readInt64(bytes, at),
    epoch: bytes.readInt16BE(at + 8),
    lastSequence: bytes.readInt32BE(at + 10),
    lastOffset: readInt64(bytes, at + 14),
    offsetDelta: bytes.readInt32BE(at + 22),
    timestampMs: readInt64(bytes, at + 26),
    coordinatorEpoch: bytes.readInt32BE(at + 34),
    currentTransactionFirstOffset: readInt64(bytes, at + 38),
  };
}
