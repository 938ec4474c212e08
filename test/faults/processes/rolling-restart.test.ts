import { brokerIds } from '../support/fault-cluster.ts';
import { describeFault } from '../support/describe-fault.ts';

describeFault({
  name: 'rolling-restart',
  inject: async ({ cluster, load, note }) => {
    for (const id of brokerIds) {
      await cluster.isWhole();
      const startedAt = Date.now();
      const broker = cluster.broker(id);
      await broker.stop();
      const stoppedAt = Date.now();
      await broker.start();
      await load.flows();
      const [stopMs, pauseMs] = [stoppedAt - startedAt, load.longestPauseMs(startedAt)];
      note(
        `broker ${String(id)}: stopped in ${String(stopMs)} ms, nothing acknowledged for at most ${String(pauseMs)} ms`,
      );
    }
  },
});
