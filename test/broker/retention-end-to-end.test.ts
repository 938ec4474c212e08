/** Retention of a running broker, from a topic's configuration to the files that go. */

import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { systemClock } from '../../broker/platform/clock.ts';
import { incrementalAlterConfigs } from '../../broker/protocol/messages/incremental-alter-configs.ts';
import { batchOf, makeTopic, offsetAt, produceTo } from '../support/requests.ts';
import { MemoryFileSystem } from '../support/sim/memory-file-system.ts';
import type { TestBroker } from '../support/test-broker.ts';
import { testBrokers } from '../support/test-broker.ts';

const HOUR = 3_600_000;
const report = z.object({
  partitions: z.array(
    z.object({
      segments: z.array(
        z.object({
          baseOffset: z.number(),
          goesAtMs: z.number().nullable(),
          heldBy: z.number().nullable(),
          why: z.string(),
        }),
      ),
    }),
  ),
});

const start = testBrokers();

async function started(): Promise<{ broker: TestBroker; fileSystem: MemoryFileSystem }> {
  const fileSystem = new MemoryFileSystem(systemClock);
  const properties = {
    'log.retention.check.interval.ms': '50',
    'log.segment.delete.delay.ms': '20',
    'odradek.http.port': '0',
    'odradek.http.host': '127.0.0.1',
  };
  return { broker: await start({ fileSystem, properties }), fileSystem };
}

async function get(broker: TestBroker, path: string): Promise<string> {
  const url = `http://127.0.0.1:${String(broker.broker.httpPort)}${path}`;
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}

async function segments(broker: TestBroker) {
  const body = await get(broker, '/retention?topic=orders');
  return report.parse(JSON.parse(body)).partitions.flatMap((partition) => partition.segments);
}

async function produceAt(
  client: Awaited<ReturnType<TestBroker['connect']>>,
  timestampMs: number,
): Promise<void> {
  const records = [{ key: null, value: Buffer.alloc(100), timestampMs, headers: [] }];
  const { errorCode } = await produceTo(client, 'orders', batchOf([], { records }));
  expect(errorCode).toBe(0);
}

describe('retention of a running broker', () => {
  it('drops what is old, says why the rest stays, and lets it go when it is told to', async () => {
    const { broker, fileSystem } = await started();
    const client = await broker.connect();
    await makeTopic(client, 'orders', {
      configs: [
        { name: 'segment.bytes', value: '200' },
        { name: 'retention.ms', value: String(HOUR) },
      ],
    });
    const nowMs = systemClock.nowMs();
    await produceAt(client, nowMs + 24 * HOUR);
    await produceAt(client, nowMs - 2 * HOUR);
    await produceAt(client, nowMs);

    const [first, second, third] = await segments(broker);
    expect(first).toMatchObject({ baseOffset: 0, goesAtMs: nowMs + 25 * HOUR + 1, heldBy: null });
    expect(first?.why).toContain('which lies in the future');
    expect(second).toMatchObject({ baseOffset: 1, heldBy: 0 });
    expect(third).toMatchObject({ baseOffset: 2, heldBy: 0 });
    expect(await get(broker, '/metrics')).toContain('odradek_retention_blocked_segments 0');

    const dropped = broker.log.find(({ message }) => message === 'segments were dropped');
    await client.send(incrementalAlterConfigs, 1, {
      resources: [
        {
          resourceType: 2,
          resourceName: 'orders',
          configs: [{ name: 'retention.bytes', value: '300', configOperation: 0 }],
        },
      ],
      validateOnly: false,
    });
    await dropped;
    // The first by size, and then the second by its age.
    expect((await offsetAt(client, 'orders', -2n)).offset).toBe(2n);
    expect((await segments(broker)).map(({ baseOffset }) => baseOffset)).toEqual([2]);
    const names = await fileSystem.list('/data/orders-0');
    expect(names).not.toContain('00000000000000000000.log');
  });
});
