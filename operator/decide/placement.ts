/**
 * Whether partitions may be placed now. The brokers of a new cluster register within moments of each
 * other; a topic that is made as soon as the first of them answers is placed without the rest, and
 * nothing moves it later. A broker that was there before and is down now is not waited for, and a
 * new one that does not come only for so long: nobody's fault blocks topics for ever.
 */

import type { KafkaTopicSpec } from '../api/kafka-topic.ts';
import type { TopicAction } from './topic.ts';

export interface ObservedBrokers {
  /** The ids that the KafkaCluster asks for; empty if its spec cannot be read. */
  readonly wanted: readonly number[];
  /** How many of those, from the first on, have been registered together at some time. */
  readonly formedCount: number;
  readonly registered: readonly number[];
  /** Of topics that say nothing of it. */
  readonly defaultReplicas: number;
  /** For how long no broker has come closer to being registered. */
  readonly quietMs: number;
}

const patienceMs = 60_000;

/** The actions that choose brokers for partitions. */
export function placesPartitions({ kind }: TopicAction): boolean {
  return kind === 'create' || kind === 'create-partitions';
}

/** What has to be waited for before partitions are placed; null: nothing. */
export function placementHold(spec: KafkaTopicSpec, brokers: ObservedBrokers): string | null {
  const { wanted, formedCount, registered, quietMs } = brokers;
  const missing = wanted.filter((id) => !registered.includes(id));
  if (missing.length === 0) return null;
  const isForming = wanted.slice(formedCount).some((id) => missing.includes(id));
  const { replicas = brokers.defaultReplicas } = spec;
  // More replicas than the cluster is to have brokers come to nothing however long we wait: Kafka says so.
  const isShort = replicas > registered.length && replicas <= wanted.length;
  const count = String(wanted.length);
  const seen = `${String(wanted.length - missing.length)} of ${count} brokers are registered, not ${missing.join(', ')}`;
  const field = spec.replicas === undefined ? 'default.replication.factor' : 'spec.replicas';
  if (isShort) return `${field} is ${String(replicas)}, and ${seen}`;
  return isForming && quietMs < patienceMs ? seen : null;
}
