/** Builds what leaders and followers of this broker need of the rest of it. */

import type { BrokerAddress } from './client/broker-connection.ts';
import type { ConfigStore } from './config-store/config-store.ts';
import { protocolPins } from './controller/protocol-pins.ts';
import { FetcherManager } from './replication/fetcher/fetcher-manager.ts';
import { ControllerLink } from './replication/isr/controller-link.ts';
import type { IsrChanges } from './replication/isr/isr-changes.ts';
import { IsrQueue } from './replication/isr/isr-queue.ts';
import { ZooKeeperIsr } from './replication/isr/zookeeper-isr.ts';
import type { LeaderPorts } from './replication/leader/leader-ports.ts';
import type { ReplicationThrottle } from './replication/throttle/replication-throttle.ts';
import type { MetadataCache } from './server/metadata-cache.ts';
import type { ServiceOptions } from './service-options.ts';

export interface ReplicationOptions extends Pick<
  ServiceOptions,
  | 'brokerId'
  | 'configs'
  | 'logs'
  | 'platform'
  | 'brokerEpoch'
  | 'session'
  | 'controller'
  | 'connect'
> {
  readonly metadata: MetadataCache;
}

export function makeLeaderPorts(options: ReplicationOptions): LeaderPorts & { close(): void } {
  const { configs, platform, brokerEpoch, metadata } = options;
  const { isrChanges, close } = makeIsrChanges(options);
  return {
    clock: platform.clock,
    isrChanges,
    brokerEpoch,
    isAlive: (brokerId) => metadata.image.isAlive(brokerId),
    lagMsMax: () => configs.broker.replicaLagTimeMaxMs,
    minInSyncReplicas: (topic) => configs.topicConfig(topic).minInsyncReplicas,
    logger: loggerOf(options),
    close,
  };
}

export function makeFetchers(
  options: ReplicationOptions,
  throttle: ReplicationThrottle,
): FetcherManager {
  const { brokerId, brokerEpoch, configs, logs, metadata, platform, connect } = options;
  const { interBrokerListenerName: listener, interBrokerProtocolVersion } = configs.broker;
  const addressOf = (id: number): BrokerAddress | undefined => metadata.endpoint(id, listener);
  return new FetcherManager({
    brokerId,
    brokerEpoch,
    settings: () => fetcherSettings(configs),
    versions: protocolPins(interBrokerProtocolVersion).replicationVersions,
    addressOf,
    whenAddressKnown: (id, timeoutMs) =>
      metadata.waitUntil(() => addressOf(id) !== undefined, timeoutMs),
    connect: (address) =>
      connect(address, {
        what: 'replica',
        requestTimeoutMs: configs.broker.replicaSocketTimeoutMs,
      }),
    saveOffsets: ({ topic, partition }) => logs.saveOffsets(topic, partition),
    throttle,
    clock: platform.clock,
    timers: platform.timers,
    logger: loggerOf(options),
  });
}

function makeIsrChanges(options: ReplicationOptions): {
  readonly isrChanges: IsrChanges;
  readonly close: () => void;
} {
  const { brokerId, brokerEpoch, configs, metadata, platform, session, controller, connect } =
    options;
  const { clock, timers } = platform;
  const logger = loggerOf(options);
  const { interBrokerListenerName, interBrokerProtocolVersion } = configs.broker;
  if (!protocolPins(interBrokerProtocolVersion).alterPartition) {
    const minInSync = (topic: string): number => configs.topicConfig(topic).minInsyncReplicas;
    const isrChanges = new ZooKeeperIsr({ brokerId, session, minInSync, timers, logger });
    return { isrChanges, close: () => isrChanges.close() };
  }
  const link = new ControllerLink({
    brokerId,
    brokerEpoch,
    localController: controller,
    cluster: metadata.image,
    listenerName: interBrokerListenerName,
    connect: (address) =>
      connect(address, { what: 'isr', requestTimeoutMs: configs.broker.controllerSocketTimeoutMs }),
  });
  const isrChanges = new IsrQueue({ controller: link, clock, timers, logger });
  return { isrChanges, close: () => link.close() };
}

function fetcherSettings({
  broker,
}: ConfigStore): ReturnType<ConstructorParameters<typeof FetcherManager>[0]['settings']> {
  return {
    fetchersPerLeader: broker.numReplicaFetchers,
    waitMsMax: broker.replicaFetchWaitMaxMs,
    bytesMin: broker.replicaFetchMinBytes,
    partitionBytesMax: broker.replicaFetchMaxBytes,
    responseBytesMax: broker.replicaFetchResponseMaxBytes,
    backoffMs: broker.replicaFetchBackoffMs,
  };
}

function loggerOf({ platform }: ReplicationOptions): LeaderPorts['logger'] {
  return platform.logger.child({ component: 'replication' });
}
