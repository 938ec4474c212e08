import { expect } from '@jest/globals';
import { describeFault } from '../support/describe-fault.ts';
import { engine, sessionTimeoutMs } from '../support/engine.ts';

describeFault({
  name: 'controller-restarted',
  inject: async ({ cluster, load, note }) => {
    const controller = await cluster.controllerId();
    const former = await cluster.state.controllerSession();
    const killedAt = Date.now();
    await cluster.broker(controller).kill();
    await cluster.revive(controller);
    await cluster.controllerOfAnotherSession(former);
    const pauseMs = Date.now() - killedAt;
    note(`another term after ${String(pauseMs)} ms`);
    await load.flows();
    note(`produced again after ${String(load.longestPauseMs(killedAt))} ms`);
    // Apache Kafka's broker cannot start before its old session is over.
    if (engine === 'odradek') expect(pauseMs).toBeLessThan((sessionTimeoutMs * 2) / 3);
  },
});
