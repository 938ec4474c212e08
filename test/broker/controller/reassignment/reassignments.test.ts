/** Replicas that move to other brokers, as the controller and ZooKeeper see it. */

import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { deleteTopicPath, topicPath } from '../../../../broker/zookeeper/paths.ts';
import { json } from '../cluster-fixture.ts';
import { runningCluster } from '../running-cluster.ts';
import { catchUp, placementOf, reassign, removedFrom, stateOf } from './moving-replicas.ts';

const running = runningCluster(4);
const orders = { topic: 'orders', partition: 0 };
const settled = (replicas: readonly number[]): object => ({ replicas, adding: [], removing: [] });

describe('a reassignment', () => {
  it('adds replicas first, and takes the others away when all of the target is in sync', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2, 3] });
    expect(await reassign(cluster, 'orders', [3, 4])).toEqual({
      ...orders,
      errorCode: ErrorCodes.NONE,
      message: null,
    });
    const moving = { replicas: [3, 4, 2], adding: [4], removing: [2] };
    expect(await placementOf(cluster, 'orders')).toEqual(moving);
    expect(await cluster.controller.reassignments(null)).toEqual([{ ...orders, ...moving }]);
    expect(await stateOf(cluster, 'orders')).toMatchObject({
      leader: 2,
      isr: [2, 3],
      leaderEpoch: 1,
    });
    expect(broker(2).toldLeader('orders', 0)).toEqual({ leader: 2, leaderEpoch: 1 });
    expect(broker(4).toldNew('orders', 0)).toBe(true);
    const [told] = broker(4).leaderRequests.at(-1)?.topicStates[0]?.partitionStates ?? [];
    expect(told).toMatchObject({
      replicas: [3, 4, 2],
      addingReplicas: [4],
      removingReplicas: [2],
    });

    expect(await catchUp(cluster, broker(2), { topic: 'orders', ids: [4] })).toBe(ErrorCodes.NONE);
    expect(await placementOf(cluster, 'orders')).toEqual(settled([3, 4]));
    expect(await stateOf(cluster, 'orders')).toMatchObject({
      leader: 3,
      isr: [3, 4],
      leaderEpoch: 2,
    });
    expect(broker(4).toldLeader('orders', 0)).toEqual({ leader: 3, leaderEpoch: 2 });
    expect(broker(2).toldLeader('orders', 0)).toEqual({ leader: 2, leaderEpoch: 1 });
    expect(removedFrom(broker(2), 'orders')).toEqual([0]);
    expect(removedFrom(broker(3), 'orders')).toEqual([]);
    expect(await cluster.controller.reassignments(null)).toEqual([]);
  });

  it('leaves the leader where it is if it stays a replica', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2, 3] });
    await reassign(cluster, 'orders', [4, 2]);
    await catchUp(cluster, broker(2), { topic: 'orders', ids: [4] });
    expect(await placementOf(cluster, 'orders')).toEqual(settled([4, 2]));
    expect(await stateOf(cluster, 'orders')).toMatchObject({ leader: 2, isr: [2, 4] });
    expect(removedFrom(broker(3), 'orders')).toEqual([0]);
  });

  it('needs nobody to catch up where replicas are only taken away, or reordered', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2, 3, 4] });
    await reassign(cluster, 'orders', [4, 3, 2]);
    expect(await placementOf(cluster, 'orders')).toEqual(settled([4, 3, 2]));
    expect(await stateOf(cluster, 'orders')).toMatchObject({ leader: 2, leaderEpoch: 1 });
    await reassign(cluster, 'orders', [3]);
    expect(await placementOf(cluster, 'orders')).toEqual(settled([3]));
    expect(await stateOf(cluster, 'orders')).toMatchObject({ leader: 3, isr: [3] });
    expect([2, 3, 4].map((id) => removedFrom(broker(id), 'orders'))).toEqual([[0], [], [0]]);
  });

  it('goes back to the replicas of before when it is given up', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2, 3] });
    await reassign(cluster, 'orders', [4, 1]);
    await catchUp(cluster, broker(2), { topic: 'orders', ids: [4] });
    expect(await reassign(cluster, 'orders', null)).toMatchObject({ errorCode: ErrorCodes.NONE });
    expect(await placementOf(cluster, 'orders')).toEqual(settled([2, 3]));
    expect(await stateOf(cluster, 'orders')).toMatchObject({ leader: 2, isr: [2, 3] });
    expect(removedFrom(broker(4), 'orders')).toEqual([0]);
    expect(removedFrom(broker(1), 'orders')).toEqual([0]);
    expect(await reassign(cluster, 'orders', null)).toMatchObject({
      errorCode: ErrorCodes.NO_REASSIGNMENT_IN_PROGRESS,
    });
  });

  it('is given up for another target, and keeps of the first what both have', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [1, 2] });
    await reassign(cluster, 'orders', [3, 4]);
    await catchUp(cluster, broker(1), { topic: 'orders', ids: [3] });
    await reassign(cluster, 'orders', [3, 2]);
    expect(await placementOf(cluster, 'orders')).toEqual(settled([3, 2]));
    expect(await stateOf(cluster, 'orders')).toMatchObject({ leader: 3, isr: [2, 3] });
    expect(removedFrom(broker(4), 'orders')).toEqual([0]);
    expect(removedFrom(broker(1), 'orders')).toEqual([0]);
  });

  it('is not given up while only its new replicas are in sync', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2] });
    await reassign(cluster, 'orders', [3, 4]);
    await catchUp(cluster, broker(2), { topic: 'orders', ids: [3] });
    await cluster.leave(broker(2));
    const before = await stateOf(cluster, 'orders');
    expect(before).toMatchObject({ leader: 3, isr: [3] });
    expect(await reassign(cluster, 'orders', null)).toMatchObject({
      errorCode: ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      message: expect.stringMatching(/^Replicas 3,4 cannot be given up/),
    });
    expect(await stateOf(cluster, 'orders')).toEqual(before);
    await catchUp(cluster, broker(3), { topic: 'orders', ids: [4] });
    expect(await placementOf(cluster, 'orders')).toEqual(settled([3, 4]));
  });

  it('waits for a broker of its target that went away', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2] });
    await reassign(cluster, 'orders', [4]);
    await cluster.leave(broker(4));
    expect(await catchUp(cluster, broker(2), { topic: 'orders', ids: [4] })).toBe(
      ErrorCodes.INELIGIBLE_REPLICA,
    );
    expect(await placementOf(cluster, 'orders')).toMatchObject({ adding: [4], removing: [2] });
    await cluster.join(broker(4), { stands: false });
    await catchUp(cluster, broker(2), { topic: 'orders', ids: [4] });
    expect(await placementOf(cluster, 'orders')).toEqual(settled([4]));
  });

  it('gives a partition that never had a leader one', async () => {
    const { cluster, broker } = running;
    await cluster.leave(broker(4));
    await cluster.createTopic('orders', { '0': [4] });
    expect(await cluster.state('orders')).toBeNull();
    await reassign(cluster, 'orders', [2, 3]);
    expect(await placementOf(cluster, 'orders')).toEqual(settled([2, 3]));
    expect(await stateOf(cluster, 'orders')).toMatchObject({ leader: 2, isr: [2, 3] });
  });
});

