import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import { nodeSockets } from '../../../broker/platform/node-sockets.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import { apiVersions } from '../../../broker/protocol/messages/api-versions.ts';
import { createTopics } from '../../../broker/protocol/messages/create-topics.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import { kafkaAdminFactory } from '../../../operator/kafka-admin/client.ts';
import type { AdminBroker, KafkaAdmin } from '../../../operator/kafka-admin/port.ts';
import { ScriptedBroker, route } from '../../broker/protocol/scripted-broker.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { testBrokers } from '../../support/test-broker.ts';
import { testClusters } from '../../support/test-cluster.ts';

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
        "Invalid config value for resource ConfigResource(type=TOPIC, name='misconfigured'): Invalid value long for configuration retention.ms: Not a number of type LONG",
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

  it("sets and unsets configuration, and tells what is the topic's own", async () => {
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

  it('connects again after a connection was lost', async () => {
    const { port } = await start();
    const proxy = await TcpProxy.start({ host, port });
    opened.push({ close: () => proxy.stop() });
    const admin = adminOf([{ id: 0, host, port: proxy.port }]);
    await admin.describeCluster();
    proxy.cut();
    await expect(admin.describeCluster()).rejects.toThrow(
      `broker 0 at ${host}:${String(proxy.port)}: the connection was lost`,
    );
    proxy.heal();
    expect(await admin.describeCluster()).toMatchObject({ brokerIds: [0] });
  });
});

describe('The admin client with several brokers', () => {
  const open = testClusters();
  const connected = async (): Promise<readonly AdminBroker[]> => {
    const brokers = await (await open()).start(2);
    return brokers.map(({ port }, id) => ({ id, host, port }));
  };

  it('has the controller make changes, whichever broker it knows first', async () => {
    const [controller, other] = await connected();
    const admin = adminOf([other, controller].filter((each) => each !== undefined));
    expect(await admin.createTopics([{ ...plain, name: 'orders' }])).toEqual(
      new Map([['orders', 'done']]),
    );
    expect((await admin.metadata(['orders'])).get('orders')).toMatchObject({ name: 'orders' });
    expect((await admin.createPartitions(new Map([['orders', 5]]))).get('orders')).toBe('done');
    expect((await admin.metadata(['orders'])).get('orders')).toMatchObject({
      partitions: { length: 5 },
    });
  });

  it('asks again who the controller is where it is no longer', async () => {
    const brokers = await connected();
    const stale = await scripted({ controllerId: 1 });
    const admin = adminOf([{ id: 9, host, port: stale.port }, ...brokers]);
    expect(await admin.createTopics([{ ...plain, name: 'orders' }])).toEqual(
      new Map([['orders', 'done']]),
    );
  });

  it('says what the brokers say if nobody is the controller after all', async () => {
    const stale = await scripted({ controllerId: 9 });
    const admin = adminOf([{ id: 9, host, port: stale.port }]);
    expect(await admin.createTopics([{ ...plain, name: 'orders' }])).toEqual(
      new Map([['orders', errorOf(ErrorCodes.NOT_CONTROLLER)]]),
    );
  });

  it('believes the controller, not a broker that has not heard of a topic yet', async () => {
    const brokers = await connected();
    await adminOf(brokers).createTopics([{ ...plain, name: 'orders' }]);
    const stale = await scripted({ controllerId: 0 });
    const admin = adminOf([{ id: 9, host, port: stale.port }, ...brokers]);
    expect((await admin.metadata(['orders'])).get('orders')).toMatchObject({ name: 'orders' });
    expect((await admin.describeConfigs(['orders'])).get('orders')).toBeInstanceOf(Array);
  });

  it.each([
    [-1, 'the brokers have not elected a controller'],
    [7, 'broker 7, the controller, is not ready'],
  ])('changes nothing while the controller is %i', async (controllerId, message) => {
    const broker = await scripted({ controllerId });
    const admin = adminOf([{ id: 9, host, port: broker.port }]);
    await expect(admin.createTopics([{ ...plain, name: 'orders' }])).rejects.toThrow(message);
    expect((await admin.metadata(['orders'])).get('orders')).toEqual(
      errorOf(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION),
    );
  });
});

