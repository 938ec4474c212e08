/** What a leader needs from the rest of its broker; the same for all partitions. */

import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { IsrChanges } from '../isr/isr-changes.ts';

export interface LeaderPorts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly isrChanges: IsrChanges;
  /** Of this broker's present registration; null while there is none. */
  readonly brokerEpoch: () => number | null;
  /** Whether the cluster knows that broker as running: others do not join the in-sync replicas. */
  readonly isAlive: (brokerId: number) => boolean;
  /** replica.lag.time.max.ms */
  readonly lagMsMax: () => number;
  /** min.insync.replicas of the topic. */
  readonly minInSyncReplicas: (topic: string) => number;
  readonly logger: Logger;
}
