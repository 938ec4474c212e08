import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { createPartitions } from '../../../broker/protocol/messages/create-partitions.ts';
import { createTopics } from '../../../broker/protocol/messages/create-topics.ts';
import { deleteTopics } from '../../../broker/protocol/messages/delete-topics.ts';
import { describeCluster } from '../../../broker/protocol/messages/describe-cluster.ts';
import { describeConfigs } from '../../../broker/protocol/messages/describe-configs.ts';
import { incrementalAlterConfigs } from '../../../broker/protocol/messages/incremental-alter-configs.ts';
import { metadata } from '../../../broker/protocol/messages/metadata.ts';
import type { ResponseOf } from '../../../broker/protocol/schema/api.ts';
import { ZERO_UUID } from '../../../broker/protocol/wire/uuid.ts';
import {
  askForTopic,
  batchOf,
  fetchFrom,
  makeTopic,
  newTopic,
  only,
  produceTo,
  valuesFrom,
} from '../../support/requests.ts';
import type { TestBroker } from '../../support/test-broker.ts';
import { testBrokers } from '../../support/test-broker.ts';

type TopicMetadata = ResponseOf<typeof metadata>['topics'][number];

const start = testBrokers();
let broker: TestBroker;
let client: BrokerConnection;

beforeEach(async () => {
  broker = await start();
  client = await broker.connect();
});

async function describeTopic(name: string, mayCreate = false): Promise<TopicMetadata> {
  const answer = await client.send(metadata, 12, {
    ...metadata.request.initial,
    topics: [{ name, topicId: ZERO_UUID }],
    allowAutoTopicCreation: mayCreate,
  });
  return only(answer.topics);
}

async function remove(name: string, timeoutMs = 10_000): Promise<number> {
  const answer = await client.send(deleteTopics, 6, {
    ...deleteTopics.request.initial,
    topics: [{ name, topicId: ZERO_UUID }],
    timeoutMs,
  });
  return only(answer.responses).errorCode;
}

