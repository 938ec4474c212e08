import { describeFault } from '../support/describe-fault.ts';
import { engine } from '../support/engine.ts';
import { brokerIds } from '../support/fault-cluster.ts';

describeFault({
  name: 'cluster-killed',
  // librdkafka does if the first broker to come back says that it knows no topic yet, as Apache Kafka's does.
  mayGiveUp: engine === 'kafka',
  inject: async ({ cluster, load, note }) => {
    const killedAt = Date.now();
    await Promise.all(cluster.brokers.map((broker) => broker.kill()));
    await Promise.all(brokerIds.map((id) => cluster.revive(id)));
    note(`all brokers ready again after ${String(Date.now() - killedAt)} ms`);
    await load.flows();
    note(`produced again after ${String(load.longestPauseMs(killedAt))} ms`);
  },
});
