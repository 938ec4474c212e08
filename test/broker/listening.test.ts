import assert from 'node:assert/strict';
import { afterEach, describe, expect, it } from '@jest/globals';
import { buildBrokerConfig } from '../../broker/config/broker-config.ts';
import { Listening } from '../../broker/listening.ts';
import { BrokerMetrics } from '../../broker/metrics/metrics.ts';
import type { RequestHandler } from '../../broker/model/request-handler.ts';
import { systemClock } from '../../broker/platform/clock.ts';
import { serveHttp } from '../../broker/platform/http-server.ts';
import { nodeSockets } from '../../broker/platform/node-sockets.ts';
import { systemRandom } from '../../broker/platform/random.ts';
import type { ListenOptions } from '../../broker/platform/socket.ts';
import { systemTimers } from '../../broker/platform/timers.ts';
import { CollectingLogger } from '../support/collecting-logger.ts';
import { framed, RawClient } from '../support/raw-client.ts';
import { InlineWorkers } from '../support/sim/inline-workers.ts';
import { MemoryFileSystem } from '../support/sim/memory-file-system.ts';

const answerAll: RequestHandler = {
  handle: () => [framed(Buffer.from('answer'))],
  disconnected: () => undefined,
};

describe('the listeners of a broker', () => {
  const log = new CollectingLogger();
  const listened: ListenOptions[] = [];
  const opened: { readonly listening: Listening; readonly clients: RawClient[] }[] = [];

  afterEach(async () => {
    for (const { listening, clients } of opened.splice(0)) {
      for (const client of clients) client.close();
      await listening.stopAccepting();
      await listening.drain(0);
    }
    log.lines.length = 0;
    listened.length = 0;
  });

  async function listen(properties: Readonly<Record<string, string>>): Promise<{
    readonly metrics: BrokerMetrics;
    readonly open: (name: string) => Promise<RawClient>;
    readonly listening: Listening;
  }> {
    const config = buildBrokerConfig(
      new Map(
        Object.entries({
          'zookeeper.connect': 'local:',
          listeners: 'ONE://127.0.0.1:0,TWO://127.0.0.1:0,INTERNAL://127.0.0.1:0',
          'listener.security.protocol.map': 'ONE:PLAINTEXT,TWO:PLAINTEXT,INTERNAL:PLAINTEXT',
          'inter.broker.listener.name': 'INTERNAL',
          ...properties,
        }),
      ),
    );
    const metrics = new BrokerMetrics({ apiName: String, processMetrics: false });
    const listening = new Listening({
      config: () => config,
      metrics,
      platform: {
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
        fileSystem: new MemoryFileSystem(systemClock),
        sockets: {
          ...nodeSockets,
          listen: (options) => {
            listened.push(options);
            return nodeSockets.listen(options);
          },
        },
        serveHttp,
        logger: log,
        workers: new InlineWorkers({
          fileSystem: new MemoryFileSystem(systemClock),
          clock: systemClock,
          logger: log,
        }),
        sendfile: null,
        isResident: () => 'unsupported',
        hostName: 'localhost',
      },
    });
    await listening.start(answerAll);
    const clients: RawClient[] = [];
    opened.push({ listening, clients });
    const open = async (name: string): Promise<RawClient> => {
      const port = listening.ports.get(name);
      assert(port !== undefined);
      const client = await RawClient.open(port);
      clients.push(client);
      return client;
    };
    return { metrics, open, listening };
  }

  /** Whether the broker keeps the connection. */
  async function isServed(client: RawClient): Promise<boolean> {
    client.send(framed(Buffer.from('question')));
    return (await client.next()) !== null;
  }

  it.each([
    ['max.connections', { 'max.connections': '2' }, true],
    ['max.connections.per.ip', { 'max.connections.per.ip': '2' }, false],
    [
      'max.connections.per.ip.overrides',
      { 'max.connections.per.ip': '0', 'max.connections.per.ip.overrides': '127.0.0.1:2' },
      false,
    ],
  ])('keep to %s together', async (_, limits, internalIsServed) => {
    const { open, metrics } = await listen(limits);
    const first = await open('ONE');
    expect(await isServed(first)).toBe(true);
    expect(await isServed(await open('TWO'))).toBe(true);
    for (const name of ['ONE', 'TWO', 'ONE']) expect(await isServed(await open(name))).toBe(false);
    expect(await isServed(await open('INTERNAL'))).toBe(internalIsServed);
    expect(log.withMessage('too many connections')).toHaveLength(1);
    expect(metrics.counter('odradek_connections_refused_total').value).toBe(
      internalIsServed ? 3 : 4,
    );
  });

  it('listen with the backlog that is configured', async () => {
    await listen({ 'socket.listen.backlog.size': '7' });
    expect(listened.map(({ backlog }) => backlog)).toEqual([7, 7, 7]);
  });

  it('share the memory of requests', async () => {
    const { open, listening, metrics } = await listen({
      'queued.max.request.bytes': '1000',
      'socket.request.max.bytes': '1000',
    });
    const one = await open('ONE');
    const two = await open('TWO');
    expect(await isServed(one)).toBe(true);
    expect(await isServed(two)).toBe(true);
    const frame = framed(Buffer.alloc(900));
    one.send(frame.subarray(0, 500));
    // Answered: the bytes before it have arrived.
    expect(await isServed(await open('ONE'))).toBe(true);
    two.send(frame);
    expect(listening.requestMemory).toBe(900);
    one.send(frame.subarray(500));
    expect(await one.next()).not.toBeNull();
    expect(await two.next()).not.toBeNull();
    expect(listening.requestMemory).toBe(0);
    expect(metrics.counter('odradek_sent_bytes_total').value).toBe(50);
  });
});
