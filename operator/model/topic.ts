/** A KafkaTopic in Kafka's terms. */

import { topicKeys } from '../../broker/config/topic-keys.ts';
import type { KafkaTopicSpec } from '../api/kafka-topic.ts';
import type { Problem } from '../api/problem.ts';
import { configValueProblem } from './allowed-value.ts';
import { topicKeyProblem } from './owned-keys.ts';
import { retentionBytesValue, retentionMsValue } from './retention-values.ts';

const cleanupPolicies = {
  Delete: 'delete',
  Compact: 'compact',
  CompactAndDelete: 'compact,delete',
};

/** The configuration that the topic is to have of its own, and nothing beside. */
export function topicConfig(spec: KafkaTopicSpec): Readonly<Record<string, string>> {
  const { cleanupPolicy, retention: { time, bytes } = {}, config = {} } = spec;
  return {
    ...Object.fromEntries(Object.entries(config).map(([key, value]) => [key, String(value)])),
    ...(cleanupPolicy === undefined ? {} : { 'cleanup.policy': cleanupPolicies[cleanupPolicy] }),
    ...(time === undefined ? {} : { 'retention.ms': retentionMsValue(time) }),
    ...(bytes === undefined ? {} : { 'retention.bytes': retentionBytesValue(bytes) }),
  };
}

/** What a broker would refuse, or what belongs into another field. */
export function topicProblems(spec: KafkaTopicSpec): readonly Problem[] {
  return Object.entries(spec.config ?? {}).flatMap(([key, value]) =>
    configProblem(key, String(value)),
  );
}

function configProblem(key: string, value: string): readonly Problem[] {
  const owned = topicKeyProblem(key, value);
  if (owned !== null) return [owned];
  const known = topicKeys.get(key);
  if (known === undefined) {
    return [{ field: `spec.config.${key}`, value, allowed: "one of Kafka's topic keys" }];
  }
  const invalid = configValueProblem(known, value);
  return invalid === null ? [] : [invalid];
}
