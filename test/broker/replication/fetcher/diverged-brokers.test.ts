/** Whole brokers whose logs have parted: what the new leader does not have goes. */

import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../../broker/client/broker-connection.ts';
import { batchOf, makeTopic, produceTo, valuesFrom } from '../../../support/requests.ts';
import type { TestBroker } from '../../../support/test-broker.ts';
import type { TestCluster } from '../../../support/test-cluster.ts';
import { testClusters } from '../../../support/test-cluster.ts';

const open = testClusters();

async function two(): Promise<{
  readonly cluster: TestCluster;
  readonly old: TestBroker;
  readonly other: TestBroker;
}> {
  const cluster = await open();
  const [controller, old, other] = await cluster.start(3);
  assert(old !== undefined && other !== undefined && controller !== undefined);
  await makeTopic(await controller.connect(), 'orders', {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }],
    configs: [{ name: 'unclean.leader.election.enable', value: 'true' }],
  });
  return { cluster, old, other };
}

async function again(cluster: TestCluster, id: number, before: TestBroker): Promise<TestBroker> {
  const broker = cluster.make(id, { fileSystem: before.fileSystem });
  await broker.broker.start();
  return broker;
}

async function committed(client: BrokerConnection, count: number): Promise<readonly string[]> {
  for (;;) {
    const values = await valuesFrom(client, 'orders', { maxWaitMs: 200 });
    if (values.length >= count) return values;
  }
}

describe('a broker that comes back to an unclean leader', () => {
  it('drops what only it had, and has what the leader has', async () => {
    const { cluster, old, other } = await two();
    const client = await old.connect();
    expect((await produceTo(client, 'orders', batchOf(['kept']))).errorCode).toBe(0);
    await other.stop();
    await cluster.partitionState('orders', ({ isr }) => isr.length === 1);
    for (const value of ['lost', 'lost too']) {
      expect((await produceTo(client, 'orders', batchOf([value]))).errorCode).toBe(0);
    }
    await old.stop();
    const leader = await again(cluster, 2, other);
    await cluster.partitionState('orders', ({ leader: id }) => id === 2);
    const leaderClient = await leader.connect();
    expect((await produceTo(leaderClient, 'orders', batchOf(['new']), { acks: 1 })).errorCode).toBe(
      0,
    );

    const back = await again(cluster, 1, old);
    await cluster.partitionState('orders', ({ isr }) => isr.length === 2);
    expect((await produceTo(leaderClient, 'orders', batchOf(['newer']))).errorCode).toBe(0);
    expect(await committed(await back.connect(), 3)).toEqual(['kept', 'new', 'newer']);
    expect(back.log.lines.map(({ message }) => message)).toContain(
      'log is truncated to where it parts from the leader',
    );
  });
});
