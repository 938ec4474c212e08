/** The broker's HTTP endpoints and what they show of its life: starting, ready, stopping. */

import type { BrokerOptions } from './broker-options.ts';
import type { BrokerServices } from './broker-services.ts';
import type { ConfigStore } from './config-store/config-store.ts';
import { jsonAnswer, startEndpoints } from './http/endpoints.ts';
import { metricsRoute } from './http/metrics-route.ts';
import { probeRoutes } from './http/probe-routes.ts';
import { retentionRoute } from './http/retention-route.ts';
import type { Listening } from './listening.ts';
import type { LogManager } from './log/log-manager.ts';
import type { LoadProgress } from './log/recovery/load-progress.ts';
import type { Membership } from './membership.ts';
import { EventLoopLag } from './metrics/event-loop-lag.ts';
import { BrokerMetrics } from './metrics/metrics.ts';
import type { HttpAnswer, HttpRequest, HttpServer } from './platform/http-server.ts';
import { apiByKey } from './protocol/api-table.ts';
import type { Registration } from './registration/registration.ts';
import { observeReplicas } from './replica-gauges.ts';

interface Observed {
  readonly configs: ConfigStore;
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
  #loading: LoadProgress | null = null;
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
          loading: () => (this.#observed === null ? this.#loading : null),
          logDirs: () => ({
            offline: this.#observed?.logs.disks.offlinePaths ?? [],
            full: this.#observed?.logs.disks.fullPaths ?? [],
          }),
          eventLoopLagMs: () => this.#lag.worstMs(),
        }),
        ['/metrics', metricsRoute(this.metrics)],
        ['/retention', (request) => this.#retention(request)],
      ]),
    });
  }

  observe(observed: Observed): void {
    const { configs, listening, services, membership, logs } = observed;
    const { metrics } = this;
    this.#observed = observed;
    this.#waitingFor = [REGISTRATION];
    metrics.gauge('odradek_connections', () => listening.connectionCount);
    observeReplicas(metrics, {
      replicas: services.replicas,
      minInSyncReplicas: (topic) => configs.topicConfig(topic).minInsyncReplicas,
    });
    metrics.gauge('odradek_partitions_offline', () => membership.offlinePartitionCount);
    metrics.gauge('odradek_groups', () => services.groups.groupCount);
    metrics.gauge('odradek_request_memory_bytes', () => listening.requestMemory);
    metrics.gauge('odradek_log_folders_offline', () => logs.failedFolderCount);
    metrics.gauge('odradek_log_folders_full', () => logs.disks.fullPaths.length);
    metrics.gauge('odradek_controller_active', () => (membership.isController ? 1 : 0));
    metrics.gauge('odradek_retention_blocked_segments', () =>
      [...logs.logs()].reduce((sum, log) => sum + log.retention.blockedSegmentCount, 0),
    );
    metrics.gauge('odradek_compaction_logs_failed', () => logs.cleaner?.uncleanableCount ?? 0);
    metrics.gauge('odradek_compaction_dirty_ratio_max', () => logs.cleaner?.dirtiestRatio ?? 0);
    metrics.gauge(
      'odradek_compaction_last_seconds',
      () => (logs.cleaner?.lastDurationMs ?? 0) / 1000,
    );
    metrics.gauge('odradek_log_size_bytes', () =>
      [...logs.logs()].reduce((sum, log) => sum + log.size, 0),
    );
  }

  #retention(request: HttpRequest): HttpAnswer | Promise<HttpAnswer> {
    if (this.#observed === null) return jsonAnswer(503, { waitingFor: this.#waitingFor });
    const { logs, services } = this.#observed;
    const { config, platform } = this.#options;
    return retentionRoute({
      logs: () => logs.logs(),
      highWatermarkOf: ({ topic, partition }) =>
        services.replicas.get(topic, partition)?.highWatermark ??
        logs.checkpointedHighWatermark(topic, partition),
      nowMs: () => platform.clock.nowMs(),
      checkIntervalMs: config.logRetentionCheckIntervalMs,
    })(request);
  }

  loading(progress: LoadProgress): void {
    const { loadedCount, totalCount, verifiedBytes, bytesToVerify } = progress;
    this.#loading = progress;
    const bytes = `${String(verifiedBytes)} of ${String(bytesToVerify)} bytes verified`;
    this.#waitingFor = [
      `logs: ${String(loadedCount)} of ${String(totalCount)} partitions loaded` +
        (bytesToVerify === 0 ? '' : `, ${bytes}`),
    ];
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
