import { describe, expect, it } from '@jest/globals';
import { readFrom } from '../../support/read-from.ts';
import { writeRequest } from '../../../broker/protocol/frame.ts';
import { fetch } from '../../../broker/protocol/messages/fetch.ts';
import { joinGroup } from '../../../broker/protocol/messages/join-group.ts';
import {
  FETCH_VERSION,
  batchOf,
  fetchFrom,
  fetchRequest,
  makeTopic,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

const HEADER = { correlationId: 7, clientId: 'raw' };
const MIB = 1024 * 1024;

describe.each(['sendfile', 'buffered'])('serving by %s', (kind) => {
  const start = testBrokers();
  const temporaryFolder = temporaryFolders();

  async function startHere(): Promise<TestBroker> {
    const properties = { 'log.segment.bytes': String(4 * MIB) };
    if (kind === 'buffered') return start({ properties });
    return start({ folder: await temporaryFolder(), properties });
  }

  /** Several segments of records that are all different; the values in their order. */
  async function fill(broker: TestBroker): Promise<readonly string[]> {
    const client = await broker.connect();
    await makeTopic(client, 'big');
    const values = Array.from({ length: 20 }, (_, id) =>
      String.fromCharCode(65 + id).repeat(700_000),
    );
    for (const value of values) await produceTo(client, 'big', batchOf([value]));
    return values;
  }

  it('gives back every byte of large answers', async () => {
    const broker = await startHere();
    const values = await fill(broker);
    const client = await broker.connect();
    const seen: string[] = [];
    while (seen.length < values.length) {
      seen.push(...(await valuesFrom(client, 'big', { offset: seen.length })));
    }
    expect(seen.map((value) => `${value.slice(0, 1)} ${String(value.length)}`)).toEqual(
      values.map((value) => `${value.slice(0, 1)} ${String(value.length)}`),
    );
    expect(seen.every((value, place) => value === values[place])).toBe(true);
  });

  it('waits for a slow reader while others are served', async () => {
    const broker = await startHere();
    await fill(broker);
    const slow = await broker.raw();
    slow.socket.pause();
    for (let count = 0; count < 8; count += 1) {
      slow.send(writeRequest(fetch, FETCH_VERSION, HEADER, fetchRequest('big', { offset: count })));
    }
    const other = await broker.connect();
    for (let count = 0; count < 20; count += 1) {
      const { errorCode } = await fetchFrom(other, 'big', { offset: 19, maxBytes: 1 });
      expect(errorCode).toBe(0);
    }
    slow.socket.resume();
    for (let count = 0; count < 8; count += 1) {
      const answer = await slow.next();
      expect(answer?.length).toBeGreaterThan(700_000);
      expect(answer?.readInt32BE(0)).toBe(7);
    }
  });

  it('lets a reader go that leaves in the middle, without an alarm', async () => {
    const broker = await startHere();
    await fill(broker);
    for (let count = 0; count < 5; count += 1) {
      const raw = await broker.raw();
      raw.send(writeRequest(fetch, FETCH_VERSION, HEADER, fetchRequest('big')));
      await readFrom(raw.socket, 100_000);
      raw.socket.resetAndDestroy();
      await raw.closed;
    }
    const other = await broker.connect();
    expect((await fetchFrom(other, 'big')).errorCode).toBe(0);
    expect(broker.log.alarms).toEqual([]);
    expect(broker.fatal).toEqual([]);
  });
});

describe('a broker that stops', () => {
  const start = testBrokers();

  it('answers fetches and members that wait, and then closes their connections', async () => {
    const broker = await start();
    const client = await broker.connect();
    await makeTopic(client, 'orders');
    const waiting = fetchFrom(client, 'orders', { maxWaitMs: 600_000 });
    const idle = await broker.raw();
    const raw = await broker.raw();
    raw.send(
      writeRequest(joinGroup, 5, HEADER, {
        ...joinGroup.request.initial,
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from('x') }],
      }),
    );
    expect(await raw.next()).not.toBeNull();
    await broker.broker.stop();
    expect((await waiting).errorCode).toBe(0);
    await Promise.all([idle.closed, raw.closed]);
  });

  it('keeps every acknowledged record, and starts again on its files without recovery', async () => {
    const first = await start();
    const client = await first.connect();
    await makeTopic(client, 'orders');
    for (const value of ['a', 'b', 'c']) await produceTo(client, 'orders', batchOf([value]));
    await first.stop();
    const second = await start({ fileSystem: first.fileSystem });
    expect(await valuesFrom(await second.connect(), 'orders')).toEqual(['a', 'b', 'c']);
    expect(second.log.lines.some(({ message }) => message.includes('recover'))).toBe(false);
  });

  it('may be told so twice, and before it has started', async () => {
    const broker = await start();
    const stops = Promise.all([broker.broker.stop(), broker.broker.stop()]);
    await expect(stops).resolves.toEqual([undefined, undefined]);
  });
});

describe('connections', () => {
  const start = testBrokers();

  it('beyond max.connections are closed with a line; those there are go on', async () => {
    const broker = await start({ properties: { 'max.connections': '5' } });
    const first = await broker.connect();
    await makeTopic(first, 'orders');
    const others = await Promise.all(Array.from({ length: 10 }, () => broker.raw()));
    await Promise.race(others.map(({ closed }) => closed));
    expect(broker.log.withMessage('too many connections').length).toBeGreaterThan(0);
    expect(await valuesFrom(first, 'orders')).toEqual([]);
  });
});
