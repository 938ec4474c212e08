/** Brokers of partitions with several replicas die and come back. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { paths } from '../../../broker/zookeeper/paths.ts';
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

function forget(): void {
  for (const broker of brokers) broker.leaderRequests.length = 0;
}

describe('a broker that dies', () => {
  it('leaves its leadership to the next in the ISR, with one write and a higher epoch', async () => {
    await cluster.createTopic('orders', { '0': [3, 2, 1] });
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, isr: [3, 2, 1] });
    await cluster.leave(third);
    expect(await cluster.state('orders')).toEqual({
      controller_epoch: 1,
      leader: 2,
      version: 1,
      leader_epoch: 1,
      isr: [2, 1],
    });
    for (const broker of [first, second]) {
      expect(broker.toldLeader('orders', 0)).toEqual({ leader: 2, leaderEpoch: 1 });
      const told = broker.metadataRequests.at(-1)?.topicStates[0]?.partitionStates[0];
      expect(told).toMatchObject({ leader: 2, isr: [2, 1], offlineReplicas: [3] });
    }
  });

  it('leaves the ISR of what it followed, of which the replicas that remain are told', async () => {
    await cluster.createTopic('orders', { '0': [1, 2, 3] });
    await cluster.leave(third);
    expect(await cluster.state('orders')).toMatchObject({
      leader: 1,
      leader_epoch: 1,
      isr: [1, 2],
    });
    for (const broker of [first, second]) {
      expect(broker.toldLeader('orders', 0)).toEqual({ leader: 1, leaderEpoch: 1 });
    }
  });

  it('stays in the ISR as the last member, and leads again when it is back', async () => {
    await cluster.createTopic('orders', { '0': [3, 2] });
    await cluster.leave(second);
    await cluster.leave(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, leader_epoch: 2, isr: [3] });
    await cluster.join(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, isr: [3] });
    await cluster.join(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, leader_epoch: 3, isr: [3] });
  });

  it('together with the rest of the ISR leaves all of it there: any of them may lead', async () => {
    await cluster.createTopic('orders', { '0': [2, 3] });
    // Nobody is the controller when they die.
    for (const broker of brokers) await broker.election?.stop();
    for (const broker of brokers) broker.election = null;
    for (const broker of brokers) await cluster.leave(broker);
    await cluster.join(first);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, isr: [2, 3] });
    await cluster.join(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, isr: [3] });
  });

  it('touches nothing that it has no replica of', async () => {
    await cluster.createTopic('orders', { '0': [1, 2] });
    forget();
    await cluster.leave(third);
    expect(await cluster.state('orders')).toMatchObject({ leader_epoch: 0, isr: [1, 2] });
    expect([...first.leaderRequests, ...second.leaderRequests]).toEqual([]);
  });

  it('and comes back unnoticed in between is one that has died', async () => {
    await cluster.createTopic('orders', { '0': [3, 2, 1] });
    forget();
    await cluster.bounce(third);
    expect(await cluster.state('orders')).toMatchObject({
      leader: 2,
      leader_epoch: 1,
      isr: [2, 1],
    });
    expect(third.leaderRequests[0]).toMatchObject({ type: 2 });
    expect(third.toldLeader('orders', 0)).toEqual({ leader: 2, leaderEpoch: 1 });
  });
});

describe('a broker that comes back', () => {
  it('is told that it follows, and enters no ISR by that', async () => {
    await cluster.createTopic('orders', { '0': [3, 1] });
    await cluster.leave(third);
    forget();
    await cluster.join(third);
    expect(third.toldLeader('orders', 0)).toEqual({ leader: 1, leaderEpoch: 1 });
    expect(await cluster.state('orders')).toMatchObject({ leader: 1, leader_epoch: 1, isr: [1] });
  });
});

describe('a disk that fails', () => {
  it('takes the replicas on it out of their ISRs, and their leadership away', async () => {
    await cluster.createTopic('orders', { '0': [2, 1], '1': [1, 2] });
    second.storageErrors = true;
    const event = json({ version: 1, broker: 2, event: 1 });
    await cluster.session.create(paths.logDirEventPrefix, event, { sequential: true });
    await cluster.settle();
    expect(await cluster.state('orders', 0)).toMatchObject({ leader: 1, isr: [1] });
    expect(await cluster.state('orders', 1)).toMatchObject({ leader: 1, isr: [1] });
    const told = first.metadataRequests.at(-1)?.topicStates[0]?.partitionStates;
    expect(told?.map(({ offlineReplicas }) => offlineReplicas)).toEqual([[2], [2]]);
    expect(await cluster.session.children(paths.logDirEvents)).toEqual([]);
  });
});

describe('a leader below inter.broker.protocol.version 2.7', () => {
  it('tells of the ISR that it has written by a znode, and all brokers hear of it', async () => {
    await cluster.createTopic('orders', { '0': [2, 1] });
    const state = await cluster.state('orders');
    const path = '/brokers/topics/orders/partitions/0/state';
    await cluster.session.set(path, json({ ...state, isr: [2] }), -1);
    const change = json({ version: 1, partitions: [{ topic: 'orders', partition: 0 }] });
    await cluster.session.create(paths.isrChangePrefix, change, { sequential: true });
    await cluster.settle();
    const told = third.metadataRequests.at(-1)?.topicStates[0]?.partitionStates[0];
    expect(told).toMatchObject({ leader: 2, isr: [2], zkVersion: 1 });
    expect(await cluster.session.children(paths.isrChanges)).toEqual([]);
  });
});

describe('unclean.leader.election.enable', () => {
  it('lets a replica lead that was not in sync, which its leader has to recover from', async () => {
    await cluster.createTopic('orders', { '0': [3, 2] });
    await cluster.leave(second);
    await cluster.leave(third);
    cluster.uncleanTopics.add('orders');
    await cluster.join(second);
    expect(await cluster.state('orders')).toEqual({
      controller_epoch: 1,
      leader: 2,
      version: 1,
      leader_epoch: 3,
      isr: [2],
      leader_recovery_state: 1,
    });
    expect(cluster.log.withMessage('unclean election: records may be lost')).toHaveLength(1);
  });

  it('takes effect when it is set later', async () => {
    await cluster.createTopic('orders', { '0': [3, 2] });
    await cluster.leave(second);
    await cluster.leave(third);
    await cluster.join(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1 });
    cluster.uncleanTopics.add('orders');
    cluster.controller.topicConfigsChanged(['orders']);
    await cluster.settle();
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
  });
});

describe('a leader that starts again while there is no controller', () => {
  async function restartUnseen(broker: FakeBroker): Promise<void> {
    for (const { election } of brokers) await election?.stop();
    await cluster.settle();
    await cluster.bounce(broker);
    await cluster.stand(third);
  }

  it('leads on in a new epoch: what was told of the old one is of its former life', async () => {
    await cluster.createTopic('orders', { '0': [2, 3] });
    await restartUnseen(second);
    const state = { leader: 2, leader_epoch: 1, isr: [2, 3] };
    expect(await cluster.state('orders')).toMatchObject(state);
    expect(third.toldLeader('orders', 0)).toEqual({ leader: 2, leaderEpoch: 1 });
  });

  it('keeps its epoch where it has the only replica, and where another broker leads', async () => {
    await cluster.createTopic('alone', { '0': [2] });
    await cluster.createTopic('orders', { '0': [3, 2] });
    await restartUnseen(second);
    expect(await cluster.state('alone')).toMatchObject({ leader: 2, leader_epoch: 0 });
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, leader_epoch: 0 });
  });

  it('keeps its epoch when the next controller finds it as the last one did', async () => {
    await cluster.createTopic('orders', { '0': [2, 3] });
    await restartUnseen(second);
    await third.election?.stop();
    await cluster.stand(first);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, leader_epoch: 1 });
  });
});
