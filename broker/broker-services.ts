/** What a broker serves requests with: built once the logs are open, for the life of the process. */

import { CONSUMER_OFFSETS, isInternalTopic } from './cluster/topic-name.ts';
import { TopicAdmin } from './controller/topic-admin.ts';
import { GroupCoordinator } from './coordinator/runtime/group-coordinator.ts';
import { makeFetchers, makeLeaderPorts } from './make-replication.ts';
import { ErrorCodes } from './model/error-codes.ts';
import { CommitPurgatory } from './replication/purgatory/commit-purgatory.ts';
import { FetchPurgatory } from './replication/purgatory/fetch-purgatory.ts';
import { ReplicaManager } from './replication/replica-manager.ts';
import { replicationThrottles } from './replication/throttle/replication-quota.ts';
import { authenticatorFor } from './security/authenticator.ts';
import { FetchSessions } from './server/fetch-sessions/fetch-sessions.ts';
import { isRackAware, replicaSelectorFor } from './server/fetch/replica-selector.ts';
import { LocalBroker } from './server/controlled-broker.ts';
import type { HandlerPorts } from './server/handlers.ts';
import { buildHandlers } from './server/handlers.ts';
import { MetadataCache } from './server/metadata-cache.ts';
import { OffsetsTopicPartitions } from './server/offsets-topic-log.ts';
import { ParkedRequests } from './server/parked-requests.ts';
import { ProducerIds } from './server/producer-ids.ts';
import { Router } from './server/router.ts';
import { TopicService } from './server/topic-service.ts';
import type { ServiceOptions } from './service-options.ts';

export interface BrokerServices {
  readonly router: Router;
  readonly localBroker: LocalBroker;
  readonly replicas: ReplicaManager;
  readonly metadata: MetadataCache;
  readonly groups: GroupCoordinator;
  readonly topics: TopicService;
  readonly purgatory: FetchPurgatory;
  /** Requests that wait for something are answered with what there is. */
  releaseParked(): void;
  stop(): Promise<void>;
}

export function buildServices(options: ServiceOptions): BrokerServices {
  const { configs, platform } = options;
  const { timers, logger } = platform;
  const metadata = new MetadataCache(timers);
  const parked = new ParkedRequests();
  const topics = topicService(options, metadata);
  const leaderPorts = makeLeaderPorts({ ...options, metadata });
  const throttles = replicationThrottles({
    brokerId: options.brokerId,
    clock: platform.clock,
    config: () => configs.broker,
    topicConfig: (topic) => configs.topicConfig(topic),
  });
  const purgatory = new FetchPurgatory(timers, {
    throttle: throttles.leader,
    tellsHighWatermark: isRackAware(configs.broker.replicaSelectorClass),
  });
  const replicas: ReplicaManager = new ReplicaManager({
    brokerId: options.brokerId,
    logs: options.logs,
    logger: logger.child({ component: 'replication' }),
    brokerEpoch: options.brokerEpoch,
    leaderPorts,
    followers: makeFetchers({ ...options, metadata }, throttles.follower),
    onControllerEpoch: options.onControllerEpoch,
    onBecomeLeader: ({ topic, index, tenure }) => {
      if (topic === CONSUMER_OFFSETS) void groups.becomeLeader(index, tenure);
    },
    onResign: (topic, partition) => {
      if (topic === CONSUMER_OFFSETS) groups.resign(partition);
    },
  });
  const groups = groupCoordinator(options, { metadata, replicas });
  const localBroker = new LocalBroker({
    replicas,
    metadata,
    refreshTopic: (topic) => configs.refreshTopic(topic),
    onTopicsDeleted: (names) => {
      for (const name of names) configs.forgetTopic(name);
      groups.topicsDeleted(names);
    },
    logger,
  });
  configs.onTopicConfig((names) => {
    if (names === 'all') options.logs.updateConfig();
    else for (const name of names) options.logs.updateConfig(name);
  });
  const ports = handlerPorts(options, {
    metadata,
    purgatory,
    parked,
    topics,
    replicas,
    groups,
    localBroker,
  });
  const isrTimer = timers.every(Math.ceil(configs.broker.replicaLagTimeMaxMs / 2), () => {
    replicas.tickIsr(platform.clock.monotonicMs());
  });
  return {
    router: routerOf(options, { ports, parked }),
    localBroker,
    replicas,
    metadata,
    groups,
    topics,
    purgatory,
    releaseParked: () => {
      parked.releaseAll();
      groups.stop();
    },
    stop: async () => {
      isrTimer.cancel();
      await replicas.stop();
      leaderPorts.close();
    },
  };
}

function topicService(
  { configs, platform, session, delivered }: ServiceOptions,
  metadata: MetadataCache,
): TopicService {
  const admin = new TopicAdmin({
    session,
    configs,
    liveBrokers: () => [...metadata.image.brokers.values()],
    topicNames: () => metadata.image.topics.keys(),
    random: platform.random,
  });
  const logger = platform.logger.child({ component: 'topics' });
  return new TopicService({ admin, metadata, config: () => configs.broker, delivered, logger });
}

