import { describe, expect, it } from '@jest/globals';

import { silentLogger } from '../../broker/platform/logger.ts';
import { systemRandom } from '../../broker/platform/random.ts';
import { statefulSets } from '../../operator/kube/resources.ts';
import type { Manager } from '../../operator/manager.ts';
import { startManager } from '../../operator/manager.ts';
import { cluster, clusterSpec, topic } from './objects.ts';
import { World } from './reconcilers/world.ts';

function managerOf(world: World): Manager {
  return startManager({
    kube: world.kube,
    admin: () => world.kafka.connect(),
    clock: world.time,
    timers: world.time,
    random: systemRandom,
    logger: silentLogger,
    images: { broker: 'broker:1', zookeeper: 'zookeeper:1' },
    namespace: 'default',
  });
}

describe('The manager', () => {
  it('brings a cluster and its topics to Ready, whatever is applied first', async () => {
    const world = new World();
    const manager = managerOf(world);
    await manager.ready();
    await world.apply(topic('orders', { partitions: 3 }));
    await world.time.advance(100);
    expect(await world.condition('KafkaTopic', 'orders')).toMatchObject({
      reason: 'ClusterNotFound',
    });
    await world.apply(cluster(clusterSpec({})));
    for (let round = 0; round < 4; round += 1) {
      await world.time.advance(2_000);
      await world.playKubelet();
    }
    await world.time.advance(15_000);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({ status: 'True' });
    expect(await world.condition('KafkaTopic', 'orders')).toMatchObject({ status: 'True' });
    await manager.stop();
    expect(world.kafka.open).toBe(0);
  });

  it('makes topics by itself when the last broker has registered, without a word from Kubernetes', async () => {
    const world = new World();
    world.kafka.brokerIds = [0];
    const manager = managerOf(world);
    await manager.ready();
    await world.apply(cluster(clusterSpec({})));
    await world.apply(topic('orders', { partitions: 3 }));
    for (let round = 0; round < 4; round += 1) {
      await world.time.advance(2_000);
      await world.playKubelet();
    }
    await world.time.advance(10_000);
    expect(await world.condition('KafkaTopic', 'orders')).toMatchObject({
      reason: 'WaitingForBrokers',
    });
    world.kafka.brokerIds = [0, 1, 2];
    await world.time.advance(2_000);
    expect(await world.condition('KafkaTopic', 'orders')).toMatchObject({ status: 'True' });
    await manager.stop();
  });

  it('puts back what somebody removes', async () => {
    const world = new World();
    const manager = managerOf(world);
    await manager.ready();
    await world.apply(cluster(clusterSpec({})));
    await world.time.advance(100);
    const set = { namespace: 'default', name: 'demo-zookeeper' };
    await world.kube.remove(statefulSets, set);
    await world.time.advance(100);
    expect(await world.kube.get(statefulSets, set)).not.toBeNull();
    await manager.stop();
  });
});
