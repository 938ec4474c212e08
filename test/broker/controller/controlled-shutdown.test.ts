/** ControlledShutdown, at the controller. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { ControllerCluster, FakeBroker } from './cluster-fixture.ts';

let cluster: ControllerCluster;
let first: FakeBroker;
let second: FakeBroker;
let third: FakeBroker;

beforeEach(async () => {
  cluster = await ControllerCluster.start();
  [first, second, third] = [new FakeBroker(1), new FakeBroker(2), new FakeBroker(3)];
  for (const broker of [first, second, third]) await cluster.join(broker);
});

afterEach(async () => {
  await cluster.stop();
});

async function shutDown(brokerId: number): Promise<readonly object[]> {
  const remaining = await cluster.controller.controlledShutdown({ brokerId, brokerEpoch: -1 });
  await cluster.settle();
  return remaining;
}

describe('a broker that is about to stop', () => {
  it('leads nothing afterwards that others can, and is in none of their ISRs', async () => {
    await cluster.createTopic('orders', { '0': [2, 1, 3], '1': [3, 2], '2': [1, 3] });
    expect(await shutDown(2)).toEqual([]);
    expect(await cluster.state('orders', 0)).toMatchObject({
      leader: 1,
      leader_epoch: 1,
      isr: [1, 3],
    });
    expect(await cluster.state('orders', 1)).toMatchObject({
      leader: 3,
      leader_epoch: 1,
      isr: [3],
    });
    expect(await cluster.state('orders', 2)).toMatchObject({ leader: 1, leader_epoch: 0 });
    expect(second.toldLeader('orders', 0)).toEqual({ leader: 1, leaderEpoch: 1 });
    expect(first.toldLeader('orders', 0)).toEqual({ leader: 1, leaderEpoch: 1 });
    expect(third.toldLeader('orders', 1)).toEqual({ leader: 3, leaderEpoch: 1 });
  });

  it('gives up what it follows, and keeps the data', async () => {
    await cluster.createTopic('orders', { '0': [2, 1], '1': [3, 2] });
    await shutDown(2);
    const stops = second.stopRequests.flatMap(({ topicStates }) =>
      topicStates.flatMap(({ partitionStates }) => partitionStates),
    );
    expect(stops).toEqual([{ partitionIndex: 1, leaderEpoch: 1, deletePartition: false }]);
  });

  it('remains the leader where nobody else is in sync, and may ask again', async () => {
    await cluster.createTopic('orders', { '0': [2, 3] });
    await cluster.leave(third);
    expect(await shutDown(2)).toEqual([{ topic: 'orders', partition: 0 }]);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, leader_epoch: 1, isr: [2] });
    await cluster.join(third, { stands: false });
    const caughtUp = {
      topic: 'orders',
      partition: 0,
      leaderEpoch: 1,
      isr: [2, 3],
      brokerEpochs: new Map(),
      leaderRecoveryState: 0,
      partitionEpoch: 1,
    };
    const brokerEpoch = await cluster.epochOf(second);
    await cluster.controller.alterPartitions({ brokerId: 2, brokerEpoch, proposals: [caughtUp] });
    expect(await shutDown(2)).toEqual([]);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, leader_epoch: 2, isr: [3] });
  });

  it('keeps what has no other replica, which does not count', async () => {
    await cluster.createTopic('orders', { '0': [2] });
    expect(await shutDown(2)).toEqual([]);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, leader_epoch: 0 });
  });

  it('is given nothing more to lead, and all of it again when it has come back', async () => {
    await shutDown(2);
    await cluster.createTopic('orders', { '0': [2, 1] });
    expect(await cluster.state('orders')).toMatchObject({ leader: 1, isr: [1] });
    await cluster.leave(second);
    await cluster.join(second, { stands: false });
    await cluster.createTopic('more', { '0': [2, 1] });
    expect(await cluster.state('more')).toMatchObject({ leader: 2, isr: [2, 1] });
  });

  it('leaves nothing to be written when it is gone', async () => {
    await cluster.createTopic('orders', { '0': [2, 1, 3], '1': [3, 2] });
    await shutDown(2);
    const before = [await cluster.state('orders', 0), await cluster.state('orders', 1)];
    await cluster.leave(second);
    expect([await cluster.state('orders', 0), await cluster.state('orders', 1)]).toEqual(before);
  });

  it('is the controller itself: another takes over when it resigns', async () => {
    await cluster.createTopic('orders', { '0': [1, 2] });
    expect(await shutDown(1)).toEqual([]);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
    await cluster.leave(first);
    await cluster.settle(1000);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, leader_epoch: 1, isr: [2] });
  });
});

describe('a controlled shutdown', () => {
  it('of a broker that is not there, or of its former life, is refused', async () => {
    const ask = (brokerId: number, brokerEpoch: number): Promise<unknown> =>
      cluster.controller.controlledShutdown({ brokerId, brokerEpoch });
    await expect(ask(9, -1)).rejects.toMatchObject({ code: ErrorCodes.BROKER_NOT_AVAILABLE });
    await expect(ask(2, 1)).rejects.toMatchObject({ code: ErrorCodes.STALE_BROKER_EPOCH });
  });
});
