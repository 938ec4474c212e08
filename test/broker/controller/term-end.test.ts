/** What a controller leaves in the log when its term ends in the middle of its work. */

import { describe, expect, it } from '@jest/globals';
import { paths } from '../../../broker/zookeeper/paths.ts';
import { runningCluster } from './running-cluster.ts';

const running = runningCluster(2);

describe('the end of a term', () => {
  it('is not told as a broker that cannot be reached', async () => {
    const { cluster } = running;
    await cluster.createTopic('orders', { '0': [2] });
    const broker = running.broker(2);
    broker.beforeStop = () => new Promise(() => undefined);
    await cluster.markForDeletion('orders');
    expect(broker.stopRequests).not.toHaveLength(0);
    await cluster.session.remove(paths.controller, -1);
    await cluster.settle(3000);
    expect(cluster.log.withMessage('elected controller').length).toBeGreaterThan(1);
    expect(cluster.log.withMessage('controller cannot reach a broker')).toHaveLength(0);
  });
});
