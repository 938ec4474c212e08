/** Requests that clients of Apache Kafka sent, byte for byte: they are answered in the same shape. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { apiByKey } from '../../../broker/protocol/api-table.ts';
import { readResponse } from '../../../broker/protocol/frame.ts';
import type { Api } from '../../../broker/protocol/schema/api.ts';
import { makeTopic } from '../../support/requests.ts';
import { testBrokers } from '../../support/test-broker.ts';

interface Exchange {
  readonly client: string;
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly request: string;
  readonly response?: string;
}

/** What parks its answer until others come, or ends a connection on purpose, has tests of its own. */
const PARKED = new Set([11, 14]);

function exchanges(file: string): readonly Exchange[] {
  const url = new URL(`../../golden/protocol/${file}`, import.meta.url);
  const parsed: unknown = JSON.parse(readFileSync(url, 'utf8'));
  if (!Array.isArray(parsed)) throw new Error(`${file} is not a list`);
  return parsed.filter((it): it is Exchange => typeof it === 'object' && it !== null);
}

describe.each(['apache-kafka-clients.json', 'kafkajs.json'])('the requests of %s', (file) => {
  const start = testBrokers();

  it('are answered as the recorded broker did, or as a version that is not served', async () => {
    const broker = await start();
    const client = await broker.connect();
    for (const topic of ['cap', 'golden']) await makeTopic(client, topic);
    const served = await client.versions();
    const wanted: string[] = [];
    const answered: string[] = [];
    for (const exchange of exchanges(file)) {
      const { apiKey, apiVersion, request } = exchange;
      const api = apiByKey.get(apiKey);
      if (api === undefined || PARKED.has(apiKey)) continue;
      const raw = await broker.raw();
      raw.send(Buffer.from(request, 'hex'));
      const frame = await raw.next();
      raw.close();
      const [min, max] = served.get(apiKey) ?? [0, -1];
      const name = `${exchange.client}: ${api.name} v${String(apiVersion)}`;
      const isServed = apiVersion >= min && apiVersion <= max;
      const correlationId = Buffer.from(request, 'hex').readInt32BE(8);
      const recorded = recordedBody(api, exchange);
      wanted.push(`${name} ${isServed ? String(correlationId) : 'refused'} ${recorded ?? ''}`);
      if (frame === null) {
        answered.push(`${name} refused ${recorded ?? ''}`);
        continue;
      }
      const answer = readResponse(api, apiVersion, frame);
      const shape = recorded === null ? '' : keysOf(answer.body);
      answered.push(`${name} ${String(answer.correlationId)} ${shape}`);
    }
    expect(answered).toEqual(wanted);
    expect(answered.length).toBeGreaterThan(20);
    expect(broker.fatal).toEqual([]);
    expect(broker.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  }, 20_000);
});

/** The shape of the answer that was recorded; null where none was. */
function recordedBody(api: Api, { apiVersion, response }: Exchange): string | null {
  if (response === undefined) return null;
  return keysOf(readResponse(api, apiVersion, Buffer.from(response, 'hex').subarray(4)).body);
}

function keysOf(body: unknown): string {
  return typeof body === 'object' && body !== null ? Object.keys(body).sort().join() : '';
}
