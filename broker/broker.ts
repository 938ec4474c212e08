/**
 * The composition root: what a broker is built from, in which order it starts, and the reverse order
 * in which it stops.
 *
 * Start: HTTP endpoints (so that probes see recovery) · ZooKeeper session, cluster id, broker id ·
 * configuration store · logs, recovered where needed · services · listeners · registration and
 * election · listener check. Stop: leadership moved away · no new connections · parked requests
 * answered, those in flight finished · resigned and deregistered · logs flushed, checkpoints and clean
 * marker written. A stop in the middle of the start, recovery included, ends it at its next step, then
 * stops what there is.
 */

import type { BrokerAddress } from './client/broker-connection.ts';
import { BrokerConnection } from './client/broker-connection.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { connectCluster, storedBrokerId } from './cluster-connection.ts';
import { ConfigStore } from './config-store/config-store.ts';
import { protocolPins } from './controller/protocol-pins.ts';
import { BrokerEndpoints } from './broker-endpoints.ts';
import type { BrokerOptions } from './broker-options.ts';
import type { BrokerServices } from './broker-services.ts';
import { buildServices } from './broker-services.ts';
import { createInitialTopics } from './initial-topics.ts';
import { Listening } from './listening.ts';
import { watchLogDirs } from './log-dir-watch.ts';
import type { LogManager } from './log/log-manager.ts';
import { controllerMaker } from './make-controller.ts';
import { Membership } from './membership.ts';
import type { TopicPartition } from './model/topic-partition.ts';
import { openLogs } from './open-logs.ts';
import { abortable } from './platform/abortable.ts';
import { delay } from './platform/timers.ts';
import { unlimited } from './quota/quota.ts';
import { drawBrokerId, readOrMakeClusterId } from './registration/cluster-identity.ts';
import type { Instance } from './registration/instance-file.ts';
import { giveUpLeadership } from './registration/controlled-shutdown.ts';
import { InstanceFile } from './registration/instance-file.ts';
import { checkListeners } from './registration/listener-check.ts';
import type { LogDirEvents } from './registration/log-dir-events.ts';
import type { Registered } from './registration/registration.ts';
import { Registration } from './registration/registration.ts';
import { noteUncleanStart } from './registration/unclean-start.ts';
import { allowAll } from './security/authorizer.ts';
import { paths, persistentPaths } from './zookeeper/paths.ts';
import { ensurePaths } from './zookeeper/persistent.ts';
import type { ZooKeeperSession } from './zookeeper/port.ts';

const CONNECT_TIMEOUT_MS = 5000;
const DRAIN_TIMEOUT_MS = 5000;
const LEAVE_TIMEOUT_MS = 2000;

/** What is there from the moment that logs are loaded until they are closed. */
interface Running {
  readonly brokerId: number;
  readonly clusterId: string;
  readonly configs: ConfigStore;
  readonly logs: LogManager;
  readonly logDirEvents: LogDirEvents;
  readonly services: BrokerServices;
  readonly registration: Registration;
  readonly membership: Membership;
  readonly listening: Listening;
}

/** What is known before anything is built. */
interface Identity {
  readonly brokerId: number;
  readonly clusterId: string;
  /** The cluster has some. */
  readonly hasTopics: boolean;
}

