/**
 * How a leader gets another ISR written: through the controller (AlterPartition), or, where the
 * cluster's brokers are too old for that, into ZooKeeper itself. The leader decides what to propose.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';

export interface InSyncMember {
  readonly brokerId: number;
  /** Of the life in which it fetched; -1 where it does not say. */
  readonly brokerEpoch: number;
}

export interface IsrChange extends TopicPartition {
  /** Null where the topic has none. */
  readonly topicId: string | null;
  readonly leaderEpoch: number;
  /** Of the state that the change is based on. */
  readonly partitionEpoch: number;
  readonly isr: readonly InSyncMember[];
}

/** What holds now. */
export interface WrittenIsr {
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly partitionEpoch: number;
}

export type IsrOutcome =
  | { readonly kind: 'written'; readonly state: WrittenIsr }
  /** It was not, and will not be, written. */
  | { readonly kind: 'refused'; readonly errorCode: number }
  /**
   * The change is based on a state that is gone: a newer one is on its way to this broker, with
   * LeaderAndIsr or UpdateMetadata. Until then either may hold.
   */
  | { readonly kind: 'outdated'; readonly errorCode: number };

export interface IsrChanges {
  /**
   * Asks until there is an answer, whatever becomes of connections and controllers. Rejects only
   * when `signal` aborts: the leader's term is over.
   */
  propose(change: IsrChange, signal: AbortSignal): Promise<IsrOutcome>;
}
