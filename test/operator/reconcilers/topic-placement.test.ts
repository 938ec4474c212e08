import { beforeEach, describe, expect, it } from '@jest/globals';

import { cluster, clusterSpec, topic } from '../objects.ts';
import { World } from './world.ts';

const key = { namespace: 'default', name: 'orders' };
const demo = { namespace: 'default', name: 'demo' };

describe('The partitions of a KafkaTopic', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  const saveCluster = (replicas: number): Promise<void> =>
    world.apply(cluster(clusterSpec({ broker: { replicas, storage: { size: '10Gi' } } })));

  /** Every pod runs, and of the brokers these have registered. */
  const registered = async (...ids: readonly number[]): Promise<void> => {
    world.kafka.brokerIds = ids;
    for (let round = 0; round < 3; round += 1) {
      await world.clusters.reconcile(demo);
      await world.playKubelet();
    }
    await world.clusters.reconcile(demo);
  };

  const reconciled = async (spec: object = {}): Promise<object | undefined> => {
    await world.apply(topic('orders', { replicas: 1, ...spec }));
    await world.topics.reconcile(key);
    return world.condition('KafkaTopic', 'orders');
  };

  it('are placed when all brokers of a new cluster have registered', async () => {
    await saveCluster(3);
    await registered(0);
    expect(await reconciled()).toMatchObject({
      status: 'False',
      reason: 'WaitingForBrokers',
      message: 'Waiting: 1 of 3 brokers are registered, not 1, 2',
    });
    expect(world.kafka.topics.size).toBe(0);
    world.kafka.brokerIds = [0, 1, 2];
    expect(await reconciled()).toMatchObject({ status: 'True' });
    expect(world.kafka.open).toBe(0);
  });

  it('are placed without a broker that does not come within a minute', async () => {
    await saveCluster(3);
    await registered(0, 2);
    await world.time.advance(59_000);
    expect(await reconciled()).toMatchObject({ reason: 'WaitingForBrokers' });
    await world.time.advance(1_000);
    expect(await reconciled()).toMatchObject({ status: 'True' });
  });

  it('are waited with for a minute after the last broker came, not after the cluster was made', async () => {
    await saveCluster(3);
    await world.clusters.reconcile(demo);
    await world.time.advance(300_000);
    await registered(1);
    expect(await reconciled()).toMatchObject({ reason: 'WaitingForBrokers' });
  });

  it('are placed at once where a broker that was there before is down', async () => {
    await saveCluster(3);
    await registered(0, 1, 2);
    await registered(0, 1);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({ status: 'False' });
    expect(await reconciled()).toMatchObject({ status: 'True' });
  });

  it('are placed when the brokers have come that the cluster grows by, also if it was not looked at yet', async () => {
    await saveCluster(3);
    await registered(0, 1, 2);
    await reconciled({ partitions: 3 });
    await world.time.advance(3_600_000);
    await saveCluster(4);
    const waiting = { reason: 'WaitingForBrokers', message: expect.stringMatching(/not 3$/) };
    expect(await reconciled({ partitions: 4 })).toMatchObject(waiting);
    await registered(0, 1, 2);
    expect(await reconciled({ partitions: 4 })).toMatchObject(waiting);
    expect(world.kafka.topics.get('orders')?.partitions).toBe(3);
    await registered(0, 1, 2, 3);
    expect(await reconciled({ partitions: 4 })).toMatchObject({ status: 'True' });
    expect(world.kafka.topics.get('orders')?.partitions).toBe(4);
  });

  it('are waited with while the configuration is put back all the same', async () => {
    await saveCluster(3);
    await registered(0, 1, 2);
    await reconciled({ partitions: 3 });
    await saveCluster(4);
    world.kafka.topics.get('orders')?.config.set('retention.ms', '5');
    expect(await reconciled({ partitions: 4 })).toMatchObject({ reason: 'WaitingForBrokers' });
    expect(world.kafka.topics.get('orders')).toEqual({ partitions: 3, config: new Map() });
  });
});
