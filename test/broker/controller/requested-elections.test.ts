/** Elections on demand, by znode, and by the controller's own look at the balance. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { paths } from '../../../broker/zookeeper/paths.ts';
import { ControllerCluster, FakeBroker, json } from './cluster-fixture.ts';

let cluster: ControllerCluster;
let first: FakeBroker;
let second: FakeBroker;
let third: FakeBroker;

async function begin(): Promise<void> {
  [first, second, third] = [new FakeBroker(1), new FakeBroker(2), new FakeBroker(3)];
  for (const broker of [first, second, third]) await cluster.join(broker);
}

beforeEach(async () => {
  cluster = await ControllerCluster.start();
});

afterEach(async () => {
  await cluster.stop();
});

const orders = { topic: 'orders', partition: 0 };

/** Broker 1 leads, 2 is preferred, and both are in sync again. */
async function unbalance(): Promise<void> {
  await cluster.createTopic('orders', { '0': [2, 1] });
  await cluster.leave(second);
  await cluster.join(second, { stands: false });
  await cluster.controller.alterPartitions({
    brokerId: 1,
    brokerEpoch: await cluster.epochOf(first),
    proposals: [
      {
        ...orders,
        leaderEpoch: 1,
        isr: [1, 2],
        brokerEpochs: new Map(),
        leaderRecoveryState: 0,
        partitionEpoch: 1,
      },
    ],
  });
  expect(await cluster.state('orders')).toMatchObject({ leader: 1, isr: [1, 2] });
}

const BALANCED = { leader: 2, leader_epoch: 2, isr: [1, 2] };

describe('an election of preferred leaders', () => {
  beforeEach(begin);

  it('brings leadership back, and the ISR stays', async () => {
    await unbalance();
    const [outcome] = await cluster.controller.electLeaders('preferred', [orders]);
    await cluster.settle();
    expect(outcome).toMatchObject({ errorCode: ErrorCodes.NONE });
    expect(await cluster.state('orders')).toMatchObject(BALANCED);
    expect(first.toldLeader('orders', 0)).toEqual({ leader: 2, leaderEpoch: 2 });
    expect(third.metadataRequests.at(-1)?.topicStates[0]?.partitionStates[0]).toMatchObject({
      leader: 2,
    });
  });

  it('of every partition answers for each', async () => {
    await unbalance();
    await cluster.createTopic('fine', { '0': [1] });
    const outcomes = await cluster.controller.electLeaders('preferred', null);
    const codes = new Map(outcomes.map(({ topic, errorCode }) => [topic, errorCode]));
    expect(codes.get('orders')).toBe(ErrorCodes.NONE);
    expect(codes.get('fine')).toBe(ErrorCodes.ELECTION_NOT_NEEDED);
  });

  it('says why it does not take place', async () => {
    await cluster.createTopic('orders', { '0': [2, 1], '1': [1, 2] });
    await cluster.leave(second);
    const asked = [orders, { ...orders, partition: 1 }, { ...orders, partition: 7 }];
    const outcomes = await cluster.controller.electLeaders('preferred', asked);
    expect(outcomes.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCodes.PREFERRED_LEADER_NOT_AVAILABLE,
      ErrorCodes.ELECTION_NOT_NEEDED,
      ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    expect(await cluster.state('orders')).toMatchObject({ leader: 1, leader_epoch: 1 });
  });

  it('is asked for by the znode of older tools too, which goes', async () => {
    await unbalance();
    const partitions = [orders, { topic: 'ghost', partition: 0 }];
    await cluster.session.create(paths.preferredElection, json({ version: 1, partitions }));
    await cluster.settle();
    expect(await cluster.state('orders')).toMatchObject(BALANCED);
    expect(await cluster.session.exists(paths.preferredElection)).toBeNull();
  });

  it('that cannot be read is taken away', async () => {
    await cluster.session.create(paths.preferredElection, Buffer.from('not json'));
    await cluster.settle();
    expect(await cluster.session.exists(paths.preferredElection)).toBeNull();
    expect(await cluster.controllerEpoch()).toBe(1);
  });
});

describe('an unclean election', () => {
  beforeEach(begin);

  it('lets any live replica lead where nobody does', async () => {
    await cluster.createTopic('orders', { '0': [3, 2] });
    await cluster.leave(second);
    await cluster.leave(third);
    const refused = await cluster.controller.electLeaders('unclean', [orders]);
    expect(refused[0]?.errorCode).toBe(ErrorCodes.ELIGIBLE_LEADERS_NOT_AVAILABLE);
    await cluster.join(second, { stands: false });
    const [outcome] = await cluster.controller.electLeaders('unclean', [orders]);
    expect(outcome?.errorCode).toBe(ErrorCodes.NONE);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
    const [again] = await cluster.controller.electLeaders('unclean', [orders]);
    expect(again?.errorCode).toBe(ErrorCodes.ELECTION_NOT_NEEDED);
  });
});

describe('auto.leader.rebalance.enable', () => {
  it('brings leadership back where too much of it is elsewhere', async () => {
    cluster.rebalancing = { intervalMs: 10_000, percentageMax: 10 };
    await begin();
    await cluster.settle(6000);
    await unbalance();
    await cluster.settle(4000);
    expect(await cluster.state('orders')).toMatchObject({ leader: 1 });
    await cluster.settle(8000);
    expect(await cluster.state('orders')).toMatchObject(BALANCED);
  });

  it('lets be what is within leader.imbalance.per.broker.percentage', async () => {
    cluster.rebalancing = { intervalMs: 1000, percentageMax: 100 };
    await begin();
    await unbalance();
    await cluster.settle(10_000);
    expect(await cluster.state('orders')).toMatchObject({ leader: 1 });
  });
});
