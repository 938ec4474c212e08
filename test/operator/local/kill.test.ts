import assert from 'node:assert/strict';
import process from 'node:process';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { findZooKeeper } from '../../../scripts/lib/zookeeper.mjs';
import { RealCluster } from './real-cluster.ts';
import type { LedgerClient } from './ledger-client.ts';

// Processes are started here: on a busy machine that takes its time.
jest.setTimeout(90_000);

/** Kills the pod's process while the client produces, and waits until it is Ready and goes on. */
async function killInTheMiddle(cluster: RealCluster, client: LedgerClient, pod: string) {
  await client.start();
  await client.goesOn(200);
  const { recorded } = cluster;
  const from = recorded.events.length;
  process.kill(cluster.pidOf(pod), 'SIGKILL');
  await recorded.until((event) => event.type === 'pod-restarting' && event.pod === pod, from);
  await recorded.until((event) => event.type === 'pod-ready' && event.pod === pod, from);
  await client.goesOn(200);
  await client.stop();
}

async function audited(client: LedgerClient) {
  const audit = client.ledger.audit(await client.readAll());
  const acknowledged = String(audit.acknowledged);
  const [lost, duplicated] = [String(audit.lost.length), String(audit.duplicated.length)];
  process.stdout.write(`acknowledged ${acknowledged}, lost ${lost}, duplicated ${duplicated}\n`);
  return audit;
}

describe('One broker on its embedded store', () => {
  const cluster = new RealCluster({ brokerCount: 1, zookeeperCommand: null });
  beforeAll(() => cluster.start());
  afterAll(() => cluster.stop());

  it('comes back after a kill -9 with every acknowledged record at its offset', async () => {
    const client = cluster.client();
    await killInTheMiddle(cluster, client, 'demo-broker-0');
    expect(await audited(client)).toMatchObject({ lost: [], duplicated: [] });
    expect(cluster.recorded.stalled()).toEqual([]);
  });
});

describe('Three brokers with a ZooKeeper', () => {
  const found = findZooKeeper();
  assert(found !== null, 'These tests need ZooKeeper and Java: apt-get install zookeeper');
  const cluster = new RealCluster({ brokerCount: 3, zookeeperCommand: found.command });
  beforeAll(() => cluster.start());
  afterAll(() => cluster.stop());

  it('lose nothing to a kill -9 of the one that is the controller', async () => {
    const client = cluster.client();
    await killInTheMiddle(cluster, client, `demo-broker-${String(await client.controllerId())}`);
    expect(await audited(client)).toMatchObject({ lost: [], duplicated: [] });
    expect(cluster.recorded.stalled()).toEqual([]);
  });
});
