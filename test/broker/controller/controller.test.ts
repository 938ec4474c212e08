import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import {
  configPath,
  deleteTopicPath,
  partitionPath,
  partitionStatePath,
  partitionsPath,
  paths,
  topicEntity,
  topicPath,
} from '../../../broker/zookeeper/paths.ts';
import { ControllerCluster, FakeBroker, json } from './cluster-fixture.ts';

let cluster: ControllerCluster;
let brokers: readonly FakeBroker[];
let first: FakeBroker;
let second: FakeBroker;
let third: FakeBroker;

beforeEach(async () => {
  cluster = await ControllerCluster.start();
  [first, second, third] = [new FakeBroker(1), new FakeBroker(2), new FakeBroker(3)];
  brokers = [first, second, third];
  for (const broker of brokers) await cluster.join(broker);
});

afterEach(async () => {
  await cluster.stop();
});

function controllers(): readonly number[] {
  return brokers.filter(({ election }) => election?.isController === true).map(({ id }) => id);
}

async function sessionOfController(): Promise<string> {
  const stat = await cluster.session.exists(paths.controller);
  return stat?.ephemeralOwner ?? '';
}

describe('the election', () => {
  it('makes the first broker the controller, with the znodes that Kafka writes', async () => {
    expect(controllers()).toEqual([1]);
    expect(await cluster.read(paths.controller)).toMatchObject({ brokerid: 1, version: 2 });
    expect(await cluster.controllerEpoch()).toBe(1);
  });

  it('makes another one the controller when the first leaves, with a higher epoch', async () => {
    await cluster.leave(first);
    expect(controllers()).toHaveLength(1);
    expect(controllers()).not.toEqual([1]);
    expect(await cluster.controllerEpoch()).toBe(2);
  });

  it('holds a new one when /controller is removed by hand', async () => {
    await cluster.session.remove(paths.controller, -1);
    await cluster.settle();
    expect(controllers()).toHaveLength(1);
    expect(await cluster.controllerEpoch()).toBe(2);
  });

  it('ends the term whose session expires', async () => {
    await cluster.store.expire(await sessionOfController());
    await cluster.settle();
    expect(controllers()).toHaveLength(1);
    expect(await cluster.controllerEpoch()).toBe(2);
    const [id] = controllers();
    expect(await cluster.read(paths.controller)).toMatchObject({ brokerid: id });
  });

  it('ends the term when a broker has seen a newer controller', async () => {
    second.errorCode = ErrorCodes.STALE_CONTROLLER_EPOCH;
    await cluster.createTopic('orders', { '0': [2] });
    expect(cluster.log.withMessage('the controller gives up its term')).not.toHaveLength(0);
    second.errorCode = 0;
    await cluster.settle(2000);
    expect(controllers()).toHaveLength(1);
    expect(await cluster.controllerEpoch()).toBeGreaterThan(1);
    expect(second.toldLeader('orders', 0)).toMatchObject({ leader: 2 });
  });

  it('pauses between terms that fail, so that the epoch does not race', async () => {
    for (const broker of brokers) broker.errorCode = ErrorCodes.STALE_CONTROLLER_EPOCH;
    await cluster.createTopic('orders', { '0': [2] });
    await cluster.settle(2000);
    expect(await cluster.controllerEpoch()).toBeLessThan(20);
    for (const broker of brokers) broker.errorCode = 0;
    await cluster.settle(2000);
    expect(controllers()).toHaveLength(1);
  });

  it('is tried again when no session can be had', async () => {
    await cluster.leave(second);
    await cluster.leave(third);
    await cluster.leave(first);
    const { store } = cluster;
    const openSession = store.openSession;
    let failures = 3;
    const flaky: typeof openSession = (signal) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('ZooKeeper is away')) : openSession(signal);
    };
    first.session = await openSession();
    Object.assign(store, { openSession: flaky });
    await cluster.stand(first);
    await cluster.settle(5000);
    Object.assign(store, { openSession });
    expect(controllers()).toEqual([1]);
  });
});

