import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { payloadSize } from '../../../../broker/model/payload.ts';
import { ProtocolError } from '../../../../broker/protocol/protocol-error.ts';
import { Reader } from '../../../../broker/protocol/wire/reader.ts';
import { Writer } from '../../../../broker/protocol/wire/writer.ts';
import { uuidToBytes, uuidToText } from '../../../../broker/protocol/wire/uuid.ts';
import { fakeSpan } from '../fake-span.ts';

function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  write(writer);
  return writer.toBuffer();
}

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex, 'hex'));
}

const span = fakeSpan(50);

describe('Writer', () => {
  it('writes integers in network order', () => {
    const bytes = written((writer) => {
      writer.int8(-2);
      writer.int16(-2);
      writer.uint16(0xfffe);
      writer.int32(-2);
      writer.uint32(0xfffffffe);
      writer.int64(-2n);
      writer.float64(1.5);
      writer.boolean(true);
    });
    expect(bytes.toString('hex')).toBe(
      'fe' +
        'fffe' +
        'fffe' +
        'fffffffe' +
        'fffffffe' +
        'fffffffffffffffe' +
        '3ff8000000000000' +
        '01',
    );
  });

  it.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [0x7fffffff, 'ffffffff07'],
    [0xffffffff, 'ffffffff0f'],
  ])('writes the unsigned varint %d as %s', (value, hex) => {
    expect(written((writer) => writer.uvarint(value)).toString('hex')).toBe(hex);
  });

  it('refuses integers that do not fit', () => {
    expect(() => written((writer) => writer.int8(128))).toThrow('out of range');
    expect(() => written((writer) => writer.int32(2 ** 31))).toThrow('out of range');
    expect(() => written((writer) => writer.int64(2n ** 63n))).toThrow('out of range');
  });

  it('keeps everything in order when it outgrows its first buffer', () => {
    const bytes = written((writer) => {
      for (let index = 0; index < 1000; index += 1) writer.int32(index);
    });
    expect(bytes).toHaveLength(4000);
    expect(bytes.readInt32BE(4 * 777)).toBe(777);
  });

  it('does not copy large bytes, and copies small ones', () => {
    const large = Buffer.alloc(5000, 1);
    const small = Buffer.from([9]);
    const writer = new Writer();
    writer.bytes(small);
    writer.bytes(large);
    writer.bytes(small);
    small[0] = 0;
    const payload = writer.payload();
    expect(payload).toHaveLength(3);
    expect(payload[1]).toBe(large);
    expect(payload[0]).toEqual(Buffer.from([9]));
  });

  it('counts file spans in its size and passes them on untouched', () => {
    const writer = new Writer();
    writer.int32(1);
    writer.part(span);
    writer.int8(2);
    expect(writer.size).toBe(55);
    const payload = writer.payload();
    expect(payload[1]).toBe(span);
    expect(payloadSize(payload)).toBe(55);
    expect(() => writer.toBuffer()).toThrow(TypeError);
  });
});

describe('Reader', () => {
  it('reads back every varint and varlong', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: 0xffffffff }), int64, (signed, unsigned, long) => {
        const bytes = written((writer) => {
          writer.varint(signed);
          writer.uvarint(unsigned);
          writer.varlong(long);
        });
        const source = new Reader(bytes);
        expect([source.varint(), source.uvarint(), source.varlong()]).toEqual([
          signed,
          unsigned,
          long,
        ]);
        expect(source.remaining).toBe(0);
      }),
    );
  });

  it.each([
    ['an int32', (source: Reader) => source.int32()],
    ['an int64', (source: Reader) => source.int64()],
    ['a UUID', (source: Reader) => source.uuid()],
    ['bytes', (source: Reader) => source.bytes(3)],
    ['text', (source: Reader) => source.utf8(3)],
    ['what is skipped', (source: Reader) => source.skip(3)],
    ['an unfinished varint', (source: Reader) => source.uvarint()],
  ])('refuses %s past the end', (_what, read) => {
    expect(() => read(reader('8080'))).toThrow(ProtocolError);
  });

  it('refuses negative sizes and endless varints', () => {
    expect(() => reader('00').bytes(-1)).toThrow(ProtocolError);
    expect(() => reader('ffffffff10').uvarint()).toThrow('longer than 32 bits');
    expect(() => reader('8080808080808080808001').varlong()).toThrow('longer than 64 bits');
    expect(() => reader('ffffffffffffffffff02').varlong()).toThrow('longer than 64 bits');
  });

  it('stays within its own range of the buffer', () => {
    const source = new Reader(Buffer.from('0102030405', 'hex'), 1, 3);
    expect(source.remaining).toBe(2);
    expect(source.int16()).toBe(0x0203);
    expect(source.position).toBe(3);
    expect(() => source.int8()).toThrow(ProtocolError);
  });

  it('gives views of its buffer', () => {
    const buffer = Buffer.from('010203', 'hex');
    const view = new Reader(buffer).bytes(2);
    buffer[0] = 9;
    expect(view[0]).toBe(9);
  });
});

describe('UUIDs', () => {
  it('are 16 bytes on the wire and 22 characters inside', () => {
    const bytes = Buffer.from('2ef24bb789f44e148ddda29054572190', 'hex');
    expect(uuidToText(bytes)).toHaveLength(22);
    expect(uuidToBytes(uuidToText(bytes))).toEqual(bytes);
  });

  it('are refused when they are none', () => {
    expect(() => uuidToBytes('short')).toThrow(RangeError);
  });
});
