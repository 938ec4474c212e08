import { expect } from '@jest/globals';
import { describeFault } from '../support/describe-fault.ts';
import { hostOf, zooKeeperHosts } from '../support/fault-cluster.ts';

describeFault({
  name: 'controller-deaf-to-zookeeper',
  inject: async ({ cluster, topic, load, note }) => {
    const victim = await cluster.controllerId();
    const cutAt = Date.now();
    // What it writes may arrive, and it never learns whether it did.
    for (const server of zooKeeperHosts) await cluster.network.cut(server, hostOf(victim));
    const next = await cluster.controllerOtherThan(victim);
    note(`another controller after ${String(Date.now() - cutAt)} ms`);
    await cluster.leadsNothing(victim, topic);
    await load.flows();
    note(`nothing acknowledged for at most ${String(load.longestPauseMs(cutAt))} ms`);
    await cluster.network.heal();
    await load.flows();
    expect(await cluster.controllerId()).toBe(next);
  },
});