function groupCoordinator(
  { configs, platform }: ServiceOptions,
  { metadata, replicas }: { readonly metadata: MetadataCache; readonly replicas: ReplicaManager },
): GroupCoordinator {
  const config = configs.broker;
  return new GroupCoordinator({
    log: new OffsetsTopicPartitions({
      replicas,
      minInSyncReplicas: () => configs.topicConfig(CONSUMER_OFFSETS).minInsyncReplicas,
      loadBufferSize: config.offsetsLoadBufferSize,
    }),
    clock: platform.clock,
    timers: platform.timers,
    random: platform.random,
    logger: platform.logger.child({ component: 'groups' }),
    settings: {
      sessionTimeoutMsMin: config.groupMinSessionTimeoutMs,
      sessionTimeoutMsMax: config.groupMaxSessionTimeoutMs,
      initialRebalanceDelayMs: config.groupInitialRebalanceDelayMs,
      groupSizeMax: config.groupMaxSize,
      offsetMetadataSizeMax: config.offsetMetadataMaxBytes,
      offsetsRetentionMs: config.offsetsRetentionMinutes * 60_000,
    },
    partitionCount: () =>
      metadata.topic(CONSUMER_OFFSETS)?.partitions.size ?? config.offsetsTopicNumPartitions,
    offsetsCommitTimeoutMs: config.offsetsCommitTimeoutMs,
    offsetsRetentionCheckIntervalMs: config.offsetsRetentionCheckIntervalMs,
  });
}

type Built = Pick<
  BrokerServices,
  'metadata' | 'purgatory' | 'topics' | 'replicas' | 'groups' | 'localBroker'
> & { readonly parked: ParkedRequests };

function handlerPorts(options: ServiceOptions, built: Built): HandlerPorts {
  const { brokerId, clusterId, configs, platform, session, isController } = options;
  const producerIds = new ProducerIds(brokerId, session);
  return {
    ...built,
    brokerId,
    clusterId: () => clusterId,
    configs,
    isController,
    controller: options.controller,
    broker: built.localBroker,
    topicConfig: (topic) => configs.topicConfig(topic),
    isInternal: isInternalTopic,
    missingReplicaCode: (topic, partition) => {
      if (built.replicas.isOffline(topic, partition)) return ErrorCodes.KAFKA_STORAGE_ERROR;
      // What is not in a picture with holes may exist all the same.
      return !built.metadata.isWhole ||
        built.metadata.topic(topic)?.partitions.has(partition) === true
        ? ErrorCodes.NOT_LEADER_OR_FOLLOWER
        : ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    },
    describeTopic: (topic) => configs.describeTopic(topic),
    logDirs: () => options.logs.describeLogDirs(),
    saveLogStart: (topic, partition) => options.logs.saveLogStart(topic, partition),
    deletionEnabled: () => configs.broker.deleteTopicEnable,
    partitionFor: (groupId) => built.groups.partitionFor(groupId),
    nextProducerId: () => producerIds.next(),
    commitPurgatory: new CommitPurgatory(platform.clock, platform.timers),
    fetchMaxBytes: configs.broker.fetchMaxBytes,
    fetchSessions: fetchSessions(options),
    replicaSelector: replicaSelectorFor(configs.broker.replicaSelectorClass, {
      brokerId,
      metadata: built.metadata,
    }),
    signalFor: (connectionId) => built.parked.signalFor(connectionId),
    authorizer: options.authorizer,
    quota: options.quota,
    produced: options.metrics.counter('odradek_produced_bytes_total'),
    fetched: options.metrics.counter('odradek_fetched_bytes_total'),
    replicated: options.metrics.counter('odradek_replicated_bytes_total'),
    clock: platform.clock,
    timers: platform.timers,
    logger: platform.logger.child({ component: 'server' }),
  };
}

function fetchSessions({ configs, platform, metrics }: ServiceOptions): FetchSessions {
  const sessions = new FetchSessions({
    slotCount: configs.broker.maxIncrementalFetchSessionCacheSlots,
    clock: platform.clock,
    random: platform.random,
  });
  metrics.gauge('odradek_fetch_sessions', () => sessions.cache.size);
  metrics.gauge('odradek_fetch_session_partitions', () => sessions.cache.partitionCount);
  return sessions;
}

function routerOf(
  { configs, platform, metrics }: ServiceOptions,
  { ports, parked }: { readonly ports: HandlerPorts; readonly parked: ParkedRequests },
): Router {
  const { listeners } = configs.broker;
  const received = metrics.counter('odradek_received_bytes_total');
  return new Router({
    handlers: buildHandlers(ports),
    authenticators: new Map(
      listeners.map(({ name, securityProtocol }) => [name, authenticatorFor(securityProtocol)]),
    ),
    securityProtocols: new Map(
      listeners.map(({ name, securityProtocol }) => [name, securityProtocol]),
    ),
    quota: ports.quota,
    clock: platform.clock,
    onAnswer: (apiKey, requestSize, elapsedMs) => {
      received.value += requestSize;
      metrics.request(apiKey, elapsedMs);
    },
    onDisconnect: (connectionId) => parked.release(connectionId),
  });
}
