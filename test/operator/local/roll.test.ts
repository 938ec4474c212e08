import assert from 'node:assert/strict';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ConfigResourceTypes } from 'kafkajs';

import { findZooKeeper } from '../../../scripts/lib/zookeeper.mjs';
import type { LedgerClient } from './ledger-client.ts';
import { RealCluster } from './real-cluster.ts';

// Processes are started here: on a busy machine that takes its time.
jest.setTimeout(90_000);

/** What each broker says its value is. */
async function valuesOf({ kafka }: LedgerClient, key: string, ids: readonly string[]) {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const type = ConfigResourceTypes.BROKER;
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: ids.map((name) => ({ type, name, configNames: [key] })),
    });
    return resources.flatMap(({ configEntries }) =>
      configEntries.map(({ configValue }) => configValue),
    );
  } finally {
    await admin.disconnect();
  }
}

describe('A KafkaCluster in local mode', () => {
  const found = findZooKeeper();
  assert(found !== null, 'These tests need ZooKeeper and Java: apt-get install zookeeper');
  const cluster = new RealCluster({ brokerCount: 2, zookeeperCommand: found.command });
  const { recorded } = cluster;
  beforeAll(() => cluster.start());
  afterAll(() => cluster.stop());

  it('whose config changes has its brokers restarted one at a time, and they have the new value', async () => {
    const client = cluster.client();
    await client.start();
    await client.goesOn(20);
    const from = cluster.apply({ 'num.partitions': 7 });
    const changing = await recorded.ready('KafkaCluster demo', 'False', from);
    await recorded.ready('KafkaCluster demo', 'True', changing);
    await client.goesOn(20);
    await client.stop();
    const turns = recorded.events.slice(from).flatMap((event) => ('pod' in event ? [event] : []));
    const [first, second] = [turns[0]?.pod, turns.at(-1)?.pod];
    expect([first, second].sort()).toEqual(['demo-broker-0', 'demo-broker-1']);
    expect(turns).toEqual(
      [first, second].flatMap((pod) =>
        ['pod-stopped', 'pod-started', 'pod-ready'].map((type) => ({ type, pod })),
      ),
    );
    expect(await valuesOf(client, 'num.partitions', ['0', '1'])).toEqual(['7', '7']);
    expect(client.ledger.audit(await client.readAll())).toMatchObject({ lost: [], duplicated: [] });
    expect(recorded.stalled()).toEqual([]);
  });

  it('whose config is refused says why in its file, and its brokers stay as they are', async () => {
    const pids = [cluster.pidOf('demo-broker-0'), cluster.pidOf('demo-broker-1')];
    const from = cluster.apply({ 'num.partitions': 'many', 'broker.id': 4 });
    await recorded.ready('KafkaCluster demo', 'False', from);
    const told = recorded.events.slice(from).find((event) => event.type === 'condition');
    expect(told).toMatchObject({
      reason: 'InvalidSpec',
      message: [
        'spec.config.num.partitions: many is not allowed; allowed: a whole number of type INT, at least 1',
        'spec.config.broker.id: 4 is not allowed; allowed: no value, the operator sets it',
      ].join('. '),
    });
    expect([cluster.pidOf('demo-broker-0'), cluster.pidOf('demo-broker-1')]).toEqual(pids);
  });
});
