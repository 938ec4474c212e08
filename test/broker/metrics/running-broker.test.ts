import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { batchOf, makeTopic, produceTo, valuesFrom } from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';
import { testClusters } from '../../support/test-cluster.ts';

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
  const open = testClusters();

  it('have every name of the tables', async () => {
    const broker = await start({ properties: WITH_HTTP });
    const source = await readFile('broker/metrics/metrics.ts', 'utf8');
    const names = [...source.matchAll(/^ {2}(odradek_\w+):/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(10);
    const shown = await metricsOf(broker);
    expect(names.filter((name) => !Number.isFinite(shown.get(name)))).toEqual([]);
  });

  it('count the partitions led with too few replicas in sync, on the leader alone', async () => {
    const cluster = await open();
    const properties = { ...WITH_HTTP, 'controlled.shutdown.enable': 'false' };
    const brokers = [0, 1, 2].map((id) => cluster.make(id, { properties }));
    for (const { broker } of brokers) await broker.start();
    const [leader, follower, third] = brokers;
    assert(leader !== undefined && follower !== undefined && third !== undefined);
    await makeTopic(await leader.connect(), 'orders', {
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: [0, 1, 2] }],
      configs: [{ name: 'min.insync.replicas', value: '2' }],
    });
    const counts = async (broker: TestBroker): Promise<readonly unknown[]> => {
      const shown = await metricsOf(broker);
      return ['under_replicated', 'under_min_isr', 'leading'].map((name) =>
        shown.get(`odradek_partitions_${name}`),
      );
    };
    // The controller tells the leader some time after the state is written.
    const leaderShows = async (expected: readonly number[]): Promise<void> => {
      while (!isDeepStrictEqual(await counts(leader), expected)) continue;
    };
    await leaderShows([0, 0, 1]);
    await third.stop();
    await leaderShows([1, 0, 1]);
    expect(await counts(follower)).toEqual([0, 0, 0]);
    await follower.stop();
    await leaderShows([1, 1, 1]);
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