describe('a controller that takes over', () => {
  it('goes on with what is under way, and tells the brokers anew', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2, 3] });
    await reassign(cluster, 'orders', [3, 4]);
    await cluster.leave(broker(1));
    expect(await cluster.controllerEpoch()).toBe(2);
    const moving = { replicas: [3, 4, 2], adding: [4], removing: [2] };
    expect(await cluster.controller.reassignments(null)).toEqual([{ ...orders, ...moving }]);
    expect(broker(4).toldLeader('orders', 0)).toEqual({ leader: 2, leaderEpoch: 2 });
    await catchUp(cluster, broker(2), { topic: 'orders', ids: [4] });
    expect(await placementOf(cluster, 'orders')).toEqual(settled([3, 4]));
    expect(removedFrom(broker(2), 'orders')).toEqual([0]);
  });

  it('completes what was left between the state and the assignment', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2, 3] });
    for (const id of [1, 2, 3, 4]) await broker(id).election?.stop();
    const left = { '0': [3, 4, 2] };
    await cluster.session.set(
      topicPath('orders'),
      json({
        version: 3,
        partitions: left,
        adding_replicas: { '0': [4] },
        removing_replicas: { '0': [2] },
      }),
      -1,
    );
    const state = { version: 1, leader: 3, leader_epoch: 9, controller_epoch: 1, isr: [3, 4] };
    await cluster.session.set('/brokers/topics/orders/partitions/0/state', json(state), -1);
    await cluster.stand(broker(3));
    expect(await placementOf(cluster, 'orders')).toEqual(settled([3, 4]));
    expect(await stateOf(cluster, 'orders')).toMatchObject({ leader: 3, isr: [3, 4] });
    expect(removedFrom(broker(2), 'orders')).toEqual([0]);
  });
});

