/** What a controller is made with, for one term. */

import type { Random } from '../platform/random.ts';
import type { Logger } from '../platform/logger.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import type { ChannelOptions } from './broker-channels.ts';
import type { Rebalancing } from './leadership/rebalancing.ts';
import type { TopicConfigs } from './leadership/topic-settings.ts';

export interface ControllerOptions {
  /** Owns /controller; nothing else uses it. */
  readonly session: ZooKeeperSession;
  readonly brokerId: number;
  readonly epoch: number;
  readonly channels: Omit<ChannelOptions, 'onDeposed'>;
  readonly random: Random;
  readonly logger: Logger;
  readonly topicConfigs: TopicConfigs;
  /** inter.broker.protocol.version is 2.8 or later: topics have ids. */
  readonly topicIds: boolean;
  /** It is 3.2 or later: leaders recover after an unclean election. */
  readonly recoveryState: boolean;
  /** Null: leadership stays where it is. */
  readonly rebalancing: Rebalancing | null;
  /** delete.topic.enable; without it, markers for deletion are taken away. */
  readonly deletionEnabled: () => boolean;
  /** The term has to end; called once. */
  readonly onFailure: (error: unknown) => void;
}
