import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { apiByKey } from '../../../broker/protocol/api-table.ts';
import {
  decodeRequest,
  readRequestHeader,
  readResponse,
  writeRequest,
  writeResponse,
} from '../../../broker/protocol/frame.ts';
import type { Api } from '../../../broker/protocol/schema/api.ts';
import { Reader } from '../../../broker/protocol/wire/reader.ts';

const exchange = z.object({
  client: z.string(),
  apiKey: z.number(),
  apiVersion: z.number(),
  clientId: z.string(),
  request: z.string(),
  /** Missing where the answer was made by this code. */
  response: z.string().optional(),
});

function exchangesOf(file: string): readonly z.infer<typeof exchange>[] {
  const url = new URL(`../../golden/protocol/${file}`, import.meta.url);
  return z.array(exchange).parse(JSON.parse(readFileSync(url, 'utf8')));
}

function apiOf(key: number): Api {
  const api = apiByKey.get(key);
  if (api === undefined) throw new Error(`no API ${String(key)}`);
  return api;
}

function hex(payload: readonly unknown[]): string {
  return Buffer.concat(payload.filter((part) => Buffer.isBuffer(part))).toString('hex');
}

function casesOf(file: string): readonly (z.infer<typeof exchange> & { title: string })[] {
  return exchangesOf(file).map((entry, index) => {
    const api = `${apiOf(entry.apiKey).name} v${String(entry.apiVersion)}`;
    return { ...entry, title: `${String(index)}: ${entry.client}, ${api}` };
  });
}

const fromApacheKafka = ['apache-kafka-clients.json', 'apache-kafka-brokers.json'];

describe.each([...fromApacheKafka, 'kafkajs.json'])('the requests of %s', (file) => {
  it.each(casesOf(file))('$title is read, and written again as it was', (entry) => {
    const reader = new Reader(Buffer.from(entry.request, 'hex'), 4);
    const header = readRequestHeader(reader);
    const { apiKey, apiVersion, clientId } = entry;
    expect(header).toMatchObject({ apiKey, apiVersion, clientId });
    const api = apiOf(header.apiKey);
    const body = decodeRequest(api, header.apiVersion, reader);
    expect(reader.remaining).toBe(0);
    const again = writeRequest(api, header.apiVersion, header, body);
    expect(again.toString('hex')).toBe(entry.request);
  });
});

describe.each(fromApacheKafka)('the answers of %s', (file) => {
  it.each(casesOf(file))('$title is read, and written again as it was', (entry) => {
    const { apiKey, apiVersion, response = '' } = entry;
    const api = apiOf(apiKey);
    const frame = Buffer.from(response, 'hex').subarray(4);
    const { correlationId, body } = readResponse(api, apiVersion, frame);
    expect(hex(writeResponse(api, apiVersion, correlationId, body))).toBe(response);
  });
});
