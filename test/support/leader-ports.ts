/** What a partition is made with in tests that are not about in-sync replicas. */

import type { LeaderPorts } from '../../broker/replication/leader/leader-ports.ts';
import { CollectingLogger } from './collecting-logger.ts';
import { ManualTime } from './manual-time.ts';

export function leaderPorts(given: Partial<LeaderPorts> = {}): LeaderPorts {
  return {
    clock: new ManualTime(),
    isrChanges: { propose: () => new Promise(() => undefined) },
    brokerEpoch: () => 1,
    isAlive: () => true,
    lagMsMax: () => 30_000,
    minInSyncReplicas: () => 1,
    logger: new CollectingLogger(),
    ...given,
  };
}
