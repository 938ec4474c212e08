import { describeFault } from '../support/describe-fault.ts';
import { brokerIds } from '../support/fault-cluster.ts';

/** Each broker more than once, and the controller wherever it is by then. */
const rounds = 3;

describeFault({
  name: 'brokers-bounced',
  inject: async ({ cluster, load, note }) => {
    const begunAt = Date.now();
    for (let round = 0; round < rounds; round++)
      for (const id of brokerIds) {
        await cluster.broker(id).kill();
        // At once: nobody waits until it is in sync again, so that its followers may still be behind.
        await cluster.revive(id);
        await load.flows(2);
      }
    await load.flows();
    const times = String(rounds * brokerIds.length);
    note(
      `${times} kills, nothing acknowledged for at most ${String(load.longestPauseMs(begunAt))} ms`,
    );
  },
});
