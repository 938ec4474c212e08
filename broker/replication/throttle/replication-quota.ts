/**
 * The throttles of this broker, by its dynamic configuration: `leader.replication.throttled.rate` for
 * what followers read here, `follower.replication.throttled.rate` for what is fetched from other
 * leaders. Without a rate nothing is throttled, and nothing counted.
 */

import type { BrokerConfig } from '../../config/broker-config.ts';
import type { ThrottledReplicas } from '../../config/throttled-replicas.ts';
import { isThrottledReplica } from '../../config/throttled-replicas.ts';
import type { Clock } from '../../platform/clock.ts';
import { ByteRate } from './byte-rate.ts';
import type { ReplicationThrottle } from './replication-throttle.ts';

export interface ReplicationThrottles {
  /** Asked by leaders of followers that are not in sync. */
  readonly leader: ReplicationThrottle;
  /** Asked by fetchers of replicas that are not in sync. */
  readonly follower: ReplicationThrottle;
}

export interface ReplicationQuotaOptions {
  readonly brokerId: number;
  readonly clock: Clock;
  /** Of this broker, as it is now. */
  readonly config: () => Pick<
    BrokerConfig,
    | 'leaderReplicationThrottledRate'
    | 'followerReplicationThrottledRate'
    | 'replicationQuotaWindowNum'
    | 'replicationQuotaWindowSizeSeconds'
  >;
  readonly topicConfig: (topic: string) => {
    readonly leaderThrottledReplicas: ThrottledReplicas;
    readonly followerThrottledReplicas: ThrottledReplicas;
  };
}

export function replicationThrottles(options: ReplicationQuotaOptions): ReplicationThrottles {
  const { brokerId, clock, config, topicConfig } = options;
  const { replicationQuotaWindowNum: windowCount, replicationQuotaWindowSizeSeconds } = config();
  const windows = { clock, windowCount, windowMs: replicationQuotaWindowSizeSeconds * 1000 };
  return {
    leader: new ReplicationQuota({
      brokerId,
      measured: new ByteRate(windows),
      rateMax: () => config().leaderReplicationThrottledRate,
      replicas: (topic) => topicConfig(topic).leaderThrottledReplicas,
    }),
    follower: new ReplicationQuota({
      brokerId,
      measured: new ByteRate(windows),
      rateMax: () => config().followerReplicationThrottledRate,
      replicas: (topic) => topicConfig(topic).followerThrottledReplicas,
    }),
  };
}

class ReplicationQuota implements ReplicationThrottle {
  readonly #brokerId: number;
  readonly #measured: ByteRate;
  /** Bytes per second; Infinity: no bound. */
  readonly #rateMax: () => number;
  readonly #replicas: (topic: string) => ThrottledReplicas;

  constructor(options: {
    readonly brokerId: number;
    readonly measured: ByteRate;
    readonly rateMax: () => number;
    readonly replicas: (topic: string) => ThrottledReplicas;
  }) {
    this.#brokerId = options.brokerId;
    this.#measured = options.measured;
    this.#rateMax = options.rateMax;
    this.#replicas = options.replicas;
  }

  isThrottled(topic: string, partition: number): boolean {
    // Asked for every partition of every fetch: as good as free where nobody has set a rate.
    if (this.#rateMax() === Infinity) return false;
    return isThrottledReplica(this.#replicas(topic), partition, this.#brokerId);
  }

  isExceeded(): boolean {
    const rateMax = this.#rateMax();
    return rateMax !== Infinity && this.#measured.bytesPerSecond > rateMax;
  }

  record(bytes: number): void {
    if (bytes > 0) this.#measured.record(bytes);
  }
}
