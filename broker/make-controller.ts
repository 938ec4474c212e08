/** Builds the controller of each term that this broker wins. */

import type { BrokerServices } from './broker-services.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import type { ChannelOptions } from './controller/broker-channels.ts';
import { Controller } from './controller/controller.ts';
import { rebalancingOf } from './controller/leadership/rebalancing.ts';
import type { TopicConfigs } from './controller/leadership/topic-settings.ts';
import { protocolPins } from './controller/protocol-pins.ts';
import type { MembershipOptions } from './membership.ts';
import type { Platform } from './platform/platform.ts';

export function controllerMaker(options: {
  readonly brokerId: number;
  readonly config: BrokerConfig;
  readonly configs: TopicConfigs;
  readonly services: Pick<BrokerServices, 'localBroker'>;
  readonly platform: Platform;
  readonly connect: ChannelOptions['connect'];
}): MembershipOptions['makeController'] {
  const { brokerId, config, configs, services, platform, connect } = options;
  const pins = protocolPins(config.interBrokerProtocolVersion);
  return (session, epoch, onFailure) => {
    const logger = platform.logger.child({ component: 'controller', epoch });
    return new Controller({
      session,
      brokerId,
      epoch,
      random: platform.random,
      logger,
      topicConfigs: configs,
      topicIds: pins.topicIds,
      recoveryState: pins.recoveryState,
      rebalancing: rebalancingOf(config),
      deletionEnabled: () => config.deleteTopicEnable,
      onFailure,
      channels: {
        localBrokerId: brokerId,
        localBroker: services.localBroker,
        versions: pins.controllerVersions,
        listenerName: config.interBrokerListenerName,
        connect,
        timers: platform.timers,
        logger,
      },
    });
  };
}