describe('a topic made by its znodes', () => {
  it('gets a state of each partition, leaders, and an id', async () => {
    await cluster.createTopic('orders', { '0': [1], '1': [2], '2': [3] });
    expect(await cluster.state('orders', 1)).toEqual({
      controller_epoch: 1,
      leader: 2,
      version: 1,
      leader_epoch: 0,
      isr: [2],
    });
    expect(await cluster.read(topicPath('orders'))).toMatchObject({
      partitions: { '0': [1], '1': [2], '2': [3] },
      topic_id: expect.any(String),
    });
    expect(second.toldLeader('orders', 1)).toEqual({ leader: 2, leaderEpoch: 0 });
    expect(first.toldLeader('orders', 1)).toBeNull();
    for (const { metadataRequests } of brokers) {
      const [topic] = metadataRequests.at(-1)?.topicStates ?? [];
      expect(topic?.partitionStates.map(({ leader }) => leader)).toEqual([1, 2, 3]);
    }
  });

  it('gets more partitions when its assignment grows', async () => {
    await cluster.createTopic('orders', { '0': [1] });
    const grown = { version: 1, partitions: { '0': [1], '1': [3] } };
    await cluster.session.set(topicPath('orders'), json(grown), -1);
    await cluster.settle();
    expect(await cluster.state('orders', 1)).toMatchObject({ leader: 3, leader_epoch: 0 });
    expect(third.toldLeader('orders', 1)).toEqual({ leader: 3, leaderEpoch: 0 });
    expect(first.toldLeader('orders', 0)).toEqual({ leader: 1, leaderEpoch: 0 });
  });

  it('waits for a replica that lives', async () => {
    await cluster.createTopic('orders', { '0': [9] });
    expect(await cluster.state('orders')).toBeNull();
    const ninth = await cluster.join(new FakeBroker(9), { stands: false });
    expect(await cluster.state('orders')).toMatchObject({ leader: 9 });
    expect(ninth.toldLeader('orders', 0)).toMatchObject({ leader: 9 });
  });

  it('keeps nothing else from being served when its znode cannot be read', async () => {
    await cluster.session.create(topicPath('broken'), Buffer.from('not json'));
    await cluster.createTopic('orders', { '0': [1] });
    expect(controllers()).toEqual([1]);
    expect(await cluster.controllerEpoch()).toBe(1);
    expect(await cluster.state('orders')).toMatchObject({ leader: 1 });
    expect(cluster.log.withMessage('a znode is ignored').length).toBeGreaterThan(0);
  });
});

describe('a broker that leaves', () => {
  it('leaves its partitions without a leader, and leads them again when it is back', async () => {
    await cluster.createTopic('orders', { '0': [3] });
    await cluster.leave(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, leader_epoch: 1, isr: [3] });
    expect(first.knownBrokers).toEqual({ '1': 9001, '2': 9002 });
    const offline = first.metadataRequests.at(-1)?.topicStates[0]?.partitionStates[0];
    expect(offline).toMatchObject({ leader: -1, offlineReplicas: [3] });
    await cluster.join(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, leader_epoch: 2, isr: [3] });
    expect(third.toldLeader('orders', 0)).toEqual({ leader: 3, leaderEpoch: 2 });
    expect(first.knownBrokers).toEqual({ '1': 9001, '2': 9002, '3': 9003 });
  });

  it('is told everything that it hosts, and of the whole cluster, when it comes', async () => {
    await cluster.createTopic('orders', { '0': [1], '1': [2], '2': [3] });
    await cluster.leave(third);
    third.leaderRequests.length = 0;
    third.metadataRequests.length = 0;
    await cluster.join(third);
    expect(third.leaderRequests[0]).toMatchObject({ type: 2 });
    // Of the brokers first, so that it knows the leaders that it is to follow.
    const [brokers, all] = third.metadataRequests;
    expect(brokers).toMatchObject({ topicStates: [] });
    expect(brokers?.liveBrokers).toHaveLength(3);
    expect(all?.topicStates[0]?.partitionStates).toHaveLength(3);
  });

  it('is told which partitions are new when it comes, and that they are not when it comes again', async () => {
    const fourth = new FakeBroker(4);
    await cluster.createTopic('orders', { '0': [4] });
    await cluster.join(fourth);
    expect(fourth.toldNew('orders', 0)).toBe(true);
    await cluster.leave(fourth);
    fourth.leaderRequests.length = 0;
    await cluster.join(fourth);
    expect(fourth.toldNew('orders', 0)).toBe(false);
  });

  async function rewrite(change: Readonly<Record<string, unknown>>): Promise<void> {
    const state = await cluster.state('orders');
    const path = partitionStatePath('orders', 0);
    await cluster.session.set(path, json({ ...state, ...change }), -1);
  }

  it('loses a leadership to nobody by a controller whose write comes too late', async () => {
    await cluster.createTopic('orders', { '0': [2] });
    await rewrite({ leader_epoch: 7 });
    await cluster.leave(second);
    expect(cluster.log.withMessage('the controller gives up its term')).toHaveLength(1);
    await cluster.settle(3000);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, leader_epoch: 8 });
    expect(await cluster.controllerEpoch()).toBeGreaterThan(1);
  });

  it('is replaced from the ISR that its leader has written itself, as it does below 2.7', async () => {
    await cluster.createTopic('orders', { '0': [2, 1, 3] });
    await rewrite({ isr: [2, 3] });
    await cluster.leave(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, leader_epoch: 1, isr: [3] });
    expect(await cluster.controllerEpoch()).toBe(1);
  });
});

