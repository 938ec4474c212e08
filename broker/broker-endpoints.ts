/** The broker's HTTP endpoints and what they show of its life: starting, ready, stopping. */

import type { BrokerOptions } from './broker-options.ts';
import type { BrokerServices } from './broker-services.ts';
import { startEndpoints } from './http/endpoints.ts';
import { metricsRoute } from './http/metrics-route.ts';
import { probeRoutes } from './http/probe-routes.ts';
import type { Listening } from './listening.ts';
import type { LoadProgress, LogManager } from './log/log-manager.ts';
import type { Membership } from './membership.ts';
import { EventLoopLag } from './metrics/event-loop-lag.ts';
import { BrokerMetrics } from './metrics/metrics.ts';
import type { HttpServer } from './platform/http-server.ts';
import { apiByKey } from './protocol/api-table.ts';
import type { Registration } from './registration/registration.ts';

interface Observed {
  readonly listening: Listening;
  readonly services: BrokerServices;
  readonly membership: Membership;
  readonly registration: Registration;
  readonly logs: LogManager;
}

const REGISTRATION = 'registration in ZooKeeper';

export class BrokerEndpoints {
  readonly metrics: BrokerMetrics;
  readonly #options: BrokerOptions;
  readonly #lag: EventLoopLag;
  #server: HttpServer | null = null;
  /** What the start still has to do, or that it is over; empty in between. */
  #waitingFor: readonly string[] = ['the start'];
  #observed: Observed | null = null;

  constructor(options: BrokerOptions) {
    this.#options = options;
    const { clock, timers } = options.platform;
    this.#lag = new EventLoopLag(clock, timers);
    this.metrics = new BrokerMetrics({
      apiName: (key) => apiByKey.get(key)?.name ?? String(key),
      processMetrics: options.processMetrics,
    });
    // Shown before the first segment goes.
    this.metrics.counter('odradek_segments_deleted_total');
    this.metrics.gauge('odradek_event_loop_lag_seconds', () => this.#lag.worstMs() / 1000);
  }

  get port(): number | null {
    return this.#server?.port ?? null;
  }

  /** Nothing if no port is configured. Rejects if the address cannot be had. */
  async start(): Promise<void> {
    const { config, platform } = this.#options;
    this.#lag.start();
    if (config.odradekHttpPort === null) return;
    this.#server = await startEndpoints({
      serve: platform.serveHttp,
      host: config.odradekHttpHost,
      port: config.odradekHttpPort,
      logger: platform.logger.child({ component: 'http' }),
      routes: new Map([
        ...probeRoutes({
          broken: () => this.#observed?.logs.brokenLogs() ?? [],
          notReady: () => this.#missing(),
          eventLoopLagMs: () => this.#lag.worstMs(),
        }),
        ['/metrics', metricsRoute(this.metrics)],
      ]),
    });
  }

  observe(observed: Observed): void {
    const { listening, services, membership, logs } = observed;
    const { metrics } = this;
    this.#observed = observed;
    this.#waitingFor = [REGISTRATION];
    const leading = (): number =>
      [...services.replicas.partitions()].filter(({ isLeader }) => isLeader).length;
    metrics.gauge('odradek_connections', () => listening.connectionCount);
    metrics.gauge('odradek_partitions', () => [...services.replicas.partitions()].length);
    metrics.gauge('odradek_partitions_leading', leading);
    metrics.gauge('odradek_partitions_offline', () => membership.offlinePartitionCount);
    metrics.gauge('odradek_groups', () => services.groups.groupCount);
    metrics.gauge('odradek_request_memory_bytes', () => listening.requestMemory);
    metrics.gauge('odradek_log_folders_offline', () => logs.failedFolderCount);
    metrics.gauge('odradek_controller_active', () => (membership.isController ? 1 : 0));
    metrics.gauge('odradek_log_size_bytes', () =>
      [...logs.logs()].reduce((sum, log) => sum + log.size, 0),
    );
  }

  loading({ loadedCount, totalCount }: LoadProgress): void {
    this.#waitingFor = [`logs: ${String(loadedCount)} of ${String(totalCount)} partitions loaded`];
  }

  ready(): void {
    this.#waitingFor = [];
  }

  stopping(): void {
    this.#waitingFor = ['nothing: the broker stops'];
  }

  /** A session that is lost takes the registration with it, until there is a new one. */
  #missing(): readonly string[] {
    if (this.#waitingFor.length > 0) return this.#waitingFor;
    return this.#observed?.registration.epoch == null ? [REGISTRATION] : [];
  }

  async stop(): Promise<void> {
    this.#lag.stop();
    await this.#server?.close();
    this.#server = null;
  }
}
