/** What a KafkaTopic's reconciliation comes to, in words, and when to look again. */

import type { KafkaTopic, KafkaTopicStatus } from '../api/kafka-topic.ts';
import type { TopicClaim } from '../decide/topic-owner.ts';
import type { Outcome } from '../status/conditions.ts';
import type { Refusal, SeenTopic } from './topic-operations.ts';

const progressPeriodMs = 1_000;
/** A refusal by the brokers may end without anybody telling us, as may a cluster that is away. */
const retryPeriodMs = 10_000;
/** Drift in Kafka makes no event: it is looked for. */
const driftPeriodMs = 60_000;

export function periodOf({ state, reason }: Outcome): number {
  if (state === 'ready') return driftPeriodMs;
  if (state === 'stalled' || reason === 'ClusterNotReady') return retryPeriodMs;
  return progressPeriodMs;
}

export function outcomeOf(topic: KafkaTopic, seen: SeenTopic | null): Outcome {
  const partitions = topic.spec.partitions ?? 1;
  if (seen === null || seen.partitions < partitions || !seen.led) {
    const message = 'Waiting: not every partition has a leader yet';
    return { state: 'progressing', reason: 'WaitingForLeaders', message };
  }
  const message = `The topic has ${String(seen.partitions)} partitions, all with a leader`;
  return { state: 'ready', reason: 'Ready', message };
}

/** `hold`: what placing the topic's partitions waits for. */
export function waitingForBrokers(hold: string): Outcome {
  return { state: 'progressing', reason: 'WaitingForBrokers', message: `Waiting: ${hold}` };
}

export function refused({ message, passes }: Refusal): Outcome {
  if (!passes) return { state: 'stalled', reason: 'Refused', message: `Kafka: ${message}` };
  return waitingForBrokers(`Kafka says ${message}`);
}

export function conflict(topicName: string, owner: TopicClaim): Outcome {
  const message = `spec.topicName: ${topicName} is not allowed; allowed: a topic that no older resource has, this one is KafkaTopic ${owner.name}'s`;
  return { state: 'stalled', reason: 'ResourceConflict', message };
}

export function unknownCluster(name: string): Outcome {
  const message = `spec.clusterRef.name: ${name} is not allowed; allowed: the name of a KafkaCluster in this namespace`;
  return { state: 'stalled', reason: 'ClusterNotFound', message };
}

export function detailsOf(topicName: string, seen: SeenTopic | null): KafkaTopicStatus {
  if (seen === null) return { topicName };
  const { topicId, partitions, replicas } = seen;
  return { topicName, ...(topicId === null ? {} : { topicId }), partitions, replicas };
}