describe('The admin client says', () => {
  it('that no broker is known', async () => {
    await expect(adminOf([]).describeCluster()).rejects.toThrow('no broker is known');
  });

  it('of each unreachable broker where it was looked for', async () => {
    const ports = [await unusedPort(), await unusedPort()];
    const admin = adminOf(ports.map((port, id) => ({ id, host, port })));
    const said = ports.map(
      (port, id) => `broker ${String(id)} at ${host}:${String(port)}: .*ECONNREFUSED.*`,
    );
    await expect(admin.describeCluster()).rejects.toThrow(new RegExp(`^${said.join('; ')}$`));
  });

  it('that a broker does not answer in time', async () => {
    const time = new ManualTime();
    const port = await peer(() => void time.advance(15_000));
    const admin = kafkaAdminFactory(nodeSockets, time)([{ id: 0, host, port }]);
    opened.push(admin);
    await expect(admin.describeCluster()).rejects.toThrow(
      `no answer to ApiVersions v0 from ${host}:${String(port)} in 15000 ms`,
    );
  });

  it.each([
    [
      'speaks HTTP',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'an answer of 1213486160 bytes: who answers does not speak the Kafka protocol',
    ],
    ['answers nonsense', '\0\0\0\u0008nonsense', 'an answer to unknown request'],
    ['answers too little', '\0\0\0\u0004\0\0\0\0', 'an answer to ApiVersions cannot be read'],
    ['hangs up', '', 'the connection was lost'],
  ])('that a peer that %s is no broker', async (_, answer, message) => {
    const port = await peer((socket) => {
      if (answer === '') socket.destroy();
      else socket.write(answer);
    });
    const where = `broker 0 at ${host}:${String(port)}`;
    await expect(adminOf([{ id: 0, host, port }]).describeCluster()).rejects.toThrow(
      `${where}: ${message}`,
    );
  });
});

/** A broker that knows who the controller is, wrongly perhaps, and nothing else. */
async function scripted({ controllerId }: { controllerId: number }): Promise<ScriptedBroker> {
  const routes = [
    route(apiVersions, () => ({
      errorCode: 0,
      apiKeys: [apiVersions, metadata, createTopics].map(({ key, versions }) => ({
        apiKey: key,
        minVersion: versions[0],
        maxVersion: versions[1],
      })),
      throttleTimeMs: 0,
      supportedFeatures: [],
      finalizedFeaturesEpoch: -1n,
      finalizedFeatures: [],
      zkMigrationReady: false,
    })),
    route(metadata, ({ topics }) => ({
      throttleTimeMs: 0,
      brokers: [],
      clusterId: 'scripted',
      controllerId,
      topics: (topics ?? []).map(({ name }) => ({
        errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
        name,
        topicId: ZERO_UUID,
        isInternal: false,
        partitions: [],
        topicAuthorizedOperations: 0,
      })),
      clusterAuthorizedOperations: 0,
    })),
    route(createTopics, ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name }) => ({
        name,
        topicId: ZERO_UUID,
        errorCode: ErrorCodes.NOT_CONTROLLER,
        errorMessage: null,
        topicConfigErrorCode: 0,
        numPartitions: -1,
        replicationFactor: -1,
        configs: [],
      })),
    })),
  ];
  const broker = await ScriptedBroker.start(() => routes);
  opened.push({ close: () => broker.stop() });
  return broker;
}

/** Listens, and calls `answer` when the first bytes come. */
async function peer(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => answer(socket));
  });
  const port = await listening(server);
  opened.push({ close: async () => closed(server) });
  return port;
}

/** A port where nobody listens any more. */
async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await closed(server);
  return port;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  return address.port;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
