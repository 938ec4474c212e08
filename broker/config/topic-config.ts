/**
 * What a partition's log, its leader and the controller need of a topic's configuration, as numbers.
 * "No limit" is Infinity: of LONG keys 2^63 - 1, of retention also everything below 0.
 */

import type { BrokerLayers, Properties } from './resolve.ts';
import { topicEntry } from './resolve.ts';
import type { ThrottledReplicas } from './throttled-replicas.ts';
import { throttledReplicas } from './throttled-replicas.ts';
import { topicKey } from './topic-keys.ts';
import { booleanOf, listElements, numberOf } from './values.ts';

export interface TopicConfig {
  /** `cleanup.policy` has `delete`; both may be true, or neither: then nothing is ever removed. */
  readonly deletes: boolean;
  readonly compacts: boolean;
  readonly deleteRetentionMs: number;
  /** What batches are compressed with in the log; null: what their producers chose. */
  readonly compression: TopicCompression | null;
  readonly fileDeleteDelayMs: number;
  readonly flushMessages: number;
  readonly flushMs: number;
  readonly followerThrottledReplicas: ThrottledReplicas;
  readonly indexIntervalBytes: number;
  readonly leaderThrottledReplicas: ThrottledReplicas;
  readonly maxCompactionLagMs: number;
  readonly maxMessageBytes: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly minCleanableDirtyRatio: number;
  readonly minCompactionLagMs: number;
  readonly minInsyncReplicas: number;
  readonly preallocate: boolean;
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly segmentJitterMs: number;
  readonly segmentMs: number;
  readonly uncleanLeaderElection: boolean;
}

interface TopicCompression {
  readonly codec: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** Null: the codec has none, or none that can be chosen here. */
  readonly level: number | null;
}

/** `own` is what the topic itself says. Every value in every layer has been checked. */
export function buildTopicConfig(own: Properties, layers: BrokerLayers): TopicConfig {
  const text = (name: string): string => topicEntry(topicKey(name), own, layers).value ?? '';
  const number = (name: string): number => numberOf(text(name));
  const throttled = (name: string): ThrottledReplicas =>
    throttledReplicas(listElements(text(name)));
  const policy = listElements(text('cleanup.policy'));
  return {
    deletes: policy.includes('delete'),
    compacts: policy.includes('compact'),
    deleteRetentionMs: number('delete.retention.ms'),
    compression: compressionOf(text),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    followerThrottledReplicas: throttled('follower.replication.throttled.replicas'),
    indexIntervalBytes: number('index.interval.bytes'),
    leaderThrottledReplicas: throttled('leader.replication.throttled.replicas'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampAfterMaxMs: timestampLimit('message.timestamp.after.max.ms', own, number),
    messageTimestampBeforeMaxMs: timestampLimit('message.timestamp.before.max.ms', own, number),
    messageTimestampType:
      text('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    minInsyncReplicas: number('min.insync.replicas'),
    preallocate: booleanOf(text('preallocate')),
    retentionBytes: limit(number('retention.bytes')),
    retentionMs: limit(number('retention.ms')),
    segmentBytes: number('segment.bytes'),
    segmentIndexBytes: number('segment.index.bytes'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentMs: number('segment.ms'),
    uncleanLeaderElection: booleanOf(text('unclean.leader.election.enable')),
  };
}

/** The level is that of the codec's own key (KIP-390). */
function compressionOf(text: (name: string) => string): TopicCompression | null {
  const type = text('compression.type');
  switch (type) {
    case 'uncompressed':
      return { codec: 'none', level: null };
    case 'snappy':
    case 'lz4':
      return { codec: type, level: null };
    case 'gzip':
    case 'zstd':
      return { codec: type, level: numberOf(text(`compression.${type}.level`)) };
    default:
      return null;
  }
}

/**
 * A topic that sets only the old message.timestamp.difference.max.ms means both directions (KIP-937).
 * Of a topic that sets both, the new key goes before the old one unless it sets no limit.
 */
function timestampLimit(name: string, own: Properties, number: (name: string) => number): number {
  const old = 'message.timestamp.difference.max.ms';
  const isSet = own.has(name) && number(name) !== Infinity;
  return number(own.has(old) && !isSet ? old : name);
}

function limit(value: number): number {
  return value < 0 ? Infinity : value;
}
