/**
 * Any sequence of reassignments, cancellations, deaths of brokers and changes of the controller, at
 * any moment: whoever leads has all that was acknowledged, and in the end the replicas are where they
 * were asked to be.
 */

import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ControllerCluster, FakeBroker } from '../cluster-fixture.ts';
import { command, IDS, Model, target } from './moving-model.ts';

it('ends where it was asked to, and never without a complete leader', async () => {
  const sequence = fc.array(command, { minLength: 1, maxLength: 20 });
  const property = fc.asyncProperty(target, sequence, async (replicas, steps) => {
    const cluster = await ControllerCluster.start();
    const brokers = IDS.map((it) => new FakeBroker(it));
    for (const broker of brokers) await cluster.join(broker);
    await cluster.createTopic('orders', { '0': [...replicas] });
    const model = new Model(cluster, brokers, replicas);
    try {
      await model.check();
      for (const step of steps) await model.run(step);
      await model.finish();
    } finally {
      await cluster.stop();
    }
  });
  await expect(fc.assert(property, { numRuns: 100 })).resolves.toBeUndefined();
}, 120_000);
