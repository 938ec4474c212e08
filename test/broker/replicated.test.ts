/** Three whole brokers and what they keep of each other. */

import assert from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { batchOf, makeTopic, offsetAt, produceTo, valuesFrom } from '../support/requests.ts';
import type { TestBroker } from '../support/test-broker.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import { testClusters } from '../support/test-cluster.ts';

const open = testClusters();
const LATEST = -1n;

interface Three {
  readonly cluster: TestCluster;
  readonly brokers: readonly [TestBroker, TestBroker, TestBroker];
  readonly clients: readonly [BrokerConnection, BrokerConnection, BrokerConnection];
}

/** With a topic `orders`, led by broker 1. */
async function three({ minInSync = 2 } = {}): Promise<Three> {
  const cluster = await open();
  const [first, second, third] = await cluster.start(3);
  assert(first !== undefined && second !== undefined && third !== undefined);
  const brokers: Three['brokers'] = [first, second, third];
  const clients: Three['clients'] = [
    await first.connect(),
    await second.connect(),
    await third.connect(),
  ];
  await makeTopic(clients[0], 'orders', {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [1, 2, 0] }],
    configs: [{ name: 'min.insync.replicas', value: String(minInSync) }],
  });
  return { cluster, brokers, clients };
}

/** Values on a replica, as soon as it tells `count` of them to consumers. */
async function replicaHas(client: BrokerConnection, count: number): Promise<readonly string[]> {
  for (;;) {
    const values = await valuesFrom(client, 'orders', { maxWaitMs: 500 });
    if (values.length >= count) return values;
  }
}

describe('a partition on three brokers', () => {
  it('has what was acknowledged with acks=all on every replica', async () => {
    const { clients } = await three();
    for (let round = 0; round < 10; round += 1) {
      const { errorCode, baseOffset } = await produceTo(
        clients[1],
        'orders',
        batchOf([`${String(round)}a`, `${String(round)}b`]),
      );
      expect([errorCode, baseOffset]).toEqual([ErrorCodes.NONE, BigInt(round * 2)]);
    }
    const [first, second, third] = await Promise.all(clients.map((it) => replicaHas(it, 20)));
    expect(first).toHaveLength(20);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect((await offsetAt(clients[1], 'orders', LATEST)).offset).toBe(20n);
  });

  it('goes on with another leader when its leader stops, and takes it back with all it missed', async () => {
    const { cluster, brokers, clients } = await three();
    await produceTo(clients[1], 'orders', batchOf(['a']));
    await brokers[1].stop();
    const moved = await cluster.partitionState('orders', ({ leader }) => leader === 2);
    expect(moved.isr).toEqual([2, 0]);
    expect((await produceTo(clients[2], 'orders', batchOf(['b']))).errorCode).toBe(0);

    const back = cluster.make(1, { fileSystem: brokers[1].fileSystem });
    await back.broker.start();
    await cluster.partitionState('orders', ({ isr }) => isr.includes(1));
    expect(await replicaHas(await back.connect(), 2)).toEqual(['a', 'b']);
    expect((await produceTo(clients[2], 'orders', batchOf(['c']))).errorCode).toBe(0);
    expect(await replicaHas(await back.connect(), 3)).toEqual(['a', 'b', 'c']);
  });

  it('refuses acks=all with fewer replicas in sync than min.insync.replicas, and takes acks=1', async () => {
    const { cluster, brokers, clients } = await three();
    await produceTo(clients[1], 'orders', batchOf(['a']));
    await brokers[2].stop();
    await brokers[0].stop();
    await cluster.partitionState('orders', ({ isr }) => isr.length === 1);
    const refused = await produceTo(clients[1], 'orders', batchOf(['b']));
    expect(refused.errorCode).toBe(ErrorCodes.NOT_ENOUGH_REPLICAS);
    expect((await produceTo(clients[1], 'orders', batchOf(['c']), { acks: 1 })).errorCode).toBe(0);
  });
});
