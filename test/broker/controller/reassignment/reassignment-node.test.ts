/** /admin/reassign_partitions, as kafka-reassign-partitions --zookeeper of 2.8 makes it. */

import { describe, expect, it } from '@jest/globals';
import { ErrorCodes } from '../../../../broker/model/error-codes.ts';
import { partitionStatePath, paths, topicPath } from '../../../../broker/zookeeper/paths.ts';
import type { ControllerCluster } from '../cluster-fixture.ts';
import { json } from '../cluster-fixture.ts';
import { runningCluster } from '../running-cluster.ts';
import { catchUp, placementOf, reassign, stateOf } from './moving-replicas.ts';

const running = runningCluster(4);
const settled = (replicas: readonly number[]): object => ({ replicas, adding: [], removing: [] });

interface Named {
  readonly topic: string;
  readonly partition: number;
  readonly replicas: readonly number[];
}

async function ask(cluster: ControllerCluster, partitions: readonly Named[]): Promise<void> {
  await cluster.session.create(paths.reassignPartitions, json({ version: 1, partitions }));
  await cluster.settle();
}

describe('the znode for reassignments', () => {
  it('is taken away when all that it names is done, and names what is left until then', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2], '1': [3] });
    const first = { topic: 'orders', partition: 0, replicas: [3] };
    const second = { topic: 'orders', partition: 1, replicas: [4, 2] };
    await ask(cluster, [first, second]);
    expect(await placementOf(cluster, 'orders')).toMatchObject({ adding: [3], removing: [2] });
    expect(await placementOf(cluster, 'orders', 1)).toMatchObject({ adding: [4, 2] });
    await catchUp(cluster, broker(2), { topic: 'orders', ids: [3] });
    expect(await cluster.read(paths.reassignPartitions)).toEqual({
      version: 1,
      partitions: [second],
    });
    await catchUp(cluster, broker(3), { topic: 'orders', partition: 1, ids: [4, 2] });
    expect(await cluster.read(paths.reassignPartitions)).toBeNull();
    expect(await placementOf(cluster, 'orders')).toEqual(settled([3]));
    expect(await placementOf(cluster, 'orders', 1)).toEqual(settled([4, 2]));
  });

  it('is followed at once where replicas are only taken away', async () => {
    const { cluster } = running;
    await cluster.createTopic('orders', { '0': [2, 1] });
    await ask(cluster, [{ topic: 'orders', partition: 0, replicas: [2] }]);
    expect(await cluster.read(paths.reassignPartitions)).toBeNull();
    expect(await cluster.read(topicPath('orders'))).toMatchObject({
      partitions: { '0': [2] },
      adding_replicas: {},
      removing_replicas: {},
    });
    expect(await cluster.state('orders')).toMatchObject({ leader: 2, isr: [2] });
  });

  it('is rid of what is not possible, which is logged', async () => {
    const { cluster } = running;
    await cluster.createTopic('orders', { '0': [2] });
    const possible = { topic: 'orders', partition: 0, replicas: [3] };
    await ask(cluster, [
      { topic: 'nothing', partition: 0, replicas: [1] },
      possible,
      { topic: 'orders', partition: 7, replicas: [1] },
    ]);
    expect(await cluster.read(paths.reassignPartitions)).toEqual({
      version: 1,
      partitions: [possible],
    });
    expect(cluster.log.withMessage('a reassignment is not possible')).toHaveLength(2);
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['nothing in it', json({ version: 1, partitions: [] })],
    ['no data', null],
  ])('is taken away with %s', async (_, data) => {
    const { cluster } = running;
    await cluster.session.create(paths.reassignPartitions, data);
    await cluster.settle();
    expect(await cluster.session.exists(paths.reassignPartitions)).toBeNull();
    expect(await cluster.controllerEpoch()).toBe(1);
  });

  it('gives way to a request', async () => {
    const { cluster } = running;
    await cluster.createTopic('orders', { '0': [2] });
    await ask(cluster, [{ topic: 'orders', partition: 0, replicas: [3] }]);
    expect(await reassign(cluster, 'orders', null)).toMatchObject({ errorCode: ErrorCodes.NONE });
    expect(await cluster.session.exists(paths.reassignPartitions)).toBeNull();
    expect(await placementOf(cluster, 'orders')).toEqual(settled([2]));
  });

  it('is taken up by the next controller, whether it was begun or not', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [2], '1': [2] });
    await ask(cluster, [{ topic: 'orders', partition: 0, replicas: [3] }]);
    for (const id of [1, 2, 3, 4]) await broker(id).election?.stop();
    const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition, replicas: [3] }));
    await cluster.session.set(paths.reassignPartitions, json({ version: 1, partitions }), -1);
    await cluster.stand(broker(4));
    for (const partition of [0, 1]) {
      expect(await placementOf(cluster, 'orders', partition)).toMatchObject({ adding: [3] });
      await catchUp(cluster, broker(2), { topic: 'orders', partition, ids: [3] });
      expect(await placementOf(cluster, 'orders', partition)).toEqual(settled([3]));
    }
    expect(await cluster.session.exists(paths.reassignPartitions)).toBeNull();
  });

  it('goes when the topic that it names is deleted', async () => {
    const { cluster } = running;
    await cluster.createTopic('orders', { '0': [2] });
    await ask(cluster, [{ topic: 'orders', partition: 0, replicas: [3] }]);
    await cluster.markForDeletion('orders');
    expect(await cluster.session.exists(topicPath('orders'))).toBeNull();
    expect(await cluster.session.exists(paths.reassignPartitions)).toBeNull();
  });
});

describe('topics that tools make, alter and delete in ZooKeeper', () => {
  it('have all their replicas, in the order given', async () => {
    const { cluster, broker } = running;
    await cluster.createTopic('orders', { '0': [3, 1, 2], '1': [4, 3, 1] });
    expect(await stateOf(cluster, 'orders')).toMatchObject({ leader: 3, isr: [3, 1, 2] });
    expect(await stateOf(cluster, 'orders', 1)).toMatchObject({ leader: 4, isr: [4, 3, 1] });
    for (const id of [1, 2, 3]) expect(broker(id).toldNew('orders', 0)).toBe(true);
    expect(broker(4).toldNew('orders', 0)).toBeUndefined();
    const before = await cluster.read(topicPath('orders'));
    // As tools before 2.8, which do not know of topic ids.
    const partitions = { '0': [3, 1, 2], '1': [4, 3, 1], '2': [2, 4, 3] };
    await cluster.session.set(topicPath('orders'), json({ version: 1, partitions }), -1);
    await cluster.settle();
    expect(await stateOf(cluster, 'orders', 2)).toMatchObject({ leader: 2, isr: [2, 4, 3] });
    expect((await cluster.read(topicPath('orders')))?.['topic_id']).toBe(before?.['topic_id']);
    await cluster.markForDeletion('orders');
    expect(await cluster.session.exists(topicPath('orders'))).toBeNull();
    expect(await cluster.session.exists(partitionStatePath('orders', 2))).toBeNull();
    for (const id of [1, 2, 3, 4]) expect(broker(id).stopRequests.length).toBeGreaterThan(0);
  });
});
