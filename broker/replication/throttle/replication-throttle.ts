/**
 * The bound on what replication may send or take per second, for the replicas that are named by
 * `leader.replication.throttled.replicas` and `follower.replication.throttled.replicas` of their
 * topics (KIP-73). Replicas that are not named are neither bounded nor counted.
 */

export interface ReplicationThrottle {
  isThrottled(topic: string, partition: number): boolean;
  /** More was counted than the rate allows: throttled replicas wait. */
  isExceeded(): boolean;
  /** Bytes of throttled replicas. */
  record(bytes: number): void;
}
