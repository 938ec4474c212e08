import { describe, expect, it } from '@jest/globals';

import { configMaps, kafkaClusters, statefulSets } from '../../../operator/kube/resources.ts';
import { cluster, clusterSpec } from '../objects.ts';
import { World } from './world.ts';

const key = { namespace: 'default', name: 'demo' };
const set = { namespace: 'default', name: 'demo-broker' };

async function readyWorld(): Promise<World> {
  const world = new World();
  await world.apply(cluster(clusterSpec({})));
  for (let round = 0; round < 3; round += 1) {
    await world.clusters.reconcile(key);
    await world.playKubelet();
  }
  await world.clusters.reconcile(key);
  return world;
}

describe('A KafkaCluster', () => {
  it('starts ZooKeeper, then brokers, then is Ready', async () => {
    const world = new World();
    await world.apply(cluster(clusterSpec({})));
    await world.clusters.reconcile(key);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({
      status: 'False',
      message: 'Waiting: ZooKeeper has 0 of 1 servers ready',
    });
    await world.playKubelet();
    expect(await world.podNames()).toEqual(['demo-zookeeper-1']);
    await world.clusters.reconcile(key);
    await world.playKubelet();
    expect(await world.podNames()).toHaveLength(4);
    await world.clusters.reconcile(key);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({
      status: 'True',
      message: '3 of 3 brokers are ready',
    });
    const object = await world.kube.get(kafkaClusters, key);
    expect(object?.status).toMatchObject({
      clusterId: 'fake-cluster',
      readyReplicas: 3,
      listeners: [{ name: 'internal', bootstrapServers: 'demo-bootstrap.default.svc:9092' }],
    });
    expect(world.kafka.open).toBe(0);
  });

  it('changes nothing any more once it is Ready', async () => {
    const world = await readyWorld();
    const before = await world.kube.list(statefulSets, {});
    await world.time.advance(1000);
    await world.clusters.reconcile(key);
    expect(await world.kube.list(statefulSets, {})).toEqual(before);
  });

  it('is not Ready while a broker has not registered', async () => {
    const world = await readyWorld();
    world.kafka.brokerIds = [0, 2];
    await world.clusters.reconcile(key);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({
      status: 'False',
      reason: 'BrokersNotRegistered',
      message: 'Waiting: broker 1 has not registered',
    });
  });

  it('is not Ready while its brokers run and none can be asked, and says why', async () => {
    const world = await readyWorld();
    world.kafka.outage = new Error('broker 0 at 10.0.0.1:9091: the connection was lost');
    await world.clusters.reconcile(key);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({
      status: 'False',
      reason: 'BrokersUnreachable',
      message:
        'Brokers are running, but none answers the operator: broker 0 at 10.0.0.1:9091: the connection was lost',
    });
    expect(world.kafka.open).toBe(0);
  });

  it('restarts pods one at a time after a change, and only while the others are ready', async () => {
    const world = await readyWorld();
    await world.apply(cluster(clusterSpec({ config: { 'num.partitions': 5 } })));
    await world.clusters.reconcile(key);
    expect(await world.podNames()).toHaveLength(4);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({ status: 'False' });
    const gone: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      await world.playKubelet();
      await world.clusters.reconcile(key);
      gone.push(...(await world.endTerminating()));
      await world.playKubelet((name) => name !== gone.at(-1));
      await world.clusters.reconcile(key);
      expect(await world.endTerminating()).toEqual([]);
    }
    // Broker 1 is the controller.
    expect(gone).toEqual(['demo-broker-2', 'demo-broker-0', 'demo-broker-1']);
    await world.playKubelet();
    await world.clusters.reconcile(key);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({ status: 'True' });
  });

  it('refuses to remove brokers, and goes on with the rest', async () => {
    const world = await readyWorld();
    const broker = { replicas: 2, storage: { size: '10Gi' } };
    await world.apply(cluster(clusterSpec({ broker, config: { 'num.partitions': 5 } })));
    await world.clusters.reconcile(key);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({
      status: 'False',
      reason: 'ChangeRefused',
      message:
        'spec.broker.replicas: 2 is not allowed; allowed: at least 3, brokers that hold data cannot be removed yet',
    });
    expect((await world.kube.get(statefulSets, set))?.spec.replicas).toBe(3);
    const config = await world.kube.get(configMaps, { ...set, name: 'demo-broker-config' });
    expect(config?.data?.['server.properties']).toContain('num.partitions=5');
  });

  it.each([
    [
      { 'broker.id': 4 },
      'spec.config.broker.id: 4 is not allowed; allowed: no value, the operator sets it',
    ],
    [
      { 'log.retention.hours': 4 },
      'spec.config.log.retention.hours: 4 is not allowed; allowed: no value, use spec.retention.default',
    ],
    [
      { 'default.replication.factor': 4 },
      'spec.config.default.replication.factor: 4 is not allowed; allowed: at most 3, the number of brokers (spec.broker.replicas)',
    ],
    [
      { 'num.partitions': 'many' },
      'spec.config.num.partitions: many is not allowed; allowed: a whole number of type INT, at least 1',
    ],
  ])('is not Ready with config %j', async (config, message) => {
    const world = new World();
    await world.apply(cluster(clusterSpec({ config })));
    await world.clusters.reconcile(key);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({
      status: 'False',
      reason: 'InvalidSpec',
      message,
    });
    expect(await world.kube.get(statefulSets, set)).toBeNull();
  });

  it('leaves a paused cluster alone', async () => {
    const world = new World();
    await world.apply(cluster(clusterSpec({ paused: true })));
    await world.clusters.reconcile(key);
    expect(await world.condition('KafkaCluster', 'demo')).toMatchObject({ reason: 'Paused' });
    expect((await world.kube.list(statefulSets, {})).items).toEqual([]);
  });
});
