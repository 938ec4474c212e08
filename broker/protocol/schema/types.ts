/**
 * The schema language of messages. One schema object serves every version of a message, and its
 * TypeScript type is inferred from it:
 *
 *     const heartbeatRequest = struct({
 *       groupId: string,
 *       groupInstanceId: field(nullableString, { since: 3, default: null }),
 *     });
 *     type HeartbeatRequest = TypeOf<typeof heartbeatRequest>;
 *
 * Rules, those of Kafka's own message definitions: a field that a version lacks reads as its
 * default; writing another value than the default into a version that lacks the field is a
 * RangeError unless the field is `ignorable`. In flexible versions (KIP-482) lengths are compact
 * and each struct ends with its tagged fields; unknown tags are skipped.
 */

import type { Payload } from '../../model/payload.ts';
import { payloadSize } from '../../model/payload.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../wire/reader.ts';
import { ZERO_UUID } from '../wire/uuid.ts';
import type { Writer } from '../wire/writer.ts';

/** How one value is read and written in one version. `flexible` says whether KIP-482 applies. */
export interface Type<T> {
  /** For generators of test values and for error messages. */
  readonly kind: string;
  /** What a version that lacks the field reads; also the value that may be left out as a tag. */
  readonly initial: T;
  read(reader: Reader, version: number, flexible: boolean): T;
  write(writer: Writer, value: T, version: number, flexible: boolean): void;
  /** Whether a value says no more than `initial`; for structs. Other types are compared. */
  isInitial?(value: T): boolean;
  /** The element type of an array, the fields of a struct. */
  readonly element?: Type<unknown>;
  readonly fields?: Fields;
}

export interface FieldOptions<T> {
  /** First version that has the field; default 0. */
  readonly since?: number;
  /** Last version that has the field. */
  readonly until?: number;
  /** What versions without the field read. */
  readonly default?: T;
  /** First version in which null is allowed, for nullable types; default: all. */
  readonly nullableSince?: number;
  /** A value other than the default is dropped, not refused, where the version lacks the field. */
  readonly ignorable?: boolean;
  /** Makes it a tagged field of flexible versions from `since` on. */
  readonly tag?: number;
}

/** A type in its place in a struct. */
export interface Field<T> extends FieldOptions<T> {
  readonly type: Type<T>;
}

export type Fields = Readonly<Record<string, Type<unknown> | Field<unknown>>>;

type ValueOf<F> = F extends Field<infer T> ? T : F extends Type<infer T> ? T : never;

export type StructOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** The TypeScript type of a schema. */
export type TypeOf<S> = S extends Type<infer T> ? T : never;

export function field<T>(type: Type<T>, options: FieldOptions<T>): Field<T> {
  return { type, ...options };
}

export const int8: Type<number> = {
  kind: 'int8',
  initial: 0,
  read: (reader) => reader.int8(),
  write: (writer, value) => writer.int8(value),
};

export const int16: Type<number> = {
  kind: 'int16',
  initial: 0,
  read: (reader) => reader.int16(),
  write: (writer, value) => writer.int16(value),
};

export const uint16: Type<number> = {
  kind: 'uint16',
  initial: 0,
  read: (reader) => reader.uint16(),
  write: (writer, value) => writer.uint16(value),
};

export const int32: Type<number> = {
  kind: 'int32',
  initial: 0,
  read: (reader) => reader.int32(),
  write: (writer, value) => writer.int32(value),
};

export const int64: Type<bigint> = {
  kind: 'int64',
  initial: 0n,
  read: (reader) => reader.int64(),
  write: (writer, value) => writer.int64(value),
};

export const float64: Type<number> = {
  kind: 'float64',
  initial: 0,
  read: (reader) => reader.float64(),
  write: (writer, value) => writer.float64(value),
};

export const boolean: Type<boolean> = {
  kind: 'boolean',
  initial: false,
  read: (reader) => reader.boolean(),
  write: (writer, value) => writer.boolean(value),
};

/** 22 characters of base64url inside, 16 bytes on the wire. */
export const uuid: Type<string> = {
  kind: 'uuid',
  initial: ZERO_UUID,
  read: (reader) => reader.uuid(),
  write: (writer, value) => writer.uuid(value),
};

const STRING_SIZE_MAX = 0x7fff;