export class Broker {
  readonly #options: BrokerOptions;
  readonly #endpoints: BrokerEndpoints;
  readonly #stopped = new AbortController();
  #starting: Promise<void> = Promise.resolve();
  #isStarting = false;
  #cluster: ClusterConnection | null = null;
  #session: ZooKeeperSession | null = null;
  #running: Running | null = null;
  #instanceFile: InstanceFile | null = null;
  #instance: Instance | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#endpoints = new BrokerEndpoints(options);
  }

  /** The port of each listener, by name. */
  get ports(): ReadonlyMap<string, number> {
    return this.#running?.listening.ports ?? new Map();
  }

  get httpPort(): number | null {
    return this.#endpoints.port;
  }

  /**
   * Resolves when clients can be served; rejects with what keeps the broker from starting, which may
   * be a stop().
   */
  start(): Promise<void> {
    this.#starting = this.#startOrSay();
    return this.#starting;
  }

  async #startOrSay(): Promise<void> {
    this.#isStarting = true;
    try {
      await this.#start();
    } catch (error) {
      if (!this.#stopped.signal.aborted) throw error;
      // However it came to an end: with sessions and waits that the stop took away.
      throw new Error('the broker was stopped while it started', { cause: error });
    } finally {
      this.#isStarting = false;
    }
  }

  async #start(): Promise<void> {
    const { config, platform } = this.#options;
    const { signal } = this.#stopped;
    signal.throwIfAborted();
    await this.#endpoints.start();
    signal.throwIfAborted();
    this.#cluster = this.#options.cluster ?? (await connectCluster(config, platform));
    const session = await this.#cluster.openSession(signal);
    this.#session = session;
    signal.throwIfAborted();
    await ensurePaths(session, persistentPaths);
    const clusterId = await readOrMakeClusterId(session, platform.random);
    const brokerId = await this.#brokerId(session);
    signal.throwIfAborted();
    const hasTopics = ((await session.children(paths.topics)) ?? []).length > 0;
    const running = await this.#build(session, { brokerId, clusterId, hasTopics });
    this.#running = running;
    await this.#serve(running);
  }

  async #serve(running: Running): Promise<void> {
    const { logger } = this.#options.platform;
    const { signal } = this.#stopped;
    const { brokerId, clusterId } = running;
    signal.throwIfAborted();
    await abortable(this.#firstInstance(running), signal);
    const registered = this.#registered(running);
    // In this order: a crash in between makes the next start say it again.
    if (!running.logs.isComplete) await noteUncleanStart(running.membership.session, brokerId);
    await running.logs.markBoot();
    await running.membership.join(registered);
    signal.throwIfAborted();
    // Now: with a wrong address the controller cannot reach this broker, and the start ends here.
    void this.#checkListeners(running, registered);
    running.configs.onBrokerConfig(() => void this.#reregister(running));
    running.logs.start();
    running.services.groups.start();
    const { metadata } = running.services;
    await abortable(
      metadata.waitUntil(() => metadata.isWhole, Infinity),
      signal,
    );
    this.#endpoints.ready();
    logger.info({ brokerId, clusterId, ports: Object.fromEntries(this.ports) }, 'started');
    void createInitialTopics(this.#options.createTopics, {
      metadata: running.services.metadata,
      topics: running.services.topics,
      logger,
      signal,
    });
  }

  /** Idempotent; safe at any moment of the start. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#options.platform.logger.info({}, 'stopping');
    this.#stopped.abort(new Error('the broker stops'));
    this.#endpoints.stopping();
    this.#instanceFile?.stop();
    if (this.#isStarting) {
      // Ends what the start may be waiting for in ZooKeeper.
      await this.#leave();
      await this.#starting.catch(() => undefined);
    }
    // Begun by a start that was in the middle of it.
    this.#instanceFile?.stop();
    const running = this.#running;
    if (running !== null) {
      running.logDirEvents.stop();
      await this.#giveUpLeadership(running);
      await running.listening.stopAccepting();
      running.services.releaseParked();
      await running.listening.drain(DRAIN_TIMEOUT_MS);
      await running.services.stop();
    }
    await this.#leave();
    await running?.logs.stop();
    await this.#options.platform.workers.close();
    await this.#cluster?.close();
    await this.#endpoints.stop();
    this.#options.platform.logger.info({}, 'stopped');
  }

  /** While everything is still served. */
  async #giveUpLeadership({
    brokerId,
    registration,
    membership,
    services,
  }: Running): Promise<void> {
    const { config, platform } = this.#options;
    if (!config.controlledShutdownEnable) return;
    const { metadata } = services;
    const areElsewhere = (partitions: readonly TopicPartition[]): boolean =>
      partitions.some((item) => metadata.image.isElsewhere(item, brokerId));
    await giveUpLeadership({
      brokerId,
      brokerEpoch: () => registration.epoch,
      session: () => membership.session,
      localController: () => membership.controller,
      listenerName: config.interBrokerListenerName,
      connect: (address) => this.#connect(address, { what: 'shutdown' }),
      haveOtherReplica: areElsewhere,
      whenAlone: (partitions, timeoutMs) =>
        metadata.waitUntil(() => !areElsewhere(partitions), timeoutMs),
      retriesMax: config.controlledShutdownMaxRetries,
      retryBackoffMs: config.controlledShutdownRetryBackoffMs,
      timers: platform.timers,
      logger: platform.logger,
    });
  }

  /** A ZooKeeper that does not answer must not keep the logs from being closed in order. */
  async #leave(): Promise<void> {
    const { timers, logger } = this.#options.platform;
    const tooLong = new AbortController();
    const leaving =
      this.#running?.membership.leave() ?? this.#session?.close() ?? Promise.resolve();
    const left = leaving.catch((error: unknown) => {
      logger.warn({ err: error }, 'the broker could not leave its cluster in order');
    });
    await Promise.race([
      left.finally(() => tooLong.abort()),
      delay(timers, LEAVE_TIMEOUT_MS, tooLong.signal).catch(() => undefined),
    ]);
  }

  async #brokerId(session: ZooKeeperSession): Promise<number> {
    const { config, platform } = this.#options;
    if (config.brokerId >= 0) return config.brokerId;
    const stored = await storedBrokerId(config.logDirs, platform.fileSystem);
    return stored ?? (await drawBrokerId(session, config.reservedBrokerMaxId));
  }

  async #build(session: ZooKeeperSession, identity: Identity): Promise<Running> {
    const { config, properties, platform } = this.#options;
    const { brokerId } = identity;
    const { clock, logger } = platform;
    const configs = new ConfigStore({
      brokerId,
      properties,
      clock,
      logger: logger.child({ component: 'config' }),
    });
    await configs.attach(session);
    const logs = await openLogs({
      ...identity,
      config,
      configs,
      platform,
      metrics: this.#endpoints.metrics,
      onProgress: (progress) => this.#endpoints.loading(progress),
      signal: this.#stopped.signal,
    });
    const pins = protocolPins(config.interBrokerProtocolVersion);
    const registration = new Registration({
      brokerId,
      version: pins.registrationVersion,
      clock,
      logger,
    });
    const services = buildServices({
      ...identity,
      configs,
      logs,
      platform,
      metrics: this.#endpoints.metrics,
      authorizer: this.#options.authorizer ?? allowAll,
      quota: this.#options.quota ?? unlimited,
      brokerEpoch: () => registration.epoch,
      session: () => membership.session,
      connect: (address, use) => this.#connect(address, use),
      isController: () => membership.isController,
      controller: () => membership.controller,
      delivered: (timeoutMs) => membership.delivered(timeoutMs),
      onControllerEpoch: (epoch) => membership.sawControllerEpoch(epoch),
    });
    services.metadata.awaitPicture(identity);
    const membership = new Membership(session, {
      brokerId,
      openSession: this.#openSession,
      configs,
      registration,
      clock,
      timers: platform.timers,
      logger: logger.child({ component: 'membership' }),
      makeController: controllerMaker({
        brokerId,
        config,
        configs,
        services,
        platform,
        connect: (address) => this.#connect(address, { what: 'controller' }),
      }),
      onFatal: this.#options.onFatal,
    });
    configs.onTopicConfig((topics) => membership.controller?.topicConfigsChanged(topics));
    const logDirEvents = watchLogDirs({
      brokerId,
      logs,
      session: () => membership.session,
      timers: platform.timers,
      logger,
      onFatal: this.#options.onFatal,
    });
    const listening = new Listening({
      config: () => configs.broker,
      metrics: this.#endpoints.metrics,
      platform,
    });
    try {
      this.#stopped.signal.throwIfAborted();
      await listening.start(services.router);
    } catch (error) {
      // Nothing was written: the next start needs no recovery.
      await logs.stop();
      throw error;
    }
    this.#endpoints.observe({ configs, listening, services, membership, registration, logs });
    const parts = { configs, logs, logDirEvents, services, registration, membership, listening };
    return { ...identity, ...parts };
  }

  readonly #openSession = (signal?: AbortSignal): Promise<ZooKeeperSession> => {
    if (this.#cluster === null) throw new Error('the broker has not been started');
    return this.#cluster.openSession(signal);
  };

  #connect(
    { host, port }: BrokerAddress,
    { what, requestTimeoutMs }: { readonly what: string; readonly requestTimeoutMs?: number },
  ): Promise<BrokerConnection> {
    const { config, platform } = this.#options;
    return BrokerConnection.open({
      host,
      port,
      clientId: `${what}-${String(this.#running?.brokerId ?? config.brokerId)}`,
      sockets: platform.sockets,
      timers: platform.timers,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs: requestTimeoutMs ?? config.controllerSocketTimeoutMs,
    });
  }

  /** Addresses and rack as configuration and instance file say now. */
  #registered({ configs, listening }: Running): Registered {
    const { advertisedListeners, brokerRack } = configs.broker;
    return {
      endpoints: listening.endpoints(advertisedListeners, this.#instance),
      rack: this.#instance?.rack ?? brokerRack,
    };
  }

  /** Waits for the pod's entry where an instance file is configured; follows its changes afterwards. */
  #firstInstance(running: Running): Promise<void> {
    const { config, platform } = this.#options;
    const path = config.odradekInstanceFile;
    if (path === null) return Promise.resolve();
    const { fileSystem, timers, logger } = platform;
    const file = new InstanceFile({ path, fileSystem, timers, logger });
    this.#instanceFile = file;
    return new Promise((resolve) => {
      file.start((instance) => {
        const isFirst = this.#instance === null;
        this.#instance = instance;
        if (isFirst) resolve();
        else void this.#reregister(running);
      });
    });
  }

  async #reregister(running: Running): Promise<void> {
    const registered = this.#registered(running);
    try {
      if (await running.membership.update(registered)) {
        await this.#checkListeners(running, registered);
      }
    } catch (error) {
      this.#options.platform.logger.error({ err: error }, 'the broker could not register again');
    }
  }

  async #checkListeners(
    { brokerId, clusterId }: Running,
    { endpoints }: Registered,
  ): Promise<void> {
    const { logger } = this.#options.platform;
    const problems = await checkListeners({ brokerId, clusterId, endpoints }, (address) =>
      this.#connect(address, { what: 'listener-check' }),
    );
    if (this.#stopping !== null) return;
    for (const { listenerName, message } of problems) logger.error({ listenerName }, message);
  }
}
