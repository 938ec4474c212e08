/**
 * Every metric of the broker: names, units, help. Units stand at the end of a name, as Prometheus has
 * them. What happens per request only adds to plain numbers; they become metrics when somebody asks.
 */

import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { RequestHistogram } from './request-histogram.ts';

/** Read when asked: whoever owns the number gives a function. */
const gaugeHelp = {
  odradek_connections: 'Client connections that are open.',
  odradek_partitions: 'Partitions that this broker holds.',
  odradek_partitions_leading: 'Partitions that this broker leads.',
  odradek_partitions_under_replicated:
    'Partitions led here that have replicas out of sync (UnderReplicatedPartitions).',
  odradek_partitions_under_min_isr:
    'Partitions led here with fewer replicas in sync than min.insync.replicas (UnderMinIsrPartitionCount).',
  odradek_partitions_offline:
    'Partitions of the cluster without a leader, as the controller sees it; 0 on other brokers.',
  odradek_log_size_bytes: 'Size of all segments in the log folders.',
  odradek_retention_blocked_segments:
    'Segments past retention.ms that stay for a timestamp in the future; see /retention.',
  odradek_log_folders_offline:
    'Log folders whose disk failed, or with a partition that failed (OfflineLogDirectoryCount).',
  odradek_log_folders_full: 'Log folders whose disk is full: they take no records.',
  odradek_compaction_logs_failed:
    'Logs that could not be compacted and are left alone (uncleanable-partitions-count).',
  odradek_compaction_dirty_ratio_max:
    'Largest share of a log that waits for compaction, 0 to 1 (max-dirty-percent).',
  odradek_compaction_last_seconds: 'What the last compaction of a log took (max-clean-time-secs).',
  odradek_fetch_sessions: 'Clients that fetch by sessions (NumIncrementalFetchSessions).',
  odradek_fetch_session_partitions:
    'Partitions of all fetch sessions (NumIncrementalFetchPartitionsCached).',
  odradek_groups: 'Consumer groups that this broker coordinates.',
  odradek_request_memory_bytes: 'Memory of requests that are not answered yet.',
  odradek_controller_active: '1 on the broker that is the controller.',
  odradek_event_loop_lag_seconds:
    'Longest time in the last ten seconds that the event loop was late.',
} as const;

const counterHelp = {
  odradek_produced_bytes_total: 'Bytes of record batches appended by producers.',
  odradek_fetched_bytes_total: 'Bytes of record batches sent to consumers.',
  odradek_replicated_bytes_total: 'Bytes of record batches sent to followers.',
  odradek_received_bytes_total: 'Bytes of requests.',
  odradek_sent_bytes_total: 'Bytes of answers.',
  odradek_connections_accepted_total: 'Connections that were accepted.',
  odradek_connections_refused_total: 'Connections closed for a limit or for what they sent.',
  odradek_segments_deleted_total: 'Segments that retention deleted.',
} as const;

export type GaugeName = keyof typeof gaugeHelp;
export type CounterName = keyof typeof counterHelp;

export interface BrokerMetricsOptions {
  /** The label of an API, such as `Produce`. */
  readonly apiName: (apiKey: number) => string;
  /** CPU, memory, garbage collection of this process; false where there is more than one broker in it. */
  readonly processMetrics: boolean;
}

/** A number that only grows, cheap enough for every request. */
export interface Count {
  value: number;
}

export class BrokerMetrics {
  readonly #registry = new Registry();
  readonly #latency: RequestHistogram;
  readonly #counts = new Map<CounterName, Count>();

  constructor(options: BrokerMetricsOptions) {
    this.#latency = new RequestHistogram({
      name: 'odradek_request_seconds',
      help: 'Time from a request read whole to its answer handed to the socket, waiting included.',
      apiName: options.apiName,
    });
    if (options.processMetrics) collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Called for every request that was answered. */
  request(apiKey: number, durationMs: number): void {
    this.#latency.add(apiKey, durationMs / 1000);
  }

  /** The same object at each call: keep it and add to its value. */
  counter(name: CounterName): Count {
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    const count: Count = { value: 0 };
    this.#counts.set(name, count);
    this.#registry.registerMetric(
      new Counter({
        name,
        help: counterHelp[name],
        registers: [],
        collect() {
          this.reset();
          this.inc(count.value);
        },
      }),
    );
    return count;
  }

  /** At most once for each name. */
  gauge(name: GaugeName, read: () => number): void {
    this.#registry.registerMetric(
      new Gauge({
        name,
        help: gaugeHelp[name],
        registers: [],
        collect() {
          this.set(read());
        },
      }),
    );
  }

  /** The text format of Prometheus. */
  async render(): Promise<string> {
    return this.#latency.render() + (await this.#registry.metrics());
  }
}
