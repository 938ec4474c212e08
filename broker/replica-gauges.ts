/** What /metrics says of the replicas held here. */

import type { BrokerMetrics } from './metrics/metrics.ts';
import type { Partition } from './replication/partition.ts';
import type { ReplicaManager } from './replication/replica-manager.ts';

export function observeReplicas(
  metrics: BrokerMetrics,
  {
    replicas,
    minInSyncReplicas,
  }: {
    readonly replicas: Pick<ReplicaManager, 'partitions'>;
    readonly minInSyncReplicas: (topic: string) => number;
  },
): void {
  const count = (isCounted: (partition: Partition) => boolean): number => {
    let found = 0;
    for (const partition of replicas.partitions()) if (isCounted(partition)) found += 1;
    return found;
  };
  const replicaCount = ({ state }: Partition): number => state?.replicas.length ?? 0;
  metrics.gauge('odradek_partitions', () => count(() => true));
  metrics.gauge('odradek_partitions_leading', () => count(({ isLeader }) => isLeader));
  metrics.gauge('odradek_partitions_under_replicated', () =>
    count((it) => it.isLeader && it.inSyncReplicas.length < replicaCount(it)),
  );
  metrics.gauge('odradek_partitions_under_min_isr', () =>
    count((it) => it.isLeader && it.inSyncReplicas.length < minInSyncReplicas(it.topic)),
  );
}
