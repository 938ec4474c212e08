/** What the group coordinator is built from. */

import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import type { Timers } from '../../platform/timers.ts';
import type { GroupSettings } from '../group/settings.ts';
import type { OffsetsTopicLog } from './offsets-topic-port.ts';

export interface GroupCoordinatorOptions {
  readonly log: OffsetsTopicLog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: GroupSettings;
  /** Of __consumer_offsets as it is; before it exists, as offsets.topic.num.partitions says. */
  readonly partitionCount: () => number;
  /** offsets.commit.timeout.ms */
  readonly offsetsCommitTimeoutMs: number;
  /** offsets.retention.check.interval.ms */
  readonly offsetsRetentionCheckIntervalMs: number;
}
