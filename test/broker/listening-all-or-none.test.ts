import { describe, expect, it } from '@jest/globals';
import { buildBrokerConfig } from '../../broker/config/broker-config.ts';
import { Listening } from '../../broker/listening.ts';
import { BrokerMetrics } from '../../broker/metrics/metrics.ts';
import { systemClock } from '../../broker/platform/clock.ts';
import { serveHttp } from '../../broker/platform/http-server.ts';
import { silentLogger } from '../../broker/platform/logger.ts';
import { nodeSockets } from '../../broker/platform/node-sockets.ts';
import { systemRandom } from '../../broker/platform/random.ts';
import { systemTimers } from '../../broker/platform/timers.ts';
import { RawClient } from '../support/raw-client.ts';
import { InlineWorkers } from '../support/sim/inline-workers.ts';
import { MemoryFileSystem } from '../support/sim/memory-file-system.ts';

describe('a broker with two listeners', () => {
  it('closes the first one again when the address of the second cannot be had', async () => {
    const ports: number[] = [];
    const config = buildBrokerConfig(
      new Map([
        ['zookeeper.connect', 'local:'],
        ['listeners', 'ONE://127.0.0.1:0,TWO://127.0.0.1:0'],
        ['listener.security.protocol.map', 'ONE:PLAINTEXT,TWO:PLAINTEXT'],
        ['inter.broker.listener.name', 'ONE'],
      ]),
    );
    const listening = new Listening({
      config: () => config,
      metrics: new BrokerMetrics({ apiName: String, processMetrics: false }),
      platform: {
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
        fileSystem: new MemoryFileSystem(systemClock),
        sockets: {
          ...nodeSockets,
          // The second one asks for the port that the first one has.
          listen: async (options) => {
            const listener = await nodeSockets.listen({ ...options, port: ports[0] ?? 0 });
            ports.push(listener.port);
            return listener;
          },
        },
        serveHttp,
        logger: silentLogger,
        workers: new InlineWorkers({
          fileSystem: new MemoryFileSystem(systemClock),
          clock: systemClock,
          logger: silentLogger,
        }),
        sendfile: null,
        isResident: () => 'unsupported',
        hostName: 'localhost',
      },
    });
    const handler = { handle: () => [], disconnected: () => undefined };
    await expect(listening.start(handler)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(ports).toHaveLength(1);
    expect(listening.ports.size).toBe(0);
    await expect(RawClient.open(ports[0] ?? 0)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
