import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { apiByKey } from '../../../broker/protocol/api-table.ts';
import { decodeRequest, readRequestHeader } from '../../../broker/protocol/frame.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import { ProtocolError } from '../../../broker/protocol/protocol-error.ts';
import { Reader } from '../../../broker/protocol/wire/reader.ts';
import { Writer } from '../../../broker/protocol/wire/writer.ts';
import { everyVersion } from './every-version.ts';
import type { VersionedSchema } from './every-version.ts';
import { arbitraryOf } from './schema-arbitrary.ts';

/** Bytes that lengths and counts are often made of, beside any others. */
const nastyByte = fc.oneof(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff), fc.nat({ max: 0xff }));

const mutation = fc.record({
  /** Where, as a share of the length. */
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.array(nastyByte, { maxLength: 5 }),
  kind: fc.constantFrom('overwrite', 'insert', 'truncate'),
});

function mutate(
  valid: Buffer,
  { place, bytes, kind }: { place: number; bytes: readonly number[]; kind: string },
): Buffer {
  const at = Math.floor(place * valid.length);
  const head = valid.subarray(0, at);
  if (kind === 'truncate') return head;
  const tail = valid.subarray(kind === 'insert' ? at : Math.min(at + bytes.length, valid.length));
  return Buffer.concat([head, Buffer.from(bytes), tail]);
}

/** Undefined where the bytes were read or refused as they should; else what was thrown. */
function misbehaviour(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof ProtocolError ? undefined : error;
  }
}

function encode({ schema, version, flexible }: VersionedSchema, value: unknown): Buffer {
  const writer = new Writer();
  schema.write(writer, value, version, flexible);
  return writer.toBuffer();
}

describe('bytes of any kind', () => {
  it.each(everyVersion)(
    '$title is refused with a ProtocolError, or read and can be written',
    (entry) => {
      const random = fc.array(nastyByte, { maxLength: 80 }).map((bytes) => Buffer.from(bytes));
      const damaged = fc
        .tuple(arbitraryOf(entry.schema, entry.version), mutation)
        .map(([value, change]) => mutate(encode(entry, value), change));
      fc.assert(
        fc.property(fc.oneof(random, damaged), (bytes) => {
          const { schema, version, flexible } = entry;
          const outcome = misbehaviour(() =>
            encode(entry, schema.read(new Reader(bytes), version, flexible)),
          );
          expect(outcome).toBeUndefined();
        }),
        { numRuns: 40 },
      );
    },
  );

  it('is read or refused as a whole request', () => {
    const frame = fc
      .tuple(fc.nat({ max: 70 }), fc.nat({ max: 20 }), fc.array(nastyByte, { maxLength: 60 }))
      .map(([key, version, rest]) => Buffer.from([0, key, 0, version, 0, 0, 0, 9, ...rest]));
    fc.assert(
      fc.property(frame, (bytes) => {
        const outcome = misbehaviour(() => {
          const reader = new Reader(bytes);
          const { apiKey, apiVersion } = readRequestHeader(reader);
          const api = apiByKey.get(apiKey);
          return api === undefined ? undefined : decodeRequest(api, apiVersion, reader);
        });
        expect(outcome).toBeUndefined();
      }),
      { numRuns: 5000 },
    );
  });

  it('cannot claim more elements than the frame has bytes', () => {
    const count = Buffer.from('7fffffff' + '00', 'hex');
    expect(() => metadata.request.read(new Reader(count), 1, false)).toThrow('does not fit');
    const compactCount = Buffer.from('ffffffff0f' + '00', 'hex');
    expect(() => metadata.request.read(new Reader(compactCount), 9, true)).toThrow('does not fit');
  });

  it('cannot fill the memory with empty elements', () => {
    const count = 5_000_000;
    const frame = Buffer.alloc(4 + 2 * count);
    frame.writeInt32BE(count, 0);
    expect(() => metadata.request.read(new Reader(frame), 1, false)).toThrow(
      'more than 4194304 elements',
    );
  });
});
