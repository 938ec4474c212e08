import { beforeEach, describe, expect, it } from '@jest/globals';

import { ConnectionError } from '../../../broker/client/broker-connection.ts';
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

  it('looks again where a broker does not show yet what it has made itself', async () => {
    world.kafka.stale.set('orders', null);
    const waiting = { status: 'False', reason: expect.stringMatching(/^WaitingFor/) };
    expect(await reconciled({ partitions: 3 })).toMatchObject(waiting);
    expect(await reconciled({ partitions: 3 })).toMatchObject(waiting);
    world.kafka.stale.clear();
    expect(await reconciled({ partitions: 3 })).toMatchObject({ status: 'True' });
  });

  it('looks again where a broker does not show yet the partitions it has added', async () => {
    await reconciled({ partitions: 3 });
    world.kafka.stale.set('orders', { partitions: 3, config: new Map() });
    const waiting = { status: 'False', reason: expect.stringMatching(/^WaitingFor/) };
    expect(await reconciled({ partitions: 5 })).toMatchObject(waiting);
    expect(await reconciled({ partitions: 5 })).toMatchObject(waiting);
    world.kafka.stale.clear();
    expect(await reconciled({ partitions: 5 })).toMatchObject({ status: 'True' });
  });

  it('is made once a topic of its name that is being deleted is gone', async () => {
    world.kafka.topics.set('orders', { partitions: 9, config: new Map() });
    world.kafka.stale.set('orders', null);
    expect(await reconciled({ partitions: 3 })).toMatchObject({
      status: 'False',
      reason: 'WaitingForBrokers',
      message:
        'Waiting: Kafka says TOPIC_ALREADY_EXISTS, of what it does not show yet: it is being made, or deleted',
    });
    const object = await world.kube.get(kafkaTopics, key);
    expect(object?.status).not.toHaveProperty('topicName');
    world.kafka.topics.clear();
    world.kafka.stale.clear();
    expect(await reconciled({ partitions: 3 })).toMatchObject({ status: 'True' });
    expect(world.kafka.topics.get('orders')?.partitions).toBe(3);
  });

  it.each([ErrorCodes.NOT_CONTROLLER, ErrorCodes.REQUEST_TIMED_OUT])(
    'is not stalled by code %i, which passes by itself',
    async (code) => {
      world.kafka.refusal = new KafkaError(code);
      expect(await reconciled({})).toMatchObject({ status: 'False', reason: 'WaitingForBrokers' });
      world.kafka.refusal = null;
      expect(await reconciled({})).toMatchObject({ status: 'True' });
    },
  );

  it('says why no broker can be asked, and goes on once one can', async () => {
    world.kafka.outage = new ConnectionError('broker 0 at 10.0.0.1:9091: the connection was lost');
    expect(await reconciled({})).toMatchObject({
      status: 'False',
      reason: 'ClusterNotReady',
      message:
        'The brokers of demo do not answer: broker 0 at 10.0.0.1:9091: the connection was lost',
    });
    world.kafka.outage = null;
    expect(await reconciled({})).toMatchObject({ status: 'True' });
    expect(world.kafka.open).toBe(0);
  });

  it('has its configuration repaired although another change is refused', async () => {
    await reconciled({ retention: { time: '1h' } });
    world.kafka.topics.set('orders', { partitions: 9, config: new Map([['retention.ms', '5']]) });
    expect(await reconciled({ partitions: 3, retention: { time: '1h' } })).toMatchObject({
      status: 'False',
      reason: 'ChangeRefused',
      message:
        'spec.partitions: 3 is not allowed; allowed: at least 9, partitions are never removed',
    });
    expect(world.kafka.topics.get('orders')?.config.get('retention.ms')).toBe('3600000');
  });

  it('gets a topic only when an older resource that takes the topic with it is gone', async () => {
    expect(await reconciled({ topicName: 'shared' }, 'older')).toMatchObject({ status: 'True' });
    await world.time.advance(5000);
    await world.kube.remove(kafkaTopics, { ...key, name: 'older' });
    expect(await reconciled({ topicName: 'shared' }, 'newer')).toMatchObject({
      reason: 'ResourceConflict',
    });
    await world.topics.reconcile({ ...key, name: 'older' });
    expect(world.kafka.topics.has('shared')).toBe(false);
    expect(await reconciled({ topicName: 'shared' }, 'newer')).toMatchObject({ status: 'True' });
    expect(world.kafka.topics.has('shared')).toBe(true);
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
