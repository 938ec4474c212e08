/**
 * kafkajs reads answers in our encoding, and we read its requests. With UPDATE_GOLDEN=1 its requests
 * are written to test/golden/protocol/kafkajs.json.
 */

import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { Kafka } from 'kafkajs';
import { kafkajsRoutes, TOPIC } from './kafkajs-routes.ts';
import type { Script } from './kafkajs-routes.ts';
import { ScriptedBroker } from './scripted-broker.ts';

const captured: object[] = [];

describe('kafkajs', () => {
  let broker: ScriptedBroker;
  let kafka: Kafka;
  let script: Script;

  beforeEach(async () => {
    script = { batch: Buffer.alloc(0), recordCount: 0, isDraining: false };
    broker = await ScriptedBroker.start((port) => kafkajsRoutes(port, script));
    kafka = new kafkajs.Kafka({
      clientId: 'golden-client',
      brokers: [`127.0.0.1:${String(broker.port)}`],
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 1, initialRetryTime: 1 },
    });
  });

  afterEach(async () => {
    await broker.stop();
    captured.push(...broker.recorded.map((entry) => ({ client: 'kafkajs 2.2.4', ...entry })));
    if (process.env['UPDATE_GOLDEN'] === '1') {
      const lines = captured.map((entry) => JSON.stringify(entry)).join(',\n');
      writeFileSync(
        new URL('../../golden/protocol/kafkajs.json', import.meta.url),
        `[\n${lines}\n]\n`,
      );
    }
  });

  it('produces, as an ordinary and as an idempotent producer', async () => {
    for (const idempotent of [false, true]) {
      const producer = kafka.producer({ idempotent });
      await producer.connect();
      const [answer] = await producer.send({
        topic: TOPIC,
        acks: -1,
        messages: [{ key: 'k1', value: 'v1', headers: { h: 'x' } }, { value: null }],
      });
      expect(answer).toMatchObject({ topicName: TOPIC, partition: 0, errorCode: 0 });
      await producer.disconnect();
    }
  });

  it('consumes in a group, commits and leaves', async () => {
    const producer = kafka.producer();
    await producer.connect();
    const messages = ['first', 'second'].map((value) => ({ value }));
    await producer.send({ topic: TOPIC, messages });
    await producer.disconnect();
    script.recordCount = messages.length;

    const consumer = kafka.consumer({ groupId: 'g', heartbeatInterval: 1 });
    await consumer.connect();
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    const received: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({ message }: kafkajs.EachMessagePayload): Promise<void> => {
        received.push(String(message.value));
        if (received.length < messages.length) return;
        const next = String(messages.length);
        await consumer.commitOffsets([{ topic: TOPIC, partition: 0, offset: next }]);
        resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    script.isDraining = true;
    const stopped = consumer.disconnect();
    broker.drain();
    await stopped;

    expect(received).toEqual(['first', 'second']);
    const keys = new Set(broker.recorded.map(({ apiKey }) => apiKey));
    expect([...keys]).toEqual(expect.arrayContaining([0, 1, 2, 3, 8, 9, 10, 11, 13, 14, 18]));
  });

  it('administers topics, configurations and groups', async () => {
    script.recordCount = 5;
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = [{ name: 'retention.ms', value: '60000' }];
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: TOPIC };

    expect(
      await admin.createTopics({
        topics: [{ topic: TOPIC, numPartitions: 1, replicationFactor: 1, configEntries }],
        waitForLeaders: false,
      }),
    ).toBe(true);
    expect(await admin.listTopics()).toEqual([TOPIC]);
    expect(await admin.describeCluster()).toMatchObject({ clusterId: 'golden-cluster' });
    expect(await admin.fetchTopicOffsets(TOPIC)).toMatchObject([{ low: '0', high: '5' }]);
    const described = await admin.describeConfigs({
      resources: [{ ...resource, configNames: ['retention.ms'] }],
      includeSynonyms: true,
    });
    expect(described.resources[0]?.configEntries[0]).toMatchObject({ configValue: '60000' });
    await admin.alterConfigs({ validateOnly: true, resources: [{ ...resource, configEntries }] });
    await admin.createPartitions({ topicPartitions: [{ topic: TOPIC, count: 2 }] });
    await admin.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition: 0, offset: '3' }] });
    expect((await admin.listGroups()).groups).toEqual([{ groupId: 'g', protocolType: 'consumer' }]);
    expect((await admin.describeGroups(['g'])).groups[0]).toMatchObject({ state: 'Empty' });
    expect(await admin.fetchOffsets({ groupId: 'g', topics: [TOPIC] })).toMatchObject([
      { topic: TOPIC, partitions: [{ partition: 0, offset: '-1' }] },
    ]);
    expect(await admin.deleteGroups(['g'])).toMatchObject([{ groupId: 'g', errorCode: 0 }]);
    expect(await admin.listPartitionReassignments({})).toMatchObject({ topics: [] });
    await admin.deleteTopics({ topics: [TOPIC] });
    await admin.disconnect();
  });
});
