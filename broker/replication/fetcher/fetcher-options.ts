/** What fetchers are made with. */

import type { BrokerAddress, BrokerConnection } from '../../client/broker-connection.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Timers } from '../../platform/timers.ts';
import type { ReplicationThrottle } from '../throttle/replication-throttle.ts';

export interface FetcherSettings {
  /** num.replica.fetchers: for each leading broker. */
  readonly fetchersPerLeader: number;
  /** replica.fetch.wait.max.ms */
  readonly waitMsMax: number;
  /** replica.fetch.min.bytes */
  readonly bytesMin: number;
  /** replica.fetch.max.bytes: of one partition. */
  readonly partitionBytesMax: number;
  /** replica.fetch.response.max.bytes */
  readonly responseBytesMax: number;
  /** replica.fetch.backoff.ms */
  readonly backoffMs: number;
}

/** The newest versions that may be sent, as inter.broker.protocol.version pins them. */
export interface ReplicationVersions {
  readonly fetch: number;
  readonly offsetForLeaderEpoch: number;
  readonly listOffsets: number;
}

/** Requests have the timeout replica.socket.timeout.ms. */
export type LeaderConnection = Pick<BrokerConnection, 'send' | 'commonVersion' | 'close' | 'ended'>;

export interface FetcherManagerOptions {
  readonly brokerId: number;
  /** Of this broker's present registration; null while there is none. */
  readonly brokerEpoch: () => number | null;
  /** As they are now: some change at run time. */
  readonly settings: () => FetcherSettings;
  readonly versions: ReplicationVersions;
  /** On the listener between brokers; undefined while the broker is not known to live. */
  readonly addressOf: (brokerId: number) => BrokerAddress | undefined;
  /** Resolves when `addressOf` may have become known, at the latest after `timeoutMs`. */
  readonly whenAddressKnown: (brokerId: number, timeoutMs: number) => Promise<unknown>;
  /** Rejects where the broker cannot be reached. */
  readonly connect: (address: BrokerAddress) => Promise<LeaderConnection>;
  /**
   * Writes recovery points, log starts and high watermarks of the log.dir that holds the partition:
   * a truncation has moved them back, and a crash must not bring the old ones back.
   */
  readonly saveOffsets: (partition: TopicPartition) => Promise<void>;
  readonly throttle: ReplicationThrottle;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}