describe('a reassignment is refused', () => {
  it.each([
    ['without replicas', [], 'Empty replica list specified in partition reassignment.'],
    ['with a replica twice', [2, 2], /^Duplicate replica ids/],
    ['with an id that no broker has', [2, -1], /^Invalid broker id/],
    ['to a broker that is not alive', [2, 9], /^Replica assignment has brokers that are not alive/],
  ])('%s', async (_, replicas, message) => {
    const { cluster } = running;
    await cluster.createTopic('orders', { '0': [2, 3] });
    const outcome = await reassign(cluster, 'orders', replicas);
    expect(outcome.errorCode).toBe(ErrorCodes.INVALID_REPLICA_ASSIGNMENT);
    expect(outcome.message).toMatch(message);
    expect(await placementOf(cluster, 'orders')).toEqual(settled([2, 3]));
  });

  it('of a partition that does not exist, or whose topic is to be deleted', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2, 3] });
    await cluster.leave(broker(3));
    await cluster.session.create(deleteTopicPath('orders'), null);
    await cluster.settle();
    const unknown = { errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION };
    expect(await reassign(cluster, 'orders', [2])).toMatchObject(unknown);
    expect(await reassign(cluster, 'nothing', [2])).toMatchObject(unknown);
    expect(await reassign(cluster, 'nothing', null)).toMatchObject(unknown);
    expect(await placementOf(cluster, 'orders')).toEqual(settled([2, 3]));
  });

  it('that changes the replication factor where that is not wanted', async () => {
    const { cluster } = running;
    await cluster.createTopic('orders', { '0': [2, 3] });
    const request = { ...orders, replicas: [2, 3, 4] };
    expect(await cluster.controller.reassign([request], { mayResize: false })).toEqual([
      {
        ...orders,
        errorCode: ErrorCodes.INVALID_REPLICATION_FACTOR,
        message: 'The replication factor is changed from 2 to 3.',
      },
    ]);
  });

  it('alone: others of the same request are made', async () => {
    const { cluster } = running;
    await cluster.createTopic('orders', { '0': [2], '1': [3] });
    const outcomes = await cluster.controller.reassign(
      [
        { topic: 'orders', partition: 0, replicas: [9] },
        { topic: 'orders', partition: 1, replicas: [3, 4] },
      ],
      { mayResize: true },
    );
    expect(outcomes.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      ErrorCodes.NONE,
    ]);
    expect(await placementOf(cluster, 'orders', 1)).toMatchObject({ adding: [4] });
  });
});

describe('a topic with a reassignment under way', () => {
  it('can be deleted: all its replicas go, and the reassignment with it', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2] });
    await reassign(cluster, 'orders', [3]);
    await cluster.markForDeletion('orders');
    expect(await placementOf(cluster, 'orders')).toBeNull();
    expect([2, 3].map((id) => removedFrom(broker(id), 'orders'))).toEqual([[0], [0]]);
    expect(await cluster.controller.reassignments(null)).toEqual([]);
  });

  it('gets the partitions that somebody adds in its znode', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2] });
    await reassign(cluster, 'orders', [3]);
    const node = await cluster.read(topicPath('orders'));
    const partitions = { '0': [3, 2], '1': [4, 1] };
    await cluster.session.set(topicPath('orders'), json({ ...node, partitions }), -1);
    await cluster.settle();
    expect(await stateOf(cluster, 'orders', 1)).toMatchObject({ leader: 4, isr: [4, 1] });
    await catchUp(cluster, broker(2), { topic: 'orders', ids: [3] });
    expect(await placementOf(cluster, 'orders')).toEqual(settled([3]));
    expect(await placementOf(cluster, 'orders', 1)).toEqual(settled([4, 1]));
  });
});
