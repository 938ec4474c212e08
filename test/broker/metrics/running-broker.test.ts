import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { batchOf, makeTopic, produceTo, valuesFrom } from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

const WITH_HTTP = { 'odradek.http.port': '0', 'odradek.http.host': '127.0.0.1' };

/** Values without labels, by name. */
async function metricsOf({ broker }: TestBroker): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${String(broker.httpPort)}/metrics`);
  const lines = (await answer.text()).split('\n');
  return new Map(
    lines
      .map((line) => /^(odradek_\w+) (\S+)$/.exec(line))
      .map((found) => [found?.[1] ?? '', Number(found?.[2])]),
  );
}

describe('the metrics of a running broker', () => {
  const start = testBrokers();

  it('have every name of the tables', async () => {
    const broker = await start({ properties: WITH_HTTP });
    const source = await readFile('broker/metrics/metrics.ts', 'utf8');
    const names = [...source.matchAll(/^ {2}(odradek_\w+):/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(10);
    const shown = await metricsOf(broker);
    expect(names.filter((name) => !Number.isFinite(shown.get(name)))).toEqual([]);
  });

  it('move with what is produced and fetched', async () => {
    const broker = await start({ properties: WITH_HTTP });
    const client = await broker.connect();
    await makeTopic(client, 'orders');
    const before = await metricsOf(broker);
    const batch = batchOf(['a record', 'another']);
    await produceTo(client, 'orders', batch);
    expect(await valuesFrom(client, 'orders')).toEqual(['a record', 'another']);
    const after = await metricsOf(broker);
    const grown = (name: string): number => {
      const [from, to] = [before.get(name), after.get(name)];
      assert(from !== undefined && to !== undefined, name);
      return to - from;
    };
    expect(grown('odradek_produced_bytes_total')).toBe(batch.length);
    expect(grown('odradek_fetched_bytes_total')).toBe(batch.length);
    expect(grown('odradek_received_bytes_total')).toBeGreaterThan(batch.length);
    expect(grown('odradek_sent_bytes_total')).toBeGreaterThan(batch.length);
    await broker.connect();
    expect((await metricsOf(broker)).get('odradek_connections_accepted_total')).toBeGreaterThan(
      after.get('odradek_connections_accepted_total') ?? Infinity,
    );
    expect(after.get('odradek_partitions_offline')).toBe(0);
    expect(after.get('odradek_request_memory_bytes')).toBe(0);
  });
});
