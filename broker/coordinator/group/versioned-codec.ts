/** Keys and values of coordinator records: an int16 version, then a struct in that version. */

import type { Type } from '../../protocol/schema/types.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { Reader } from '../../protocol/wire/reader.ts';
import { Writer } from '../../protocol/wire/writer.ts';

interface VersionedCodec<T> {
  /** Throws ProtocolError for bytes that are not this. */
  decode(encoded: Buffer): T;
  encode(value: T, version: number): Buffer;
}

interface Versions {
  readonly versionMin?: number;
  readonly versionMax: number;
  readonly flexibleSince?: number;
}

export function versionedCodec<T>(
  name: string,
  type: Type<T>,
  { versionMin = 0, versionMax, flexibleSince = Infinity }: Versions,
): VersionedCodec<T> {
  return {
    decode(encoded) {
      const reader = new Reader(encoded);
      const version = reader.int16();
      if (version < versionMin || version > versionMax) {
        throw new ProtocolError(`${name} has unknown version ${String(version)}`);
      }
      const value = type.read(reader, version, version >= flexibleSince);
      if (reader.remaining > 0) {
        throw new ProtocolError(`${name} has ${String(reader.remaining)} bytes too many`);
      }
      return value;
    },
    encode(value, version) {
      const writer = new Writer();
      writer.int16(version);
      type.write(writer, value, version, version >= flexibleSince);
      return writer.toBuffer();
    },
  };
}
