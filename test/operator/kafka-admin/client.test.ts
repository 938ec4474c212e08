import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import { nodeSockets } from '../../../broker/platform/node-sockets.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import { apiVersions } from '../../../broker/protocol/messages/api-versions.ts';
import { createTopics } from '../../../broker/protocol/messages/create-topics.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import { kafkaAdminFactory } from '../../../operator/kafka-admin/client.ts';
import type { AdminBroker, KafkaAdmin } from '../../../operator/kafka-admin/port.ts';
import { ScriptedBroker, route } from '../../broker/protocol/scripted-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

const host = '127.0.0.1';
const opened: { close(): Promise<void> }[] = [];
const factory = kafkaAdminFactory(nodeSockets, systemTimers);

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

function adminOf(brokers: readonly AdminBroker[]): KafkaAdmin {
  const admin = factory(brokers);
  opened.push(admin);
  return admin;
}

const plain = { partitions: 2, replicationFactor: 1, config: {} };

function errorOf(code: number, message?: string): object {
  return expect.objectContaining({ code, ...(message === undefined ? {} : { message }) });
}

describe('The admin client with a broker', () => {
  const start = testBrokers();
  const connected = async (): Promise<KafkaAdmin> => {
    const { port } = await start({ properties: { 'num.partitions': '3' } });
    return adminOf([{ id: 0, host, port }]);
  };

  it('describes the cluster', async () => {
    const admin = await connected();
    expect(await admin.describeCluster()).toEqual({
      clusterId: expect.stringMatching(/^[\w-]{22}$/),
      controllerId: 0,
      brokerIds: [0],
    });
  });

  it('creates topics and describes them', async () => {
    const admin = await connected();
    const defaults = { name: 'defaults', partitions: -1, replicationFactor: -1, config: {} };
    const topics = [{ ...plain, name: 'orders', config: { 'retention.ms': '5000' } }, defaults];
    expect(await admin.createTopics(topics)).toEqual(
      new Map([
        ['orders', 'done'],
        ['defaults', 'done'],
      ]),
    );
    const described = await admin.metadata(['orders', 'defaults']);
    const partition = { leader: 0, replicas: [0], isr: [0] };
    expect(described.get('orders')).toEqual({
      name: 'orders',
      topicId: expect.stringMatching(/^[\w-]{22}$/),
      partitions: [
        { partition: 0, ...partition },
        { partition: 1, ...partition },
      ],
    });
    expect(described.get('defaults')).toMatchObject({ partitions: { length: 3 } });
  });

  it('answers for each topic: one that is refused hides no other', async () => {
    const admin = await connected();
    await admin.createTopics([{ ...plain, name: 'there' }]);
    const answers = await admin.createTopics([
      { ...plain, name: 'there' },
      { ...plain, name: 'bad name' },
      { ...plain, name: 'misconfigured', config: { 'retention.ms': 'long' } },
      { ...plain, name: 'replicated', replicationFactor: 3 },
      { ...plain, name: 'good' },
    ]);
    expect(answers.get('good')).toBe('done');
    const { TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_CONFIG } = ErrorCodes;
    expect(answers.get('there')).toEqual(
      errorOf(TOPIC_ALREADY_EXISTS, "Topic 'there' already exists."),
    );
    expect(answers.get('bad name')).toEqual(errorOf(INVALID_TOPIC_EXCEPTION));
    expect(answers.get('misconfigured')).toEqual(
      errorOf(
        INVALID_CONFIG,
        'Invalid value long for configuration retention.ms: Not a number of type LONG',
      ),
    );
    expect(answers.get('replicated')).toEqual(errorOf(ErrorCodes.INVALID_REPLICATION_FACTOR));
  });

  it('deletes topics', async () => {
    const admin = await connected();
    await admin.createTopics([{ ...plain, name: 'orders' }]);
    const unknown = errorOf(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    expect(await admin.deleteTopics(['orders', 'nothing'])).toEqual(
      new Map<string, unknown>([
        ['orders', 'done'],
        ['nothing', unknown],
      ]),
    );
    expect(await admin.metadata(['orders'])).toEqual(new Map([['orders', unknown]]));
    expect(await admin.describeConfigs(['orders'])).toEqual(new Map([['orders', unknown]]));
  });

  it('creates nothing by asking for it', async () => {
    const admin = await connected();
    await admin.metadata(['nothing']);
    expect((await admin.deleteTopics(['nothing'])).get('nothing')).toBeInstanceOf(KafkaError);
  });

  it('adds partitions', async () => {
    const admin = await connected();
    await admin.createTopics([{ ...plain, name: 'orders' }]);
    const grown = await admin.createPartitions(
      new Map([
        ['orders', 4],
        ['nothing', 4],
      ]),
    );
    expect(grown.get('orders')).toBe('done');
    expect(grown.get('nothing')).toEqual(errorOf(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION));
    expect((await admin.metadata(['orders'])).get('orders')).toMatchObject({
      partitions: { length: 4 },
    });
    expect(await admin.createPartitions(new Map([['orders', 3]]))).toEqual(
      new Map([
        [
          'orders',
          errorOf(
            ErrorCodes.INVALID_PARTITIONS,
            'Topic currently has 4 partitions, which is higher than the requested 3.',
          ),
        ],
      ]),
    );
  });

  it('sets and unsets configuration, and tells what is the topic\'s own', async () => {
    const admin = await connected();
    const ownOf = async (): Promise<unknown> => {
      const entries = (await admin.describeConfigs(['orders'])).get('orders');
      return Array.isArray(entries) ? entries.filter(({ own }) => own) : entries;
    };
    await admin.createTopics([{ ...plain, name: 'orders', config: { 'segment.ms': '9000' } }]);
    const changes = [
      { key: 'retention.ms', value: '5000' },
      { key: 'segment.ms', value: null },
    ];
    expect(await admin.incrementalAlterConfigs(new Map([['orders', changes]]))).toEqual(
      new Map([['orders', 'done']]),
    );
    expect(await ownOf()).toEqual([{ key: 'retention.ms', value: '5000', own: true }]);
    const refused = await admin.incrementalAlterConfigs(
      new Map([
        ['orders', [{ key: 'cleanup.policy', value: 'burn' }]],
        ['nothing', [{ key: 'retention.ms', value: '1' }]],
      ]),
    );
    expect(refused.get('orders')).toEqual(errorOf(ErrorCodes.INVALID_CONFIG));
    expect(refused.get('nothing')).toEqual(errorOf(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION));
    expect(await ownOf()).toEqual([{ key: 'retention.ms', value: '5000', own: true }]);
  });

  it('asks the next broker where one is unreachable', async () => {
    const { port } = await start();
    const admin = adminOf([
      { id: 1, host, port: await unusedPort() },
      { id: 0, host, port },
    ]);
    expect(await admin.describeCluster()).toMatchObject({ controllerId: 0 });
    expect(await admin.createTopics([{ ...plain, name: 'orders' }])).toEqual(
      new Map([['orders', 'done']]),
    );
  });

  it('connects again after a broker was restarted', async () => {
    const before = await start();
    const { port } = before;
    const admin = adminOf([{ id: 0, host, port }]);
    await admin.describeCluster();
    await before.stop();
    await expect(admin.describeCluster()).rejects.toThrow(/broker 0 .*ECONNREFUSED/);
    await start({ properties: { listeners: `PLAINTEXT://${host}:${String(port)}` } });
    expect(await admin.describeCluster()).toMatchObject({ brokerIds: [0] });
  });
});
