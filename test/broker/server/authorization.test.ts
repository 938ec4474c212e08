/**
 * Every API asks the authorizer before it acts. The table of refusals has one entry for each API: a
 * new one without an entry, or without a question, fails here.
 */

import { describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { apiByKey } from '../../../broker/protocol/api-table.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import { produce } from '../../../broker/protocol/messages/produce.ts';
import type { Authorizer } from '../../../broker/security/authorizer.ts';
import {
  batchOf,
  fetchRequest,
  makeTopic,
  produceRequest,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';
import { refusals } from './refusals.ts';

describe('a client that may do nothing', () => {
  const start = testBrokers();
  let isAllowed = true;
  const questions: string[] = [];
  const authorizer: Authorizer = {
    authorize: (_, operation, { type, name }) => {
      questions.push(`${operation} ${type} ${name}`);
      return isAllowed;
    },
  };

  async function started(): Promise<{ broker: TestBroker; client: BrokerConnection }> {
    isAllowed = true;
    const broker = await start({ authorizer });
    const client = await broker.connect();
    await makeTopic(client, 'orders');
    await produceTo(client, 'orders', batchOf(['before']));
    questions.length = 0;
    return { broker, client };
  }

  it('has an entry here for every API that is served', async () => {
    const { client } = await started();
    const served = [...(await client.versions()).keys()].sort((a, b) => a - b);
    expect([...refusals.keys()].sort((a, b) => a - b)).toEqual(served);
  });

  it.each(
    [...refusals].map(([key, entry]) => [apiByKey.get(key)?.name ?? '', key, entry] as const),
  )('is refused by %s, and nothing has changed', async (_, key, [ask, codes]) => {
    const { broker, client } = await started();
    isAllowed = false;
    expect(await ask(client)).toEqual(codes);
    expect(questions.length > 0).toBe(key !== 18);
    isAllowed = true;
    expect(await valuesFrom(client, 'orders')).toEqual(['before']);
    const all = await client.send(metadata, 12, { ...metadata.request.initial, topics: null });
    expect(all.topics.map(({ name, partitions }) => [name, partitions.length])).toEqual([
      ['orders', 1],
    ]);
    expect(broker.log.alarms).toEqual([]);
  });
});

describe('the router', () => {
  const start = testBrokers();

  it('asks the quota for every request, with who asks', async () => {
    const asked: string[] = [];
    const requestSizes: number[] = [];
    const broker = await start({
      quota: {
        throttleTimeMs: ({ principal, clientId, clientAddress }, { kind, amount }) => {
          if (kind === 'request' && clientId === 'metered') requestSizes.push(amount);
          asked.push(`${kind} ${principal} ${clientId ?? ''} ${clientAddress}`);
          return kind === 'request' ? 0 : 17;
        },
      },
    });
    const client = await broker.connect('metered');
    await makeTopic(client, 'orders');
    asked.length = 0;
    requestSizes.length = 0;
    const answer = await client.send(produce, 10, produceRequest('orders', batchOf(['x'])));
    expect(answer.throttleTimeMs).toBe(17);
    const fetched = await client.send(fetch, 12, fetchRequest('orders'));
    expect(fetched.throttleTimeMs).toBe(17);
    const who = 'User:ANONYMOUS metered 127.0.0.1';
    expect(asked.filter((line) => line.includes('metered'))).toEqual([
      `request ${who}`,
      `produce ${who}`,
      `request ${who}`,
      `fetch ${who}`,
    ]);
    // The bytes of a frame, batch included, before the work is done.
    expect(requestSizes[0]).toBeGreaterThan(batchOf(['x']).length);
  });
});
