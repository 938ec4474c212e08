/**
 * Frames: a size (int32), a header, a body. Request headers have a key, a version, a correlation id
 * and a client id (version 1), and in flexible versions tagged fields after these (version 2; the
 * client id keeps its two-byte length). Version 0, without a client id, is used by version 0 of
 * ControlledShutdown only. Response headers are a correlation id (version 0) and, for flexible
 * versions, tagged fields (version 1), except that answers to ApiVersions always have version 0.
 *
 * Whatever the bytes, reading throws nothing but ProtocolError. Bytes after the body are ignored, as
 * Apache Kafka does. Source: https://kafka.apache.org/protocol#protocol_messages, KIP-482, KIP-511
 */

import assert from 'node:assert/strict';

import type { Payload } from '../model/payload.ts';
import { payloadSize } from '../model/payload.ts';
import { apiByKey } from './api-table.ts';
import { apiVersions } from './messages/api-versions.ts';
import { controlledShutdown } from './messages/controlled-shutdown.ts';
import { ProtocolError } from './protocol-error.ts';
import type { Api } from './schema/api.ts';
import { isFlexible } from './schema/api.ts';
import { nullableString } from './schema/types.ts';
import { Reader } from './wire/reader.ts';
import { Writer } from './wire/writer.ts';

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

/**
 * Reads a request header; `reader` then stands at the body. The header of an API or a version that
 * is not in the table is read as far as every header goes, so that the caller can refuse it by name.
 */
export function readRequestHeader(reader: Reader): RequestHeader {
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const clientId = hasClientId(apiKey, apiVersion)
    ? nullableString.read(reader, apiVersion, false)
    : null;
  const api = apiByKey.get(apiKey);
  if (api !== undefined && hasVersion(api, apiVersion) && isFlexible(api, apiVersion)) {
    skipTaggedFields(reader);
  }
  return { apiKey, apiVersion, correlationId, clientId };
}

/** Reads the body of a request after its header. Byte fields are views of the frame. */
export function decodeRequest<Req>(api: Api<Req>, version: number, reader: Reader): Req {
  if (!hasVersion(api, version)) throw new ProtocolError(noVersion(api, version));
  return api.request.read(reader, version, isFlexible(api, version));
}

/** A whole request frame, its size included. RangeError for what the version cannot say. */
export function writeRequest<Req>(
  api: Api<Req>,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: Req,
): Buffer {
  if (!hasVersion(api, version)) throw new RangeError(noVersion(api, version));
  const flexible = isFlexible(api, version);
  const writer = new Writer();
  writer.int32(0);
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(header.correlationId);
  if (hasClientId(api.key, version)) nullableString.write(writer, header.clientId, version, false);
  if (flexible) writer.uvarint(0);
  api.request.write(writer, body, version, flexible);
  return concatenate(setFrameSize(writer.payload()));
}

/** Reads a response frame without its size. Byte fields are views of the frame. */
export function readResponse<Res>(
  api: Api<unknown, Res>,
  version: number,
  frame: Buffer,
): { readonly correlationId: number; readonly body: Res } {
  if (!hasVersion(api, version)) throw new ProtocolError(noVersion(api, version));
  const reader = new Reader(frame);
  const correlationId = reader.int32();
  const flexible = isFlexible(api, version);
  if (flexible && api.key !== apiVersions.key) skipTaggedFields(reader);
  return { correlationId, body: api.response.read(reader, version, flexible) };
}

/**
 * A whole response frame, its size included; record spans are parts of it, not copied. RangeError for
 * what the version cannot say.
 */
export function writeResponse<Res>(
  api: Api<unknown, Res>,
  version: number,
  correlationId: number,
  body: Res,
): Payload {
  if (!hasVersion(api, version)) throw new RangeError(noVersion(api, version));
  const flexible = isFlexible(api, version);
  const writer = new Writer();
  writer.int32(0);
  writer.int32(correlationId);
  if (flexible && api.key !== apiVersions.key) writer.uvarint(0);
  api.response.write(writer, body, version, flexible);
  return setFrameSize(writer.payload());
}

function hasVersion(api: Api, version: number): boolean {
  return api.versions[0] <= version && version <= api.versions[1];
}

function noVersion(api: Api, version: number): string {
  return `${api.name} has no version ${String(version)} here`;
}

function hasClientId(apiKey: number, apiVersion: number): boolean {
  return apiKey !== controlledShutdown.key || apiVersion > 0;
}

function skipTaggedFields(reader: Reader): void {
  for (let left = reader.uvarint(); left > 0; left -= 1) {
    reader.uvarint();
    reader.skip(reader.uvarint());
  }
}

/** Fills in the size, for which 4 bytes were left at the start. */
function setFrameSize(payload: Payload): Payload {
  const [first] = payload;
  assert(Buffer.isBuffer(first), 'a frame starts with its header');
  first.writeInt32BE(payloadSize(payload) - 4, 0);
  return payload;
}

function concatenate(payload: Payload): Buffer {
  const buffers = payload.filter((part) => Buffer.isBuffer(part));
  assert(buffers.length === payload.length, 'requests have no file spans');
  const [only] = buffers;
  return buffers.length === 1 && only !== undefined ? only : Buffer.concat(buffers);
}
