/** A controller that was killed and is back before its session has ended. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { paths } from '../../../broker/zookeeper/paths.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { encodeController } from '../../../broker/zookeeper/znodes/controller.ts';
import { ControllerCluster, FakeBroker } from './cluster-fixture.ts';

const REMOVED = 'the controller was a former life of this broker';

let cluster: ControllerCluster;
/** Nobody keeps it alive any more, and nobody ends it. */
let formerSession: ZooKeeperSession;

beforeEach(async () => {
  cluster = await ControllerCluster.start();
  formerSession = await cluster.store.openSession();
  const data = encodeController({ brokerId: 2, timestampMs: 1 });
  await formerSession.create(paths.controller, data, { ephemeral: true });
});

afterEach(async () => {
  await cluster.stop();
});

async function ownerOfController(): Promise<string | null> {
  return (await cluster.session.exists(paths.controller))?.ephemeralOwner ?? null;
}

describe('what a killed controller leaves behind', () => {
  it('is left alone by other brokers', async () => {
    const other = await cluster.join(new FakeBroker(1));
    await cluster.settle(3000);
    expect(other.election?.isController).toBe(false);
    expect(await ownerOfController()).toBe(formerSession.id);
  });

  it('is taken away by the next life of its broker, so that there is a controller at once', async () => {
    const brokers = [await cluster.join(new FakeBroker(1)), await cluster.join(new FakeBroker(2))];
    expect(cluster.log.withMessage(REMOVED)).toHaveLength(1);
    expect(brokers.filter(({ election }) => election?.isController === true)).toHaveLength(1);
    expect(await ownerOfController()).not.toBe(formerSession.id);
  });

  it('is not what a broker takes for its own later in its life', async () => {
    await formerSession.close();
    const broker = await cluster.join(new FakeBroker(2));
    expect(broker.election?.isController).toBe(true);
    await cluster.session.remove(paths.controller, -1);
    const session = await cluster.store.openSession();
    const data = encodeController({ brokerId: 2, timestampMs: 2 });
    await session.create(paths.controller, data, { ephemeral: true });
    await cluster.settle(3000);
    expect(cluster.log.withMessage(REMOVED)).toHaveLength(0);
  });
});