describe('creating topics', () => {
  it('answers when every partition has a leader, with the id that metadata shows', async () => {
    const created = await makeTopic(client, 'orders', { numPartitions: 3 });
    expect(created).toMatchObject({ numPartitions: 3, replicationFactor: 1 });
    const { partitions, topicId, isInternal } = await describeTopic('orders');
    expect(topicId).toBe(created.topicId);
    expect(isInternal).toBe(false);
    expect(
      partitions.map(({ leaderId, replicaNodes, isrNodes }) => [leaderId, replicaNodes, isrNodes]),
    ).toEqual([
      [0, [0], [0]],
      [0, [0], [0]],
      [0, [0], [0]],
    ]);
    expect(
      await askForTopic(client, newTopic('defaults', { numPartitions: -1, replicationFactor: -1 })),
    ).toMatchObject({ errorCode: 0, numPartitions: 1, replicationFactor: 1 });
  });

  const invalid: readonly (readonly [string, Parameters<typeof newTopic>, number, RegExp])[] = [
    ['an empty name', [''], ErrorCodes.INVALID_TOPIC_EXCEPTION, /name/i],
    ['a name with a slash', ['a/b'], ErrorCodes.INVALID_TOPIC_EXCEPTION, /a\/b/],
    ['the name of the folder above', ['..'], ErrorCodes.INVALID_TOPIC_EXCEPTION, /\.\./],
    ['a name that is too long', ['x'.repeat(250)], ErrorCodes.INVALID_TOPIC_EXCEPTION, /249/],
    ['no partitions', ['t', { numPartitions: 0 }], ErrorCodes.INVALID_PARTITIONS, /partition/i],
    [
      'less than no partitions',
      ['t', { numPartitions: -2 }],
      ErrorCodes.INVALID_PARTITIONS,
      /partition/i,
    ],
    [
      'millions of partitions',
      ['t', { numPartitions: 5_000_000 }],
      ErrorCodes.INVALID_PARTITIONS,
      /5000000 partitions: at most 10000 are allowed/,
    ],
    [
      'too many partitions with an assignment',
      ['t', assigned(...Array.from({ length: 10_001 }, (_, index) => [index, [0]] as const))],
      ErrorCodes.INVALID_PARTITIONS,
      /10001 partitions: at most 10000 are allowed/,
    ],
    [
      'no replicas',
      ['t', { replicationFactor: 0 }],
      ErrorCodes.INVALID_REPLICATION_FACTOR,
      /larger than 0/i,
    ],
    [
      'more replicas than brokers',
      ['t', { replicationFactor: 2 }],
      ErrorCodes.INVALID_REPLICATION_FACTOR,
      /Replication factor: 2 larger than available brokers: 1/,
    ],
    [
      'an unknown key',
      ['t', { configs: [{ name: 'no.such.key', value: '1' }] }],
      ErrorCodes.INVALID_CONFIG,
      /no\.such\.key/,
    ],
    [
      'a bad value',
      ['t', { configs: [{ name: 'retention.ms', value: 'soon' }] }],
      ErrorCodes.INVALID_CONFIG,
      /retention\.ms/,
    ],
    [
      'no value',
      ['t', { configs: [{ name: 'retention.ms', value: null }] }],
      ErrorCodes.INVALID_CONFIG,
      /retention\.ms/,
    ],
    [
      'a count and an assignment',
      ['t', { assignments: [{ partitionIndex: 0, brokerIds: [0] }] }],
      ErrorCodes.INVALID_REQUEST,
      /both/i,
    ],
    [
      'a broker that is not there',
      ['t', assigned([0, [7]])],
      ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      /7/,
    ],
    [
      'a partition without replicas',
      ['t', assigned([0, []])],
      ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      /0/,
    ],
    [
      'a replica that is there twice',
      ['t', assigned([0, [0, 0]])],
      ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      /duplicate/i,
    ],
    [
      'a gap in the assignment',
      ['t', assigned([1, [0]])],
      ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      /consecutive/,
    ],
    [
      'a partition that is assigned twice',
      ['t', assigned([0, [0]], [0, [0]])],
      ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      /twice/,
    ],
  ];

  it.each(invalid)(
    'refuses %s with a message, and makes nothing',
    async (_, topic, code, words) => {
      const answer = await askForTopic(client, newTopic(...topic));
      expect(answer.errorCode).toBe(code);
      expect(answer.errorMessage).toMatch(words);
      const all = await client.send(metadata, 12, { ...metadata.request.initial, topics: null });
      expect(all.topics).toEqual([]);
      expect(broker.log.alarms).toEqual([]);
    },
  );

  it('refuses a topic that is there, one that collides with it, and one that is asked for twice', async () => {
    await makeTopic(client, 'a.b');
    const again = await askForTopic(client, newTopic('a.b'));
    expect(again).toMatchObject({
      errorCode: ErrorCodes.TOPIC_ALREADY_EXISTS,
      errorMessage: "Topic 'a.b' already exists.",
    });
    const colliding = await askForTopic(client, newTopic('a_b'));
    expect(colliding.errorCode).toBe(ErrorCodes.INVALID_TOPIC_EXCEPTION);
    const twice = await client.send(createTopics, 7, {
      topics: [newTopic('c'), newTopic('c')],
      timeoutMs: 1000,
      validateOnly: false,
    });
    expect(only(twice.topics).errorCode).toBe(ErrorCodes.INVALID_REQUEST);
  });

  it('only checks when it is asked to', async () => {
    const answer = await askForTopic(client, newTopic('checked'), { validateOnly: true });
    expect(answer.errorCode).toBe(0);
    expect((await describeTopic('checked')).errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it('answers REQUEST_TIMED_OUT to who does not wait, and makes the topic all the same', async () => {
    const answer = await askForTopic(client, newTopic('later'), { timeoutMs: 0 });
    expect(answer.errorCode).toBe(ErrorCodes.REQUEST_TIMED_OUT);
    const waiting = fetchFrom(client, 'later');
    await waiting;
    expect((await askForTopic(client, newTopic('later'))).errorCode).toBe(
      ErrorCodes.TOPIC_ALREADY_EXISTS,
    );
  });

  it('on demand answers LEADER_NOT_AVAILABLE first, and then the topic', async () => {
    expect((await describeTopic('wanted', true)).errorCode).toBe(ErrorCodes.LEADER_NOT_AVAILABLE);
    await broker.log.find(({ message }) => message === 'topic created on demand');
    let topic = await describeTopic('wanted', true);
    while (topic.errorCode !== 0) topic = await describeTopic('wanted', true);
    expect(topic.partitions).toHaveLength(1);
    expect((await describeTopic('un/wanted', true)).errorCode).toBe(
      ErrorCodes.INVALID_TOPIC_EXCEPTION,
    );
  });
});

describe('adding partitions', () => {
  async function grow(count: number): Promise<{ errorCode: number; errorMessage: string | null }> {
    const answer = await client.send(createPartitions, 3, {
      topics: [{ name: 'orders', count, assignments: null }],
      timeoutMs: 5000,
      validateOnly: false,
    });
    return only(answer.results);
  }

  it('makes them, and they can be written to; fewer or as many are refused', async () => {
    expect((await grow(2)).errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    await makeTopic(client, 'orders');
    await produceTo(client, 'orders', batchOf(['old']));
    expect(await grow(3)).toMatchObject({ errorCode: 0 });
    expect(await produceTo(client, 'orders', batchOf(['x']), { partition: 2 })).toMatchObject({
      errorCode: 0,
    });
    expect(await valuesFrom(client, 'orders')).toEqual(['old']);
    expect(await grow(3)).toMatchObject({ errorCode: ErrorCodes.INVALID_PARTITIONS });
    expect((await grow(1)).errorMessage).toMatch(/higher than the requested 1/);
    expect(await grow(5_000_000)).toEqual({
      name: 'orders',
      errorCode: ErrorCodes.INVALID_PARTITIONS,
      errorMessage: 'A topic cannot have 5000000 partitions: at most 10000 are allowed.',
    });
  });
});

describe('deleting topics', () => {
  it('is over when metadata shows them no more; the name is free again, and empty', async () => {
    await makeTopic(client, 'orders');
    await produceTo(client, 'orders', batchOf(['old']));
    expect(await remove('orders')).toBe(0);
    expect((await describeTopic('orders')).errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    expect((await produceTo(client, 'orders', batchOf(['x']))).errorCode).toBe(
      ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    );
    for (let created = await askForTopic(client, newTopic('orders')); created.errorCode !== 0;) {
      expect(created.errorCode).toBe(ErrorCodes.TOPIC_ALREADY_EXISTS);
      created = await askForTopic(client, newTopic('orders'));
    }
    expect(await valuesFrom(client, 'orders')).toEqual([]);
  });

  it('wakes a fetch that waits for them', async () => {
    await makeTopic(client, 'orders');
    const other = await broker.connect();
    const fetching = fetchFrom(other, 'orders', { maxWaitMs: 600_000 });
    expect(await remove('orders')).toBe(0);
    expect((await fetching).errorCode).not.toBe(0);
  });

  it('refuses what is not there, by name and by id', async () => {
    expect(await remove('none')).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    const answer = await client.send(deleteTopics, 6, {
      ...deleteTopics.request.initial,
      topics: [{ name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }],
      timeoutMs: 1000,
    });
    expect(only(answer.responses).errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_ID);
  });
});

describe('configurations', () => {
  async function values(
    resourceType: number,
    resourceName: string,
  ): Promise<ReadonlyMap<string, string | null>> {
    const answer = await client.send(describeConfigs, 4, {
      resources: [{ resourceType, resourceName, configurationKeys: null }],
      includeSynonyms: true,
      includeDocumentation: false,
    });
    const { errorCode, configs } = only(answer.results);
    expect(errorCode).toBe(0);
    return new Map(configs.map(({ name, value }) => [name, value]));
  }

  async function alter(
    [resourceType, resourceName]: readonly [number, string],
    [name, value]: readonly [string, string | null],
    configOperation = 0,
  ): Promise<{ errorCode: number; errorMessage: string | null }> {
    const answer = await client.send(incrementalAlterConfigs, 1, {
      resources: [{ resourceType, resourceName, configs: [{ name, configOperation, value }] }],
      validateOnly: false,
    });
    return only(answer.responses);
  }

  it('of a topic are described, altered, and taken back', async () => {
    await makeTopic(client, 'orders', { configs: [{ name: 'retention.ms', value: '1234' }] });
    expect((await values(2, 'orders')).get('retention.ms')).toBe('1234');
    expect(await alter([2, 'orders'], ['max.message.bytes', '150'])).toMatchObject({
      errorCode: 0,
    });
    await waitFor(async () => (await values(2, 'orders')).get('max.message.bytes') === '150');
    const answer = await produceTo(client, 'orders', batchOf(['x'.repeat(200)]));
    expect(answer.errorCode).toBe(ErrorCodes.MESSAGE_TOO_LARGE);
    await alter([2, 'orders'], ['max.message.bytes', null], 1);
    await waitFor(async () => (await values(2, 'orders')).get('max.message.bytes') !== '150');
  });

  it('of the broker are described and altered where they can change', async () => {
    expect((await values(4, '0')).get('broker.id')).toBe('0');
    expect(await alter([4, ''], ['log.retention.ms', '99999'])).toMatchObject({ errorCode: 0 });
    await waitFor(async () => (await values(4, '0')).get('log.retention.ms') === '99999');
    const refused = await alter([4, '0'], ['broker.id', '7']);
    expect(refused.errorCode).not.toBe(0);
    expect(refused.errorMessage).toMatch(/broker\.id/);
  });

  it('that make no sense are refused with a message', async () => {
    await makeTopic(client, 'orders');
    const bad = await alter([2, 'orders'], ['cleanup.policy', 'shred']);
    expect(bad.errorCode).toBe(ErrorCodes.INVALID_CONFIG);
    expect(bad.errorMessage).toMatch(/cleanup\.policy/);
    expect((await alter([2, 'none'], ['retention.ms', '1'])).errorCode).toBe(
      ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    );
    expect((await alter([3, 'x'], ['retention.ms', '1'])).errorCode).toBe(
      ErrorCodes.INVALID_REQUEST,
    );
    expect((await alter([4, 'x'], ['log.retention.ms', '1'])).errorCode).toBe(
      ErrorCodes.INVALID_REQUEST,
    );
    expect((await alter([2, 'orders'], ['retention.ms', '1'], 9)).errorCode).toBe(
      ErrorCodes.INVALID_REQUEST,
    );
  });
});

describe('the cluster', () => {
  it('is described with its id, controller and brokers', async () => {
    const ask = (endpointType: number): Promise<ResponseOf<typeof describeCluster>> =>
      client.send(describeCluster, 1, { includeClusterAuthorizedOperations: false, endpointType });
    const answer = await ask(1);
    expect(answer).toMatchObject({ errorCode: 0, controllerId: 0 });
    expect(answer.brokers).toEqual([
      { brokerId: 0, host: '127.0.0.1', port: broker.port, rack: null },
    ]);
    const all = await client.send(metadata, 12, { ...metadata.request.initial, topics: null });
    expect(answer.clusterId).toBe(all.clusterId);
    expect((await ask(2)).errorCode).toBe(ErrorCodes.INVALID_REQUEST);
  });
});

function assigned(
  ...partitions: readonly (readonly [number, readonly number[]])[]
): NonNullable<Parameters<typeof newTopic>[1]> {
  return {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: partitions.map(([partitionIndex, brokerIds]) => ({
      partitionIndex,
      brokerIds: [...brokerIds],
    })),
  };
}

/** What is asked goes through the broker and back, so that this is no busy loop. */
async function waitFor(isTrue: () => Promise<boolean>): Promise<void> {
  for (let count = 0; count < 1000; count += 1) if (await isTrue()) return;
  throw new Error('it did not come true');
}
