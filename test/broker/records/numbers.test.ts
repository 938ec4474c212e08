import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import { crc32c } from '../../../broker/records/crc32c.ts';
import { readInt64, writeInt64 } from '../../../broker/records/int64.ts';
import { VarintCursor, varintSize, writeVarint } from '../../../broker/records/varint.ts';

const int52 = fc.oneof(fc.maxSafeInteger(), fc.integer()).map((value) => Math.trunc(value / 2) + 0);

describe('64-bit integers', () => {
  it('read as they were written', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const buffer = Buffer.alloc(8);
        writeInt64(buffer, value, 0);
        expect(buffer.readBigInt64BE()).toBe(BigInt(value));
        expect(readInt64(buffer, 0)).toBe(value);
      }),
    );
  });

  it('saturate past the safe integers', () => {
    const buffer = Buffer.alloc(8);
    for (const value of [2n ** 63n - 1n, 2n ** 53n]) {
      buffer.writeBigInt64BE(value);
      expect(readInt64(buffer, 0)).toBe(Number.MAX_SAFE_INTEGER);
      buffer.writeBigInt64BE(-value);
      expect(readInt64(buffer, 0)).toBe(Number.MIN_SAFE_INTEGER);
    }
  });
});

describe('varints', () => {
  it('read as they were written, in the size that was said', () => {
    fc.assert(
      fc.property(int52, (value) => {
        const buffer = Buffer.alloc(10);
        const end = writeVarint(buffer, value, 0);
        expect(end).toBe(varintSize(value));
        const cursor = cursorOver(buffer.subarray(0, end));
        expect(cursor.varlong()).toBe(value);
        expect(cursor.position).toBe(end);
      }),
    );
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const buffer = Buffer.alloc(10);
        const end = writeVarint(buffer, value, 0);
        expect(cursorOver(buffer.subarray(0, end)).varint()).toBe(value);
      }),
    );
  });

  it('are those of the protocol buffers', () => {
    const written = [0, -1, 1, -2, 63, -64, 64, 2147483647, -2147483648].map((value) => {
      const buffer = Buffer.alloc(10);
      return buffer.subarray(0, writeVarint(buffer, value, 0)).toString('hex');
    });
    expect(written).toEqual([
      '00',
      '01',
      '02',
      '03',
      '7e',
      '7f',
      '8001',
      'feffffff0f',
      'ffffffff0f',
    ]);
  });

  it('saturate as 64-bit integers past 2^52', () => {
    expect(cursorOver(Buffer.from('feffffffffffffffff01', 'hex')).varlong()).toBe(
      Number.MAX_SAFE_INTEGER,
    );
    expect(cursorOver(Buffer.from('ffffffffffffffffff01', 'hex')).varlong()).toBe(
      Number.MIN_SAFE_INTEGER,
    );
  });

  it('that do not end are an error', () => {
    expect(() => cursorOver(Buffer.alloc(20, 0xff)).varint()).toThrow(KafkaError);
    expect(() => cursorOver(Buffer.alloc(20, 0xff)).varlong()).toThrow(KafkaError);
    expect(() => cursorOver(Buffer.alloc(2, 0xff)).varint()).toThrow(KafkaError);
  });
});

describe('CRC-32C', () => {
  it('gives the check value of the algorithm', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });

  it('goes on where it stopped, and over views', () => {
    const bytes = Buffer.from('xx123456789').subarray(2);
    expect(crc32c(bytes.subarray(4), crc32c(bytes.subarray(0, 4)))).toBe(0xe3069283);
  });
});

function cursorOver(bytes: Buffer): VarintCursor {
  const cursor = new VarintCursor(ErrorCodes.CORRUPT_MESSAGE);
  cursor.reset(bytes, 0, bytes.length);
  return cursor;
}
