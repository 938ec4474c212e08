import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Reader } from '../../../broker/protocol/wire/reader.ts';
import { Writer } from '../../../broker/protocol/wire/writer.ts';
import { everyVersion } from './every-version.ts';
import type { VersionedSchema } from './every-version.ts';
import { arbitraryOf } from './schema-arbitrary.ts';

function encode({ schema, version, flexible }: VersionedSchema, value: unknown): Buffer {
  const writer = new Writer();
  schema.write(writer, value, version, flexible);
  return writer.toBuffer();
}

describe('every message in every version', () => {
  it.each(everyVersion)('$title reads what it wrote, and writes what it read', (entry) => {
    fc.assert(
      fc.property(arbitraryOf(entry.schema, entry.version), (value) => {
        const encoded = encode(entry, value);
        const reader = new Reader(encoded);
        const decoded = entry.schema.read(reader, entry.version, entry.flexible);
        expect(reader.remaining).toBe(0);
        expect(decoded).toEqual(value);
        expect(encode(entry, decoded)).toEqual(encoded);
      }),
      { numRuns: 25 },
    );
  });
});
