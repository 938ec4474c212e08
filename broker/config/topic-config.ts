/**
 * What a partition's log, its leader and the controller need of a topic's configuration, as numbers.
 * "No limit" is Infinity: of LONG keys 2^63 - 1, of retention also everything below 0.
 */

import type { BrokerLayers, Properties } from './resolve.ts';
import { topicEntry } from './resolve.ts';
import { topicKey } from './topic-keys.ts';
import { booleanOf, listElements, numberOf } from './values.ts';

export interface TopicConfig {
  /** `cleanup.policy` has `delete`; both may be true, or neither: then nothing is ever removed. */
  readonly deletes: boolean;
  readonly compacts: boolean;
  readonly fileDeleteDelayMs: number;
  readonly flushMessages: number;
  readonly flushMs: number;
  readonly indexIntervalBytes: number;
  readonly maxMessageBytes: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly minInsyncReplicas: number;
  readonly preallocate: boolean;
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly segmentJitterMs: number;
  readonly segmentMs: number;
}

/** `own` is what the topic itself says. Every value in every layer has been checked. */
export function buildTopicConfig(own: Properties, layers: BrokerLayers): TopicConfig {
  const text = (name: string): string => topicEntry(topicKey(name), own, layers).value ?? '';
  const number = (name: string): number => numberOf(text(name));
  const policy = listElements(text('cleanup.policy'));
  return {
    deletes: policy.includes('delete'),
    compacts: policy.includes('compact'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    indexIntervalBytes: number('index.interval.bytes'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampAfterMaxMs: timestampLimit('message.timestamp.after.max.ms', own, number),
    messageTimestampBeforeMaxMs: timestampLimit('message.timestamp.before.max.ms', own, number),
    messageTimestampType:
      text('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    minInsyncReplicas: number('min.insync.replicas'),
    preallocate: booleanOf(text('preallocate')),
    retentionBytes: limit(number('retention.bytes')),
    retentionMs: limit(number('retention.ms')),
    segmentBytes: number('segment.bytes'),
    segmentIndexBytes: number('segment.index.bytes'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentMs: number('segment.ms'),
  };
}

/** A topic that sets only the old message.timestamp.difference.max.ms means both directions (KIP-937). */
function timestampLimit(name: string, own: Properties, number: (name: string) => number): number {
  const old = 'message.timestamp.difference.max.ms';
  return number(own.has(old) && !own.has(name) ? old : name);
}

function limit(value: number): number {
  return value < 0 ? Infinity : value;
}
