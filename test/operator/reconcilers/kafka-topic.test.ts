import { beforeEach, describe, expect, it } from '@jest/globals';

import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import { kafkaClusters, kafkaTopics } from '../../../operator/kube/resources.ts';
import { cluster, clusterSpec, topic } from '../objects.ts';
import { World } from './world.ts';

const key = { namespace: 'default', name: 'orders' };
const demo = { namespace: 'default', name: 'demo' };

describe('A KafkaTopic', () => {
  let world: World;

  beforeEach(async () => {
    world = new World();
    await world.apply(cluster(clusterSpec({})));
    for (let round = 0; round < 3; round += 1) {
      await world.clusters.reconcile(demo);
      await world.playKubelet();
    }
  });

  const reconciled = async (spec: object, name = 'orders'): Promise<object | undefined> => {
    await world.apply(topic(name, spec));
    await world.topics.reconcile({ ...key, name });
    return world.condition('KafkaTopic', name);
  };

  it('is created and Ready', async () => {
    const spec = { partitions: 3, retention: { time: '1h' }, cleanupPolicy: 'CompactAndDelete' };
    expect(await reconciled(spec)).toMatchObject({ status: 'True' });
    expect(world.kafka.topics.get('orders')).toEqual({
      partitions: 3,
      config: new Map([
        ['cleanup.policy', 'compact,delete'],
        ['retention.ms', '3600000'],
      ]),
    });
    const object = await world.kube.get(kafkaTopics, key);
    expect(object?.status).toMatchObject({ topicId: 'id-of-orders', partitions: 3, replicas: 1 });
    expect(world.kafka.open).toBe(0);
  });

  it('grows, and has drifted configuration put back', async () => {
    await reconciled({ partitions: 3, retention: { time: '1h' } });
    world.kafka.topics.get('orders')?.config.set('retention.ms', '5').set('segment.ms', '9');
    expect(await reconciled({ partitions: 4, retention: { time: '1h' } })).toMatchObject({
      status: 'True',
    });
    expect(world.kafka.topics.get('orders')).toEqual({
      partitions: 4,
      config: new Map([['retention.ms', '3600000']]),
    });
  });

  it.each([
    [
      { replicas: 3 },
      'InvalidSpec',
      'spec.replicas: 3 is not allowed; allowed: 1, replication is not there yet',
    ],
    [
      { config: { 'retention.ms': 5 } },
      'InvalidSpec',
      'spec.config.retention.ms: 5 is not allowed; allowed: no value, use spec.retention.time',
    ],
    [
      { config: { nonsense: 5 } },
      'InvalidSpec',
      "spec.config.nonsense: 5 is not allowed; allowed: one of Kafka's topic keys",
    ],
    [
      { clusterRef: { name: 'nobody' } },
      'ClusterNotFound',
      'spec.clusterRef.name: nobody is not allowed; allowed: the name of a KafkaCluster in this namespace',
    ],
  ])('with %j is not Ready: %s', async (spec, reason, message) => {
    expect(await reconciled(spec)).toMatchObject({ status: 'False', reason, message });
    expect(world.kafka.topics.size).toBe(0);
  });

  it('says what the brokers refuse, and is created once they do not', async () => {
    world.kafka.refusal = new KafkaError(ErrorCodes.POLICY_VIOLATION, 'too many partitions');
    expect(await reconciled({})).toMatchObject({
      status: 'False',
      reason: 'Refused',
      message: 'Kafka: POLICY_VIOLATION: too many partitions',
    });
    world.kafka.refusal = null;
    expect(await reconciled({})).toMatchObject({ status: 'True' });
  });

  it('does not touch a topic that was there before and is different', async () => {
    world.kafka.topics.set('orders', { partitions: 1, config: new Map([['retention.ms', '-1']]) });
    expect(await reconciled({ retention: { time: '1h' } })).toMatchObject({
      status: 'False',
      reason: 'TopicExists',
    });
    expect(world.kafka.topics.get('orders')?.config.get('retention.ms')).toBe('-1');
  });

  it('yields to an older resource for the same topic', async () => {
    expect(await reconciled({ topicName: 'shared' }, 'older')).toMatchObject({ status: 'True' });
    await world.time.advance(5000);
    expect(await reconciled({ topicName: 'shared', partitions: 7 }, 'newer')).toMatchObject({
      status: 'False',
      reason: 'ResourceConflict',
    });
    expect(world.kafka.topics.get('shared')?.partitions).toBe(1);
    await world.kube.remove(kafkaTopics, { ...key, name: 'newer' });
    await world.topics.reconcile({ ...key, name: 'newer' });
    expect(world.kafka.topics.has('shared')).toBe(true);
  });

  it('takes its topic with it', async () => {
    await reconciled({});
    await world.kube.remove(kafkaTopics, key);
    expect(await world.kube.get(kafkaTopics, key)).not.toBeNull();
    await world.topics.reconcile(key);
    expect(world.kafka.topics.has('orders')).toBe(false);
    expect(await world.kube.get(kafkaTopics, key)).toBeNull();
  });

  it('leaves its topic with deletionPolicy Retain', async () => {
    await reconciled({ deletionPolicy: 'Retain' });
    await world.kube.remove(kafkaTopics, key);
    await world.topics.reconcile(key);
    expect(world.kafka.topics.has('orders')).toBe(true);
    expect(await world.kube.get(kafkaTopics, key)).toBeNull();
  });

  it('goes although its cluster is gone', async () => {
    await reconciled({});
    await world.kube.remove(kafkaClusters, demo);
    await world.kube.remove(kafkaTopics, key);
    await world.topics.reconcile(key);
    expect(await world.kube.get(kafkaTopics, key)).toBeNull();
  });
});
