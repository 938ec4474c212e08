/**
 * Values of any schema in one version: fields that the version has are drawn, the others have their
 * default, so that what is read equals what was written.
 */

import fc from 'fast-check';
import type { Field, Type } from '../../../broker/protocol/schema/types.ts';

const shortBytes = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));

export function arbitraryOf(type: Type<unknown>, version: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f });
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff });
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff });
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'float64':
      return fc.double();
    case 'boolean':
      return fc.boolean();
    case 'uuid':
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((bytes) => Buffer.from(bytes).toString('base64url'));
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 8 });
    case 'nullableString':
      return fc.option(fc.string({ unit: 'grapheme', maxLength: 8 }));
    case 'bytes':
      return shortBytes;
    case 'nullableBytes':
      return fc.option(shortBytes);
    case 'recordPayload':
      return fc.option(shortBytes.map((bytes) => (bytes.length === 0 ? [] : [bytes])));
    case 'array':
      return arrayOf(type, version);
    case 'nullableArray':
      return fc.option(arrayOf(type, version));
    case 'struct':
      return structOf(type, version);
    case 'nullableStruct':
      return fc.option(structOf(type, version));
    default:
      throw new Error(`no values are drawn for ${type.kind}`);
  }
}

function arrayOf(type: Type<unknown>, version: number): fc.Arbitrary<unknown[]> {
  if (type.element === undefined) throw new Error('an array without an element type');
  return fc.array(arbitraryOf(type.element, version), { maxLength: 3 });
}

function structOf(type: Type<unknown>, version: number): fc.Arbitrary<Record<string, unknown>> {
  const drawn: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, entry] of Object.entries(type.fields ?? {})) {
    drawn[name] = fieldOf('type' in entry ? entry : { type: entry }, version);
  }
  return fc.record(drawn);
}

function fieldOf(entry: Field<unknown>, version: number): fc.Arbitrary<unknown> {
  const initial = 'default' in entry ? entry.default : entry.type.initial;
  const { since = 0, until = Infinity, nullableSince = 0 } = entry;
  if (version < since || version > until) return fc.constant(initial);
  const values = arbitraryOf(entry.type, version);
  const allowed = version < nullableSince ? values.filter((value) => value !== null) : values;
  // The default is drawn often: it decides whether a tagged field is written at all.
  return initial === null && version < nullableSince
    ? allowed
    : fc.oneof({ weight: 3, arbitrary: allowed }, { weight: 1, arbitrary: fc.constant(initial) });
}
