/** What a log needs of its topic's effective configuration. Plain data; a log can be given a new one. */

export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  /** Infinity: no limit. */
  readonly retentionMs: number;
  /** Infinity: no limit. */
  readonly retentionBytes: number;
  /** How far in the future a timestamp is believed; Infinity: nobody has said. */
  readonly messageTimestampAfterMaxMs: number;
  readonly fileDeleteDelayMs: number;
  readonly flushMessages: number;
  readonly flushMs: number;
  /** New segments have their full size at once. */
  readonly preallocate: boolean;
  /** `cleanup.policy` has `delete`. */
  readonly deletes: boolean;
  /** `cleanup.policy` has `compact`. */
  readonly compacts: boolean;
  /** Share of a log that is not compacted yet, for it to be compacted. */
  readonly minCleanableDirtyRatio: number;
  /** Age that a record has to have. */
  readonly minCompactionLagMs: number;
  /** Age at which a record is compacted whatever the share; Infinity: none. */
  readonly maxCompactionLagMs: number;
  /** Time for which tombstones stay. */
  readonly deleteRetentionMs: number;
}

/** `effective` answers with the text of a topic's effective value, such as `1073741824`. */
export function logConfigOf(effective: (key: string) => string): LogConfig {
  const limit = (key: string): number => {
    const value = whole(effective(key));
    return value < 0 ? Infinity : value;
  };
  const policies = effective('cleanup.policy')
    .split(',')
    .map((policy) => policy.trim());
  return {
    segmentBytes: whole(effective('segment.bytes')),
    segmentMs: whole(effective('segment.ms')),
    segmentJitterMs: whole(effective('segment.jitter.ms')),
    segmentIndexBytes: whole(effective('segment.index.bytes')),
    indexIntervalBytes: whole(effective('index.interval.bytes')),
    retentionMs: limit('retention.ms'),
    retentionBytes: limit('retention.bytes'),
    messageTimestampAfterMaxMs: whole(effective('message.timestamp.after.max.ms')),
    fileDeleteDelayMs: whole(effective('file.delete.delay.ms')),
    flushMessages: whole(effective('flush.messages')),
    flushMs: whole(effective('flush.ms')),
    preallocate: effective('preallocate') === 'true',
    deletes: policies.includes('delete'),
    compacts: policies.includes('compact'),
    minCleanableDirtyRatio: Number(effective('min.cleanable.dirty.ratio')),
    minCompactionLagMs: whole(effective('min.compaction.lag.ms')),
    maxCompactionLagMs: whole(effective('max.compaction.lag.ms')),
    deleteRetentionMs: whole(effective('delete.retention.ms')),
  };
}

/** Long.MAX, by which Kafka says "never", becomes Infinity. */
function whole(text: string): number {
  const value = Number(text);
  return value > Number.MAX_SAFE_INTEGER ? Infinity : value;
}
