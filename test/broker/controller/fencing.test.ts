/** A controller ends as soon as it sees a sign of a newer one; and deletions that brokers refuse. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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

const GIVES_UP = 'the controller gives up its term';
const NOT_REMOVED = 'brokers could not remove their replicas of a topic that is deleted';

let cluster: ControllerCluster;
let brokers: readonly FakeBroker[];
let first: FakeBroker;
let second: FakeBroker;

beforeEach(async () => {
  cluster = await ControllerCluster.start();
  [first, second] = [new FakeBroker(1), new FakeBroker(2)];
  brokers = [first, second, new FakeBroker(3)];
  for (const broker of brokers) await cluster.join(broker);
});

afterEach(async () => {
  await cluster.stop();
});

function controllers(): readonly number[] {
  return brokers.filter(({ election }) => election?.isController === true).map(({ id }) => id);
}

describe('a controller', () => {
  it('ends when a state is of a higher epoch, which is left as it is; the next begins above it', async () => {
    const newer = { version: 1, leader: 3, leader_epoch: 4, controller_epoch: 7, isr: [3] };
    const assignment = json({ version: 1, partitions: { '0': [3] } });
    await cluster.session.create(
      configPath(topicEntity('orders')),
      json({ version: 1, config: {} }),
    );
    // One after the other, without a moment for the controller in between.
    await Promise.all([
      cluster.session.create(topicPath('orders'), assignment),
      cluster.session.create(partitionsPath('orders'), null),
      cluster.session.create(partitionPath('orders', 0), null),
      cluster.session.create(partitionStatePath('orders', 0), json(newer)),
    ]);
    await cluster.settle();
    expect(cluster.log.withMessage(GIVES_UP)).not.toHaveLength(0);
    expect(await cluster.state('orders')).toEqual(newer);
    await cluster.settle(3000);
    expect(controllers()).toHaveLength(1);
    expect(await cluster.controllerEpoch()).toBe(8);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, leader_epoch: 4 });
  });

  it('ends when its broker hears of a higher epoch, not of its own', async () => {
    first.election?.sawEpoch(1);
    await cluster.settle();
    expect(await cluster.controllerEpoch()).toBe(1);
    first.election?.sawEpoch(5);
    await cluster.settle(3000);
    expect(cluster.log.withMessage(GIVES_UP)).toHaveLength(1);
    expect(controllers()).toHaveLength(1);
    expect(await cluster.controllerEpoch()).toBeGreaterThan(1);
  });

  it('is one afterwards, and every topic has its leaders, when /controller goes under load', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `topic-${String(index)}`);
    for (const [index, name] of names.entries()) {
      const assignment = { version: 1, partitions: { '0': [(index % 3) + 1], '1': [1] } };
      await cluster.session.create(configPath(topicEntity(name)), json({ version: 1, config: {} }));
      void cluster.session.create(topicPath(name), json(assignment));
      if (index % 20 === 10) await cluster.session.remove(paths.controller, -1);
      // A little of what follows happens between two topics, and never all of it.
      if (index % 5 === 0) await cluster.settle(0);
    }
    await cluster.settle(5000);
    expect(controllers()).toHaveLength(1);
    expect(await cluster.controllerEpoch()).toBeGreaterThan(1);
    for (const [index, name] of names.entries()) {
      const leader = (index % 3) + 1;
      expect([name, await cluster.state(name)]).toMatchObject([name, { leader }]);
      expect(await cluster.state(name, 1)).toMatchObject({ leader: 1 });
      expect(brokers[leader - 1]?.toldLeader(name, 0)).toMatchObject({ leader });
    }
  });

  it('stays when what /controller says of it cannot be read', async () => {
    await cluster.session.set(paths.controller, Buffer.from('not json'), -1);
    await cluster.settle(2000);
    expect(cluster.log.withMessage('who is the controller cannot be read')).toHaveLength(3);
    expect(controllers()).toEqual([1]);
    await cluster.session.remove(paths.controller, -1);
    await cluster.settle(2000);
    expect(controllers()).toHaveLength(1);
    expect(await cluster.controllerEpoch()).toBe(2);
  });

  it('says so when the znode of a topic is removed by hand', async () => {
    await cluster.createTopic('orders', { '0': [2] });
    for (const path of [
      partitionStatePath('orders', 0),
      partitionPath('orders', 0),
      partitionsPath('orders'),
      topicPath('orders'),
    ]) {
      await cluster.session.remove(path, -1);
    }
    await cluster.settle();
    const message = 'the znode of a topic was removed by hand: its replicas stay behind';
    expect(cluster.log.withMessage(message)).toHaveLength(1);
  });
});

describe('a marker for deletion', () => {
  it('is tried again while a broker fails to remove its replica', async () => {
    await cluster.createTopic('orders', { '0': [2] });
    second.errorCode = 56;
    await cluster.markForDeletion('orders');
    expect(cluster.log.withMessage(NOT_REMOVED)).toHaveLength(1);
    expect(cluster.log.withMessage(NOT_REMOVED)[0]?.fields).toMatchObject({
      topic: 'orders',
      brokers: [2],
      errorCodes: [56],
    });
    expect(await cluster.session.exists(topicPath('orders'))).not.toBeNull();
    await cluster.settle(11_000);
    expect(cluster.log.withMessage(NOT_REMOVED)).toHaveLength(2);
    second.errorCode = 0;
    await cluster.settle(11_000);
    expect(await cluster.session.exists(topicPath('orders'))).toBeNull();
    expect(await cluster.session.exists(deleteTopicPath('orders'))).toBeNull();
  });

  it('goes on when a broker that it waits for starts again, however late that is noticed', async () => {
    await cluster.createTopic('orders', { '0': [2] });
    const held: (() => void)[] = [];
    cluster.network.cut();
    await cluster.settle();
    cluster.beforeConnect = () => new Promise((resolve) => void held.push(resolve));
    await cluster.markForDeletion('orders');
    cluster.beforeConnect = () => Promise.resolve();
    await cluster.bounce(second);
    for (const release of held) release();
    await cluster.settle();
    expect(await cluster.session.exists(topicPath('orders'))).toBeNull();
    expect(await cluster.session.exists(deleteTopicPath('orders'))).toBeNull();
  });

  it('is taken away, and the topic stays, with delete.topic.enable=false', async () => {
    await cluster.createTopic('orders', { '0': [2] });
    cluster.deletionEnabled = false;
    await cluster.markForDeletion('orders');
    expect(await cluster.session.exists(deleteTopicPath('orders'))).toBeNull();
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, leader_epoch: 0 });
    expect(second.stopRequests).toEqual([]);
  });
});
