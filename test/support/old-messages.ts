/** Messages of the formats 0 and 1, by hand and with Node's own CRC-32: what Kafka before 0.11 wrote. */

import { crc32, gzipSync } from 'node:zlib';

export interface OldMessage {
  readonly magic: 0 | 1;
  readonly offset: number;
  /** Format 1 only. */
  readonly timestampMs?: number;
  readonly key?: string | null;
  readonly value: Buffer | string | null;
  readonly attributes?: number;
}

const GZIP = 1;
export const LZ4 = 3;
export const APPEND_TIME = 8;

export function oldMessage(message: OldMessage): Buffer {
  const { magic, offset, timestampMs = -1, key = null, value, attributes = 0 } = message;
  const head = Buffer.from([magic, attributes]);
  const time = Buffer.alloc(magic === 1 ? 8 : 0);
  if (magic === 1) time.writeBigInt64BE(BigInt(timestampMs));
  const checked = Buffer.concat([head, time, field(key), field(value)]);
  const start = Buffer.alloc(16);
  start.writeBigInt64BE(BigInt(offset));
  start.writeInt32BE(checked.length + 4, 8);
  start.writeUInt32BE(crc32(checked), 12);
  return Buffer.concat([start, checked]);
}

/** A compressed set. In format 1 the offsets inside count from 0, in format 0 they are the true ones. */
export function gzipWrapper(
  messages: readonly OldMessage[],
  options: { readonly attributes?: number; readonly timestampMs?: number } = {},
): Buffer {
  const last = messages.at(-1);
  if (last === undefined) throw new Error('a set has messages');
  const inside = messages.map((message, index) =>
    oldMessage(message.magic === 1 ? { ...message, offset: index } : message),
  );
  const largest = Math.max(...messages.map(({ timestampMs = -1 }) => timestampMs));
  const { attributes = 0, timestampMs = largest } = options;
  return oldMessage({
    magic: last.magic,
    offset: last.offset,
    timestampMs,
    value: gzipSync(Buffer.concat(inside)),
    attributes: GZIP | attributes,
  });
}

function field(content: Buffer | string | null): Buffer {
  const size = Buffer.alloc(4);
  if (content === null) {
    size.writeInt32BE(-1);
    return size;
  }
  const bytes = Buffer.from(content);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
