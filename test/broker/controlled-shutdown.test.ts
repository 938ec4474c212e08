/** What a broker does for its leaderships before it stops. */

import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../broker/platform/clock.ts';
import { brokerPath, paths, topicPath } from '../../broker/zookeeper/paths.ts';
import { testBrokers } from '../support/test-broker.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import { testClusters } from '../support/test-cluster.ts';

const MOVED = 'the controller has moved leadership away from this broker';
const UNANSWERED = 'no controller answers: the broker stops without moving leadership';

/** Two replicas, of which the second broker leads. */
async function makeReplicated(cluster: TestCluster): Promise<void> {
  const data = JSON.stringify({ version: 1, partitions: { '0': [1, 0] } });
  await cluster.session.create('/config/topics/orders', Buffer.from('{"version":1,"config":{}}'));
  await cluster.session.create(topicPath('orders'), Buffer.from(data));
  await cluster.partitionState('orders', ({ leader }) => leader === 1);
}

describe('a broker that stops', () => {
  const open = testClusters();
  const start = testBrokers();

  it('asks the controller on another broker, and has given its leadership away when it is gone', async () => {
    const cluster = await open();
    const [, second] = await cluster.start(2);
    await makeReplicated(cluster);
    await second?.stop();
    expect(second?.log.withMessage(MOVED)[0]?.fields).toMatchObject({ remaining: 0 });
    expect(await cluster.partitionState('orders', () => true)).toMatchObject({
      leader: 0,
      isr: [0],
    });
  });

  it('asks the controller in its own process', async () => {
    const broker = await start();
    await broker.stop();
    expect(broker.log.withMessage(MOVED)[0]?.fields).toMatchObject({ remaining: 0 });
  });

  it('does not ask with controlled.shutdown.enable=false', async () => {
    const broker = await start({ properties: { 'controlled.shutdown.enable': 'false' } });
    await broker.stop();
    expect(broker.log.withMessage(MOVED)).toEqual([]);
  });

  it('does not wait long for a controller that is not there', async () => {
    const cluster = await open();
    const [first] = await cluster.start(1);
    // Nobody whom a broker could reach: somebody else holds the place.
    const other = await cluster.store.openSession();
    await cluster.session.remove(paths.controller, -1);
    await other.create(paths.controller, Buffer.from('{"version":1,"brokerid":9}'), {
      ephemeral: true,
    });
    const begin = systemClock.monotonicMs();
    await first?.stop();
    expect(systemClock.monotonicMs() - begin).toBeLessThan(10_000);
    expect(first?.log.withMessage(UNANSWERED)).toHaveLength(1);
    expect(await cluster.session.exists(brokerPath(0))).toBeNull();
    await other.close();
  });
});