export const nullableString: Type<string | null> = {
  kind: 'nullableString',
  initial: '',
  read(reader, _version, flexible) {
    const size = readLength(reader, flexible, 'int16');
    if (size > STRING_SIZE_MAX) {
      throw new ProtocolError(`a string of ${String(size)} bytes is too long`);
    }
    return size < 0 ? null : readText(reader, size);
  },
  write(writer, value, _version, flexible) {
    if (value === null) {
      writeLength(writer, -1, flexible, 'int16');
      return;
    }
    const size = Buffer.byteLength(value, 'utf8');
    if (size > STRING_SIZE_MAX) {
      throw new RangeError(`a string of ${String(size)} bytes is too long`);
    }
    writeLength(writer, size, flexible, 'int16');
    writer.utf8(value, size);
  },
};

export const string: Type<string> = {
  kind: 'string',
  initial: '',
  read: (reader, version, flexible) => notNull(nullableString.read(reader, version, flexible)),
  write: (writer, value, version, flexible) =>
    nullableString.write(writer, value, version, flexible),
};

/** A view of the frame when read. */
export const nullableBytes: Type<Buffer | null> = {
  kind: 'nullableBytes',
  initial: Buffer.alloc(0),
  read(reader, _version, flexible) {
    const size = readLength(reader, flexible, 'int32');
    return size < 0 ? null : reader.bytes(size);
  },
  write(writer, value, _version, flexible) {
    writeLength(writer, value === null ? -1 : value.length, flexible, 'int32');
    if (value !== null) writer.bytes(value);
  },
};

/** A view of the frame when read. */
export const bytes: Type<Buffer> = {
  kind: 'bytes',
  initial: Buffer.alloc(0),
  read: (reader, version, flexible) => notNull(nullableBytes.read(reader, version, flexible)),
  write: (writer, value, version, flexible) =>
    nullableBytes.write(writer, value, version, flexible),
};

/** Record batches on their way out: buffers and file spans that are sent without a copy. */
export const recordPayload: Type<Payload | null> = {
  kind: 'recordPayload',
  initial: [],
  read(reader, version, flexible) {
    const records = nullableBytes.read(reader, version, flexible);
    if (records === null) return null;
    return records.length === 0 ? [] : [records];
  },
  write(writer, value, _version, flexible) {
    writeLength(writer, value === null ? -1 : payloadSize(value), flexible, 'int32');
    if (value === null) return;
    for (const part of value) {
      if (Buffer.isBuffer(part)) writer.bytes(part);
      else writer.part(part);
    }
  },
};

export function nullableArray<T>(element: Type<T>): Type<readonly T[] | null> {
  return {
    kind: 'nullableArray',
    initial: [],
    element,
    read(reader, version, flexible) {
      const count = readLength(reader, flexible, 'array');
      if (count < 0) return null;
      reader.claimElements(count);
      const values: T[] = [];
      for (let index = 0; index < count; index += 1) {
        values.push(element.read(reader, version, flexible));
      }
      return values;
    },
    write(writer, value, version, flexible) {
      writeLength(writer, value === null ? -1 : value.length, flexible, 'array');
      if (value !== null) for (const item of value) element.write(writer, item, version, flexible);
    },
  };
}

export function array<T>(element: Type<T>): Type<readonly T[]> {
  const nullable = nullableArray(element);
  return {
    kind: 'array',
    initial: [],
    element,
    read: (reader, version, flexible) => notNull(nullable.read(reader, version, flexible)),
    write: (writer, value, version, flexible) => nullable.write(writer, value, version, flexible),
  };
}

/**
 * Bytes that are not UTF-8 read as U+FFFD, which is longer. What would grow past the limit is
 * refused, so that whatever was read can be written.
 */
function readText(reader: Reader, size: number): string {
  const text = reader.utf8(size);
  if (size > STRING_SIZE_MAX / 3 && Buffer.byteLength(text, 'utf8') > STRING_SIZE_MAX) {
    throw new ProtocolError('a long string is not UTF-8');
  }
  return text;
}

type LengthForm = 'int16' | 'int32' | 'array';

function readLength(reader: Reader, flexible: boolean, form: LengthForm): number {
  const length = flexible
    ? reader.uvarint() - 1
    : form === 'int16'
      ? reader.int16()
      : reader.int32();
  if (length < -1) throw new ProtocolError(`negative length ${String(length)}`);
  return length;
}

function writeLength(writer: Writer, length: number, flexible: boolean, form: LengthForm): void {
  if (flexible) writer.uvarint(length + 1);
  else if (form === 'int16') writer.int16(length);
  else writer.int32(length);
}

function notNull<T>(value: T | null): T {
  if (value === null) throw new ProtocolError('null where the field is not nullable');
  return value;
}
