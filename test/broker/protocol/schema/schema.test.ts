import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '../../../../broker/protocol/protocol-error.ts';
import { nullableStruct, struct } from '../../../../broker/protocol/schema/struct.ts';
import {
  array,
  bytes,
  field,
  float64,
  int32,
  int8,
  nullableArray,
  nullableString,
  recordPayload,
  string,
  uint16,
} from '../../../../broker/protocol/schema/types.ts';
import type { Type } from '../../../../broker/protocol/schema/types.ts';
import { Reader } from '../../../../broker/protocol/wire/reader.ts';
import { Writer } from '../../../../broker/protocol/wire/writer.ts';
import { fakeSpan } from '../fake-span.ts';

/** Flexible from version 2 on. */
const isFlexible = (version: number): boolean => version >= 2;

function encode<T>(type: Type<T>, value: T, version: number): string {
  const writer = new Writer();
  type.write(writer, value, version, isFlexible(version));
  return writer.toBuffer().toString('hex');
}

function decode<T>(type: Type<T>, hex: string, version: number): T {
  return type.read(new Reader(Buffer.from(hex, 'hex')), version, isFlexible(version));
}

describe('a field that a version lacks', () => {
  const type = struct({
    old: field(int8, { until: 0 }),
    kept: int8,
    added: field(int8, { since: 1, default: 7 }),
    hint: field(int8, { since: 1, ignorable: true }),
  });

  it('reads as its default', () => {
    expect(decode(type, '0102', 0)).toEqual({ old: 1, kept: 2, added: 7, hint: 0 });
    expect(decode(type, '020304', 1)).toEqual({ old: 0, kept: 2, added: 3, hint: 4 });
  });

  it('is refused with another value than its default', () => {
    expect(() => encode(type, { old: 1, kept: 2, added: 8, hint: 0 }, 0)).toThrow(
      'version 0 has no field added',
    );
    expect(() => encode(type, { old: 1, kept: 2, added: 7, hint: 0 }, 1)).toThrow(RangeError);
  });

  it('is dropped where it may be ignored', () => {
    expect(encode(type, { old: 1, kept: 2, added: 7, hint: 5 }, 0)).toBe('0102');
  });
});

describe('tagged fields', () => {
  const pair = struct({ a: field(int8, { default: -1 }), b: string });
  const type = struct({
    plain: int8,
    second: field(pair, { since: 2, tag: 1 }),
    first: field(int8, { since: 2, tag: 0 }),
    list: field(array(int8), { since: 2, tag: 5 }),
    text: field(nullableString, { since: 2, tag: 6, default: null }),
  });
  const initial = { plain: 3, second: { a: -1, b: '' }, first: 0, list: [], text: null };

  it('are left out when they have their default', () => {
    expect(encode(type, initial, 2)).toBe('0300');
    expect(decode(type, '0300', 2)).toEqual(initial);
  });

  it('are written by ascending tag', () => {
    const value = { ...initial, first: 4, second: { a: 1, b: 'x' }, list: [9] };
    const hex = '03' + '03' + '00' + '01' + '04' + '01' + '04' + '01027800' + '05' + '02' + '0209';
    expect(encode(type, value, 2)).toBe(hex);
    expect(decode(type, hex, 2)).toEqual(value);
  });

  it('are skipped when they are not known', () => {
    expect(decode(type, '03' + '02' + '00' + '01' + '04' + '63' + '02' + 'ffff', 2)).toEqual({
      ...initial,
      first: 4,
    });
  });

  it('are refused when repeated, out of order, too long or too short', () => {
    for (const tags of [
      '020001040001' + '04',
      '0205' + '0201' + '0001' + '00',
      '01000204' + '00',
    ]) {
      expect(() => decode(type, '03' + tags, 2)).toThrow(ProtocolError);
    }
    expect(() => decode(type, '03' + '01' + '00' + '00', 2)).toThrow(ProtocolError);
  });

  it('do not exist in versions that are not flexible', () => {
    expect(encode(type, initial, 1)).toBe('03');
    expect(() => encode(type, { ...initial, second: { a: 0, b: '' } }, 1)).toThrow(RangeError);
  });
});

describe('null', () => {
  const type = struct({ name: field(nullableString, { nullableSince: 1 }) });

  it('is read and written from the version on that allows it', () => {
    expect(decode(type, 'ffff', 1)).toEqual({ name: null });
    expect(encode(type, { name: null }, 2)).toBe('0000');
    expect(() => decode(type, 'ffff', 0)).toThrow(ProtocolError);
    expect(() => encode(type, { name: null }, 0)).toThrow(RangeError);
  });

  it('is refused by types that have none', () => {
    expect(() => decode(string, 'ffff', 0)).toThrow(ProtocolError);
    expect(() => decode(bytes, 'ffffffff', 0)).toThrow(ProtocolError);
    expect(() => decode(array(int8), '00', 2)).toThrow(ProtocolError);
  });

  it('stands for a whole struct or array', () => {
    const cursor = nullableStruct({ at: int32 });
    expect(encode(cursor, null, 0)).toBe('ff');
    expect(decode(cursor, '0100000005', 0)).toEqual({ at: 5 });
    expect(decode(nullableArray(int8), 'ffffffff', 0)).toBeNull();
  });
});

describe('lengths', () => {
  it('are refused when negative or beyond the frame', () => {
    expect(() => decode(string, 'fffe', 0)).toThrow(ProtocolError);
    expect(() => decode(bytes, '80000000', 0)).toThrow(ProtocolError);
    expect(() => decode(bytes, '00000002ff', 0)).toThrow(ProtocolError);
    expect(() => decode(array(int8), '7fffffff', 0)).toThrow('does not fit its frame');
    expect(() => decode(array(int8), 'ffffffff0f', 2)).toThrow('does not fit its frame');
  });

  it('of strings end at 32767 bytes, compact or not', () => {
    const long = 'x'.repeat(0x8000);
    expect(() => encode(string, long, 0)).toThrow(RangeError);
    expect(() => encode(string, long, 2)).toThrow(RangeError);
    const claimed = '818002' + Buffer.from(long).toString('hex');
    expect(() => decode(string, claimed, 2)).toThrow('too long');
  });

  it('of text that is not UTF-8 may not grow past the limit', () => {
    const short = '0002' + 'ffff';
    expect(decode(string, short, 0)).toBe('\ufffd\ufffd');
    const long = '7fff' + 'ff'.repeat(0x7fff);
    expect(() => decode(string, long, 0)).toThrow('not UTF-8');
  });

  it('count bytes, not characters', () => {
    expect(encode(string, 'é', 0)).toBe('0002c3a9');
    expect(decode(string, '03c3a9', 2)).toBe('é');
  });
});

describe('numbers', () => {
  it('of two bytes without sign and of eight with a fraction keep their value', () => {
    expect(decode(uint16, encode(uint16, 65_000, 0), 0)).toBe(65_000);
    expect(decode(float64, encode(float64, -0.1, 0), 0)).toBe(-0.1);
  });
});

describe('record payloads', () => {
  it('pass file spans on and say how long all parts are', () => {
    const span = fakeSpan(300);
    const writer = new Writer();
    recordPayload.write(writer, [span, Buffer.from([1])], 0, false);
    const [size, part, rest] = writer.payload();
    expect(size).toEqual(Buffer.from('0000012d', 'hex'));
    expect(part).toBe(span);
    expect(rest).toEqual(Buffer.from([1]));
  });
});
