import { describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../broker/model/error-codes.ts';
import { deleteTopics } from '../../broker/protocol/messages/delete-topics.ts';
import { metadata } from '../../broker/protocol/messages/metadata.ts';
import { ZERO_UUID } from '../../broker/protocol/wire/uuid.ts';
import { brokerPath, paths } from '../../broker/zookeeper/paths.ts';
import { encodeBrokerRegistration } from '../../broker/zookeeper/znodes/broker-registration.ts';
import {
  askForTopic,
  batchOf,
  fetchFrom,
  makeTopic,
  newTopic,
  offsetAt,
  only,
  produceTo,
  valuesFrom,
} from '../support/requests.ts';
import type { TestBroker } from '../support/test-broker.ts';
import { testClusters } from '../support/test-cluster.ts';

const open = testClusters();

function registered(broker: TestBroker, count: number): Promise<unknown> {
  return broker.log.find(() => broker.log.withMessage('broker registered').length >= count);
}

describe('three brokers on one ZooKeeper', () => {
  it('know each other, and have one controller', async () => {
    const cluster = await open();
    const [first, second, third] = await cluster.start(3);
    const client = await first?.connect();
    const answer = await client?.send(metadata, 12, { ...metadata.request.initial, topics: null });
    expect(answer?.brokers.map(({ nodeId, port }) => [nodeId, port])).toEqual([
      [0, first?.port],
      [1, second?.port],
      [2, third?.port],
    ]);
    expect(answer?.controllerId).toBe(0);
  });

  it('all know a topic when the answer says that it is there, and none when it is gone', async () => {
    const cluster = await open();
    const brokers = await cluster.start(3);
    const [controller, ...others] = await Promise.all(brokers.map((broker) => broker.connect()));
    if (controller === undefined) throw new Error('no client');
    const seenBy = async (client: BrokerConnection, name: string): Promise<number> => {
      const request = { ...metadata.request.initial, allowAutoTopicCreation: false };
      const topics = [{ topicId: ZERO_UUID, name }];
      const answer = await client.send(metadata, 12, { ...request, topics });
      return only(answer.topics).errorCode;
    };
    for (let round = 0; round < 20; round += 1) {
      const name = `orders-${String(round)}`;
      await makeTopic(controller, name);
      const codes = await Promise.all(others.map((client) => seenBy(client, name)));
      expect(codes).toEqual([ErrorCodes.NONE, ErrorCodes.NONE]);
      const topics = [{ topicId: ZERO_UUID, name }];
      await controller.send(deleteTopics, 6, { topics, topicNames: [], timeoutMs: 10_000 });
      const gone = await Promise.all(others.map((client) => seenBy(client, name)));
      expect(gone).toEqual(Array(2).fill(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION));
    }
  });

  it('lead partitions in turn; who does not lead says so', async () => {
    const cluster = await open();
    const brokers = await cluster.start(3);
    const clients = await Promise.all(brokers.map((broker) => broker.connect()));
    const [controller, other] = clients;
    if (controller === undefined || other === undefined) throw new Error('no clients');
    const refused = await askForTopic(other, newTopic('orders'));
    expect(refused.errorCode).toBe(ErrorCodes.NOT_CONTROLLER);
    const brokerIds = [0, 1, 2];
    await makeTopic(controller, 'orders', {
      numPartitions: -1,
      replicationFactor: -1,
      assignments: brokerIds.map((id) => ({ partitionIndex: id, brokerIds: [id] })),
    });
    const wrong = ErrorCodes.NOT_LEADER_OR_FOLLOWER;
    for (const [id, client] of clients.entries()) {
      const partition = id;
      const mine = await until(
        () => produceTo(client, 'orders', batchOf([`to ${String(id)}`]), { partition }),
        ({ errorCode }) => errorCode === 0,
      );
      expect(mine.baseOffset).toBe(0n);
      expect(await valuesFrom(client, 'orders', { partition })).toEqual([`to ${String(id)}`]);
      const elsewhere = (partition + 1) % 3;
      const produced = await until(
        () => produceTo(client, 'orders', batchOf(['x']), { partition: elsewhere }),
        ({ errorCode }) => errorCode === wrong,
      );
      expect(produced.errorCode).toBe(wrong);
      expect((await fetchFrom(client, 'orders', { partition: elsewhere })).errorCode).toBe(wrong);
    }
    expect((await offsetAt(other, 'orders', -1n)).errorCode).toBe(wrong);
  });

  it('have another controller when theirs stops', async () => {
    const cluster = await open();
    const [first, second] = await cluster.start(3);
    await first?.stop();
    const client = await second?.connect();
    if (client === undefined) throw new Error('no client');
    const isNew = (id: number): boolean => id === 1 || id === 2;
    const answer = await until(
      () => client.send(metadata, 12, { ...metadata.request.initial, topics: null }),
      ({ controllerId, brokers }) => isNew(controllerId) && brokers.length === 2,
    );
    expect(isNew(answer.controllerId)).toBe(true);
  });
});

describe('a broker whose ZooKeeper session expires', () => {
  it('goes on serving, registers anew with a higher epoch, and is the controller again', async () => {
    const cluster = await open();
    const [broker] = await cluster.start(1);
    if (broker === undefined) throw new Error('no broker');
    const client = await broker.connect();
    await makeTopic(client, 'orders');
    await produceTo(client, 'orders', batchOf(['before']));
    const epoch = (await cluster.session.exists(brokerPath(0)))?.czxid ?? 0;
    await cluster.expire(0);
    await registered(broker, 2);
    expect(await valuesFrom(client, 'orders')).toEqual(['before']);
    expect((await cluster.session.exists(brokerPath(0)))?.czxid).toBeGreaterThan(epoch);
    await until(
      () => askForTopic(client, newTopic('more')),
      ({ errorCode }) => errorCode === 0 || errorCode === ErrorCodes.TOPIC_ALREADY_EXISTS,
    );
    const produced = await until(
      () => produceTo(client, 'orders', batchOf(['after'])),
      ({ errorCode }) => errorCode === 0,
    );
    expect(produced.baseOffset).toBe(1n);
    expect(broker.fatal).toEqual([]);
  });

  it('does so again and again', async () => {
    const cluster = await open();
    const [broker] = await cluster.start(1);
    if (broker === undefined) throw new Error('no broker');
    for (let count = 2; count <= 5; count += 1) {
      await cluster.expire(0);
      await registered(broker, count);
    }
    expect(await cluster.session.exists(brokerPath(0))).not.toBeNull();
    expect(broker.fatal).toEqual([]);
  });

  it('ends when another broker has taken its id meanwhile', async () => {
    const cluster = await open();
    const [broker] = await cluster.start(1);
    if (broker === undefined) throw new Error('no broker');
    const owner = (await cluster.session.exists(brokerPath(0)))?.ephemeralOwner ?? '';
    const expired = cluster.store.expire(owner);
    const taken = cluster.session.create(brokerPath(0), registrationOf('elsewhere', 1), {
      ephemeral: true,
    });
    await Promise.all([expired, taken]);
    await until(
      () => valuesFromNothing(cluster.session.exists(paths.brokerIds)),
      () => broker.fatal.length > 0,
    );
    expect(String(broker.fatal[0])).toMatch(/broker.id 0 is in use/);
  });
});

describe('a broker that starts', () => {
  it('refuses an id that is in use, with a line that says by whom', async () => {
    const cluster = await open();
    const [first] = await cluster.start(1);
    const second = cluster.make(0);
    await expect(second.broker.start()).rejects.toThrow(
      new RegExp(
        `broker.id 0 is in use: /brokers/ids/0 is registered with PLAINTEXT://127.0.0.1:${String(first?.port)}`,
      ),
    );
  });

  it('takes away what an earlier life of it left behind', async () => {
    const cluster = await open();
    const left = registrationOf('127.0.0.1', 29_092);
    await cluster.session.create('/brokers', null);
    await cluster.session.create('/brokers/ids', null);
    await cluster.session.create(brokerPath(0), left, { ephemeral: true });
    const broker = cluster.make(0, {
      properties: { 'advertised.listeners': 'PLAINTEXT://127.0.0.1:29092' },
    });
    await broker.broker.start();
    expect(
      broker.log.withMessage('an earlier registration of this broker is removed'),
    ).toHaveLength(1);
    expect((await cluster.session.exists(brokerPath(0)))?.ephemeralOwner).not.toBe(
      cluster.session.id,
    );
  });

  it('fails with the reason when its address cannot be had, and leaves clean logs', async () => {
    const cluster = await open();
    const [first] = await cluster.start(1);
    if (first === undefined) throw new Error('no broker');
    const listeners = `PLAINTEXT://127.0.0.1:${String(first.port)}`;
    const second = cluster.make(1, { properties: { listeners } });
    await expect(second.broker.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(await second.fileSystem.list('/data')).toContain('.kafka_cleanshutdown');
  });

  it.each([
    ['127.0.0.1', 1, /connection refused/],
    ['no-such-name.invalid', 9092, /no-such-name\.invalid cannot be resolved/],
  ])('says that %s:%i does not lead back to it', async (host, port, words) => {
    const cluster = await open();
    const listeners = `PLAINTEXT://${host}:${String(port)}`;
    const broker = cluster.make(0, { properties: { 'advertised.listeners': listeners } });
    await broker.broker.start();
    const line = await broker.log.find(({ message }) => message.includes('does not lead back'));
    expect(line.level).toBe('error');
    expect(line.message).toMatch(words);
    expect(line.message).toContain(
      `advertised.listeners ${listeners} does not lead back to broker 0`,
    );
    expect(line.message).toContain('Broker may not be available');
  });

  it('says when another broker answers there, of its cluster or of another', async () => {
    const cluster = await open();
    const [first] = await cluster.start(1);
    const toFirst = { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${String(first?.port)}` };
    const second = cluster.make(1, { properties: toFirst });
    // Its start does not end: the controller cannot tell it anything at that address.
    void second.broker.start();
    const here = await second.log.find(({ message }) => message.includes('does not lead back'));
    expect(here.message).toContain('another broker of the cluster answers there');
    const other = await open();
    const foreign = other.make(1, { properties: toFirst });
    void foreign.broker.start();
    const there = await foreign.log.find(({ message }) => message.includes('does not lead back'));
    expect(there.message).toContain('a broker of another cluster');
  });
});

/** Asks until the answer is the one waited for; each question goes through a broker and back. */
async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let count = 0; count < 3000 && !isWanted(answer); count += 1) answer = await ask();
  return answer;
}

async function valuesFromNothing(promise: Promise<unknown>): Promise<null> {
  await promise;
  return null;
}

function registrationOf(host: string, port: number): Buffer {
  return encodeBrokerRegistration({
    version: 5,
    endpoints: [{ listenerName: 'PLAINTEXT', host, port, securityProtocol: 'PLAINTEXT' }],
    rack: null,
    jmxPort: -1,
    timestampMs: 0,
  });
}
