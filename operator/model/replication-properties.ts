/**
 * How many replicas topics get that say nothing of it, and how many of them have to be in sync for a
 * write with acks=all: as many as the brokers allow, up to three, and one broker may always be away.
 * The user's own values go before them.
 */

import type { KafkaClusterSpec } from '../api/kafka-cluster.ts';
import type { Problem } from '../api/problem.ts';

const REPLICAS_WANTED = 3;
const DEFAULT_REPLICAS = 'default.replication.factor';

export function replicationProperties(brokers: number): readonly (readonly [string, string])[] {
  const replicas = Math.min(brokers, REPLICAS_WANTED);
  const inSync = Math.max(1, replicas - 1);
  return [
    [DEFAULT_REPLICAS, String(replicas)],
    ['offsets.topic.replication.factor', String(replicas)],
    ['transaction.state.log.replication.factor', String(replicas)],
    ['transaction.state.log.min.isr', String(inSync)],
    ['min.insync.replicas', String(inSync)],
  ];
}

/** Of topics that say nothing of it. */
export function defaultReplicas({ broker, config }: KafkaClusterSpec): number {
  return Number(config?.[DEFAULT_REPLICAS] ?? Math.min(broker.replicas, REPLICAS_WANTED));
}

/** Counts of replicas, none of which can be larger than the number of brokers. */
const replicaCounts: ReadonlySet<string> = new Set([
  DEFAULT_REPLICAS,
  'offsets.topic.replication.factor',
  'transaction.state.log.replication.factor',
  'transaction.state.log.min.isr',
  'min.insync.replicas',
]);

/** Null: so many brokers can have as many replicas. */
export function replicaCountProblem(key: string, value: string, brokers: number): Problem | null {
  if (!replicaCounts.has(key) || Number(value) <= brokers) return null;
  const allowed = `at most ${String(brokers)}, the number of brokers (spec.broker.replicas)`;
  return { field: `spec.config.${key}`, value, allowed };
}
