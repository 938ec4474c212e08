/** What the parts of a controller share for one term. */

import type { Logger } from '../platform/logger.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import type { Announcer } from './announcer.ts';
import type { BrokerChannels } from './broker-channels.ts';
import type { ControllerContext } from './context.ts';
import type { Leadership } from './leadership/leadership.ts';
import type { TopicSettings } from './leadership/topic-settings.ts';
import type { UncleanStarts } from './leadership/unclean-starts.ts';
import type { PartitionMachine } from './partition-machine.ts';
import type { TermEvents } from './term-events.ts';
import type { TopicDeletion } from './topic-deletion.ts';

export interface Term {
  /** Owns /controller. */
  readonly session: ZooKeeperSession;
  readonly context: ControllerContext;
  readonly events: TermEvents;
  readonly channels: BrokerChannels;
  readonly announcer: Announcer;
  readonly partitions: PartitionMachine;
  readonly settings: TopicSettings;
  readonly leadership: Leadership;
  readonly uncleanStarts: UncleanStarts;
  readonly deletion: TopicDeletion;
  readonly logger: Logger;
}
