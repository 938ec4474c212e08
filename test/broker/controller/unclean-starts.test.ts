/** Brokers that come back without all that they had written: "last replica standing" (KIP-966). */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { noteUncleanStart } from '../../../broker/registration/unclean-start.ts';
import { uncleanStartPath } from '../../../broker/zookeeper/paths.ts';
import { ControllerCluster, FakeBroker, json } from './cluster-fixture.ts';

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

const orders = { topic: 'orders', partition: 0 };

async function joinUnclean(broker: FakeBroker): Promise<void> {
  await noteUncleanStart(cluster.session, broker.id);
  await cluster.join(broker, { stands: broker === first });
}

async function joinClean(broker: FakeBroker): Promise<void> {
  await cluster.join(broker, { stands: broker === first });
}

async function hasNote(broker: FakeBroker): Promise<boolean> {
  return (await cluster.session.exists(uncleanStartPath(broker.id))) !== null;
}

/** Nobody of the ISR lives, and all of it may come back; broker 1 is the controller. */
async function loseAll(isr: readonly number[]): Promise<void> {
  await cluster.createTopic('orders', { '0': [2, 3, 1] });
  await cluster.leave(first);
  await cluster.leave(second);
  await cluster.leave(third);
  const state = await cluster.state('orders');
  const path = '/brokers/topics/orders/partitions/0/state';
  await cluster.session.set(path, json({ ...state, leader: -1, isr }), -1);
}

describe('a broker that was not stopped cleanly', () => {
  it('is not elected while another member of the ISR may come back, which then leads', async () => {
    await loseAll([2, 3]);
    await joinClean(first);
    await joinUnclean(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, isr: [2, 3] });
    expect(await hasNote(second)).toBe(true);
    await joinClean(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, isr: [3] });
    expect(await hasNote(second)).toBe(false);
    expect(second.toldLeader('orders', 0)).toMatchObject({ leader: 3 });
  });

  it('is elected when it was the only one in sync', async () => {
    await loseAll([2]);
    await joinClean(first);
    await joinClean(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1 });
    await joinUnclean(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
    expect(await hasNote(second)).toBe(false);
  });

  it('is elected when all of the ISR has come back like this', async () => {
    await loseAll([2, 3]);
    await joinClean(first);
    await joinUnclean(second);
    await joinUnclean(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
    expect([await hasNote(second), await hasNote(third)]).toEqual([false, false]);
  });

  it('is elected on demand, or where the topic allows it', async () => {
    await loseAll([2, 3]);
    await joinClean(first);
    await joinUnclean(second);
    await cluster.controller.electLeaders('unclean', [orders]);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
    expect(await hasNote(second)).toBe(false);
  });

  it('is still in doubt for the next controller', async () => {
    await loseAll([2, 3]);
    await joinClean(first);
    await joinUnclean(second);
    await cluster.leave(first);
    await joinClean(first);
    await cluster.settle(2000);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, isr: [2, 3] });
    await joinClean(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, isr: [3] });
  });

  it('loses leadership and ISR that a controller finds it in, which was not there when it fell', async () => {
    await cluster.createTopic('orders', { '0': [2, 3, 1] });
    await cluster.createTopic('alone', { '0': [2] });
    for (const broker of [first, third, second]) await cluster.leave(broker);
    // The states are those of the former life: nobody has seen it fall.
    for (const [topic, isr] of [
      ['orders', [2, 3, 1]],
      ['alone', [2]],
    ] as const) {
      const state = await cluster.state(topic);
      await cluster.session.set(
        `/brokers/topics/${topic}/partitions/0/state`,
        json({ ...state, leader: 2, isr }),
        -1,
      );
    }
    await noteUncleanStart(cluster.session, 2);
    await cluster.join(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, isr: [2, 3, 1] });
    expect(await cluster.state('alone')).toMatchObject({ leader: 2, isr: [2] });
    await joinClean(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, isr: [3] });
    expect(await hasNote(second)).toBe(false);
  });

  it('is in doubt although a controller that had not heard of its start has left it alone in the ISR', async () => {
    cluster.minInSync = 2;
    await cluster.createTopic('orders', { '0': [2, 3] });
    for (const broker of [first, third, second]) await cluster.leave(broker);
    await noteUncleanStart(cluster.session, 2);
    const state = await cluster.state('orders');
    await cluster.session.set(
      '/brokers/topics/orders/partitions/0/state',
      json({ ...state, leader: 2, isr: [2], odradek_eligible: [3] }),
      -1,
    );
    await cluster.join(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1 });
    await joinClean(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, isr: [3] });
    expect(await hasNote(second)).toBe(false);
  });

  it('says nothing of a first start', async () => {
    const fourth = new FakeBroker(4);
    await noteUncleanStart(cluster.session, 4);
    await cluster.join(fourth, { stands: false });
    expect(await hasNote(fourth)).toBe(false);
  });
});

describe('a replica that left the ISR when it fell below min.insync.replicas', () => {
  async function standAlone(): Promise<void> {
    cluster.minInSync = 2;
    await cluster.createTopic('orders', { '0': [2, 3] });
    await cluster.leave(third);
    expect(await cluster.state('orders')).toMatchObject({
      leader: 2,
      isr: [2],
      odradek_eligible: [3],
    });
  }

  it('is elected before the last one standing, if that was not stopped cleanly', async () => {
    await standAlone();
    await cluster.leave(second);
    await joinClean(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, isr: [2] });
    await joinUnclean(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, isr: [3] });
  });

  it('is waited for', async () => {
    await standAlone();
    await cluster.leave(second);
    await joinUnclean(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: -1, isr: [2] });
    await joinClean(third);
    expect(await cluster.state('orders')).toMatchObject({ leader: 3, isr: [3] });
  });

  it('is not preferred to one that was stopped cleanly', async () => {
    await standAlone();
    await cluster.leave(second);
    await joinClean(third);
    await joinClean(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
  });

  it('is eligible no more when it was not stopped cleanly itself', async () => {
    await standAlone();
    await joinUnclean(third);
    expect(await cluster.state('orders')).not.toHaveProperty('odradek_eligible');
    expect(await hasNote(third)).toBe(false);
    await cluster.leave(second);
    await joinUnclean(second);
    expect(await cluster.state('orders')).toMatchObject({ leader: 2 });
  });

  it('is eligible no more when it is in the ISR again, or min.insync.replicas is lower', async () => {
    await standAlone();
    cluster.minInSync = 1;
    cluster.controller.topicConfigsChanged('all');
    await cluster.settle();
    expect(await cluster.state('orders')).not.toHaveProperty('odradek_eligible');
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
  });
});
