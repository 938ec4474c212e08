/** AlterPartition, at the controller. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type {
  IsrOutcome,
  IsrProposal,
} from '../../../broker/controller/leadership/isr-proposals.ts';
import { ErrorCodes } from '../../../broker/model/error-codes.ts';
import { deleteTopicPath, partitionStatePath } from '../../../broker/zookeeper/paths.ts';
import { ControllerCluster, FakeBroker, json } from './cluster-fixture.ts';

let cluster: ControllerCluster;
let first: FakeBroker;
let second: FakeBroker;
let third: FakeBroker;

beforeEach(async () => {
  cluster = await ControllerCluster.start();
  [first, second, third] = [new FakeBroker(1), new FakeBroker(2), new FakeBroker(3)];
  for (const broker of [first, second, third]) await cluster.join(broker);
  await cluster.createTopic('orders', { '0': [2, 1, 3] });
});

afterEach(async () => {
  await cluster.stop();
});

const proposal: IsrProposal = {
  topic: 'orders',
  partition: 0,
  leaderEpoch: 0,
  isr: [2, 1],
  brokerEpochs: new Map(),
  leaderRecoveryState: 0,
  partitionEpoch: 0,
};

async function propose(
  change: Partial<IsrProposal> = {},
  sender = second,
): Promise<IsrOutcome | undefined> {
  const outcomes = await cluster.controller.alterPartitions({
    brokerId: sender.id,
    brokerEpoch: await cluster.epochOf(sender),
    proposals: [{ ...proposal, ...change }],
  });
  await cluster.settle();
  return outcomes[0];
}

describe('a proposal of the leader', () => {
  it('becomes the ISR: the partition epoch rises, the leader epoch does not, brokers hear of it', async () => {
    const told = [first, second, third].map(({ leaderRequests }) => leaderRequests.length);
    expect(await propose()).toMatchObject({
      errorCode: ErrorCodes.NONE,
      state: { leader: 2, leaderEpoch: 0, isr: [2, 1], partitionEpoch: 1 },
    });
    expect(await cluster.state('orders')).toMatchObject({ leader_epoch: 0, isr: [2, 1] });
    expect([first, second, third].map((it) => it.leaderRequests.length)).toEqual(told);
    for (const { metadataRequests } of [first, second, third]) {
      const heard = metadataRequests.at(-1)?.topicStates[0]?.partitionStates[0];
      expect(heard).toMatchObject({ isr: [2, 1], zkVersion: 1 });
    }
  });

  it('that was taken already is answered the same again, and nothing is written', async () => {
    await propose();
    expect(await propose()).toMatchObject({ state: { isr: [2, 1], partitionEpoch: 1 } });
    expect((await cluster.session.exists(partitionStatePath('orders', 0)))?.version).toBe(1);
  });

  it('lets a replica in again that has caught up', async () => {
    await propose();
    const outcome = await propose({ isr: [2, 1, 3], partitionEpoch: 1 });
    expect(outcome).toMatchObject({ state: { isr: [2, 1, 3], partitionEpoch: 2 } });
  });

  it('is refused when a state was written meanwhile that the controller does not know', async () => {
    const state = await cluster.state('orders');
    const path = partitionStatePath('orders', 0);
    await cluster.session.set(path, json({ ...state, isr: [2, 3] }), -1);
    expect((await propose())?.errorCode).toBe(ErrorCodes.INVALID_UPDATE_VERSION);
    expect(await propose({ isr: [2], partitionEpoch: 1 })).toMatchObject({ state: { isr: [2] } });
  });

  it('on a state that the controller does not know tells it and all brokers of that state', async () => {
    const state = await cluster.state('orders');
    const path = partitionStatePath('orders', 0);
    await cluster.session.set(path, json({ ...state, isr: [2, 3] }), -1);
    expect(await propose({ isr: [2, 3, 1], partitionEpoch: 1 })).toMatchObject({
      errorCode: ErrorCodes.NONE,
      state: { isr: [2, 3, 1], partitionEpoch: 2 },
    });
    await cluster.session.set(path, json({ ...state, leader_epoch: 4, isr: [2, 3] }), -1);
    expect(await propose({ isr: [2], leaderEpoch: 4, partitionEpoch: 3 })).toMatchObject({
      state: { isr: [2], leaderEpoch: 4, partitionEpoch: 4 },
    });
    const told = first.leaderRequests.at(-1)?.topicStates[0]?.partitionStates[0];
    expect(told).toMatchObject({ leaderEpoch: 4, isr: [2, 3] });
  });

  it('that was overtaken by another write is answered by telling what was written', async () => {
    const state = await cluster.state('orders');
    const path = partitionStatePath('orders', 0);
    await cluster.session.set(path, json({ ...state, isr: [2, 3] }), -1);
    expect((await propose())?.errorCode).toBe(ErrorCodes.INVALID_UPDATE_VERSION);
    const heard = second.metadataRequests.at(-1)?.topicStates[0]?.partitionStates[0];
    expect(heard).toMatchObject({ isr: [2, 3], zkVersion: 1 });
  });

  it.each<[string, Partial<IsrProposal>, number]>([
    ['on an old state', { partitionEpoch: 7 }, ErrorCodes.INVALID_UPDATE_VERSION],
    ['of another leader epoch', { leaderEpoch: 1 }, ErrorCodes.FENCED_LEADER_EPOCH],
    ['without the leader', { isr: [1, 3] }, ErrorCodes.INVALID_REQUEST],
    ['with a member twice', { isr: [2, 2] }, ErrorCodes.INVALID_REQUEST],
    ['with somebody who is no replica', { isr: [2, 9] }, ErrorCodes.INVALID_REQUEST],
    ['of a topic that is not there', { topic: 'x' }, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ['of a partition that is not there', { partition: 9 }, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ['that begins a recovery', { leaderRecoveryState: 1 }, ErrorCodes.INVALID_REQUEST],
  ])('%s is refused', async (_, change, code) => {
    expect(await propose(change)).toMatchObject({ errorCode: code, state: null });
    expect(await cluster.state('orders')).toMatchObject({ isr: [2, 1, 3] });
  });

  it('with a replica that does not live, or is about to stop, is refused', async () => {
    await cluster.leave(third);
    const change = { leaderEpoch: 1, partitionEpoch: 1, isr: [2, 1, 3] };
    expect((await propose(change))?.errorCode).toBe(ErrorCodes.INELIGIBLE_REPLICA);
    await cluster.join(third, { stands: false });
    await cluster.controller.controlledShutdown({ brokerId: 3, brokerEpoch: -1 });
    expect((await propose(change))?.errorCode).toBe(ErrorCodes.INELIGIBLE_REPLICA);
  });

  it('with a replica of a former life is refused', async () => {
    await propose();
    const brokerEpochs = new Map([[3, (await cluster.epochOf(third)) - 1]]);
    const change = { isr: [2, 1, 3], partitionEpoch: 1, brokerEpochs };
    expect((await propose(change))?.errorCode).toBe(ErrorCodes.INELIGIBLE_REPLICA);
  });

  it('ends the recovery after an unclean election', async () => {
    cluster.uncleanTopics.add('rare');
    await cluster.createTopic('rare', { '0': [3, 2] });
    await cluster.leave(second);
    await cluster.leave(third);
    await cluster.join(second, { stands: false });
    const rare = { topic: 'rare', leaderEpoch: 3, isr: [2], partitionEpoch: 3 };
    expect(await cluster.state('rare')).toMatchObject({ leader_recovery_state: 1 });
    expect(await propose(rare)).toMatchObject({ state: { leaderRecoveryState: 0 } });
    expect(await cluster.state('rare')).not.toHaveProperty('leader_recovery_state');
  });
});

describe('a proposal', () => {
  it('of somebody who does not lead is refused', async () => {
    expect((await propose({}, first))?.errorCode).toBe(ErrorCodes.INVALID_REQUEST);
  });

  it('of a former life of the broker is refused as a whole', async () => {
    const brokerEpoch = (await cluster.epochOf(second)) - 1;
    const asked = cluster.controller.alterPartitions({ brokerId: 2, brokerEpoch, proposals: [] });
    await expect(asked).rejects.toMatchObject({ code: ErrorCodes.STALE_BROKER_EPOCH });
  });

  it('after the end of the term is answered NOT_CONTROLLER', async () => {
    const { controller } = cluster;
    controller.sawEpoch(9);
    const asked = controller.alterPartitions({ brokerId: 2, brokerEpoch: 1, proposals: [] });
    await expect(asked).rejects.toMatchObject({ code: ErrorCodes.NOT_CONTROLLER });
  });

  it('for a topic that is being deleted is refused', async () => {
    third.beforeStop = () => new Promise(() => undefined);
    await cluster.session.create(deleteTopicPath('orders'), null);
    await cluster.settle();
    const outcome = await propose({ leaderEpoch: 1, partitionEpoch: 1 });
    expect(outcome?.errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  });
});