describe('a broker that changes its listeners', () => {
  it('keeps its epoch and its partitions, and all others hear of the address', async () => {
    await cluster.createTopic('orders', { '0': [2] });
    await cluster.listen(second, 9502);
    await cluster.register(second, 9502);
    await cluster.settle();
    expect(first.knownBrokers).toEqual({ '1': 9001, '2': 9502, '3': 9003 });
    expect(third.knownBrokers).toEqual({ '1': 9001, '2': 9502, '3': 9003 });
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, leader_epoch: 0 });
  });

  it('is told at the right address what could not be told at the wrong one', async () => {
    await cluster.register(second, 9999);
    await cluster.settle();
    await cluster.createTopic('orders', { '0': [2] });
    await cluster.settle(2000);
    expect(second.toldLeader('orders', 0)).toBeNull();
    expect(cluster.log.withMessage('controller cannot reach a broker')).toHaveLength(1);
    await cluster.register(second, 9002);
    await cluster.settle(2000);
    expect(second.toldLeader('orders', 0)).toEqual({ leader: 2, leaderEpoch: 0 });
  });
});

describe('the deletion of a topic', () => {
  async function expectGone(topic: string): Promise<void> {
    for (const path of [topicPath(topic), configPath(topicEntity(topic)), deleteTopicPath(topic)]) {
      expect([path, await cluster.session.exists(path)]).toEqual([path, null]);
    }
  }

  it('stops the replicas, removes them, and then every znode', async () => {
    await cluster.createTopic('orders', { '0': [1], '1': [2] });
    await cluster.markForDeletion('orders');
    await expectGone('orders');
    for (const broker of [first, second]) {
      const deletes = broker.stopRequests.map(({ topicStates }) =>
        topicStates.flatMap(({ partitionStates }) =>
          partitionStates.map(({ deletePartition, leaderEpoch }) => [deletePartition, leaderEpoch]),
        ),
      );
      expect(deletes).toEqual([[[false, -2]], [[true, -2]]]);
    }
    expect(third.stopRequests).toEqual([]);
    const [topic] = third.metadataRequests.at(-1)?.topicStates ?? [];
    expect(topic?.partitionStates.map(({ leader }) => leader)).toEqual([-2, -2]);
  });

  it('waits for a broker that has a replica', async () => {
    await cluster.createTopic('orders', { '0': [1], '1': [3] });
    await cluster.leave(third);
    await cluster.markForDeletion('orders');
    expect(await cluster.session.exists(topicPath('orders'))).not.toBeNull();
    await cluster.join(third);
    await expectGone('orders');
  });

  it('of a topic that does not exist only takes the marker away', async () => {
    await cluster.markForDeletion('ghost');
    await expectGone('ghost');
  });

  it('leaves a topic alone that is made again under the same name', async () => {
    await cluster.createTopic('orders', { '0': [1] });
    await cluster.markForDeletion('orders');
    await cluster.createTopic('orders', { '0': [2] });
    await cluster.leave(third);
    await cluster.join(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2 });
    expect(second.toldLeader('orders', 0)).toMatchObject({ leader: 2 });
  });

  it('of a topic that the controller does not know yet begins when it does', async () => {
    await cluster.session.create(
      configPath(topicEntity('fresh')),
      json({ version: 1, config: {} }),
    );
    // One after the other, without a moment for the controller in between.
    const made = cluster.session.create(
      topicPath('fresh'),
      json({ version: 1, partitions: { '0': [1] } }),
    );
    const marked = cluster.session.create(deleteTopicPath('fresh'), null);
    await Promise.all([made, marked]);
    await cluster.settle();
    await expectGone('fresh');
  });

  it('is completed by another controller when the first one ends in the middle', async () => {
    await cluster.createTopic('orders', { '0': [2], '1': [3] });
    let isReached = (): void => undefined;
    const reached = new Promise<void>((resolve) => (isReached = resolve));
    third.beforeStop = () => {
      isReached();
      return new Promise(() => undefined);
    };
    const marking = cluster.markForDeletion('orders');
    await reached;
    await marking;
    third.beforeStop = () => Promise.resolve();
    await cluster.leave(first);
    await cluster.settle(1000);
    await expectGone('orders');
  });

  const [topic, config, marker] = [
    topicPath('orders'),
    configPath(topicEntity('orders')),
    deleteTopicPath('orders'),
  ];
  const steps = [
    partitionStatePath('orders', 0),
    partitionPath('orders', 0),
    partitionStatePath('orders', 1),
    partitionPath('orders', 1),
    partitionsPath('orders'),
    topic,
    config,
    marker,
  ];

  it.each(steps.map((_, count) => count))(
    'is completed after a crash that left %i of its znodes removed',
    async (count) => {
      await cluster.createTopic('orders', { '0': [1], '1': [2] });
      for (const broker of brokers) await cluster.leave(broker);
      await cluster.session.create(marker, null);
      for (const path of steps.slice(0, count)) await cluster.session.remove(path, -1);
      for (const broker of brokers) await cluster.join(broker);
      await cluster.settle(1000);
      await expectGone('orders');
      expect(controllers()).toEqual([1]);
    },
  );
});
