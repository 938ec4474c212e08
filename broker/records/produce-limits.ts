/** What the broker and the topic allow in a batch that a client produces, and what is made of it. */

import type { Compression } from './batch-header.ts';
import type { RecordRules } from './record-walk.ts';

/** What a topic's batches are compressed with. */
export interface CompressionTarget {
  readonly codec: Compression;
  /** -1 and null: what the codec does by itself. */
  readonly level: number | null;
}

export interface ProduceLimits {
  /** Version of the Produce request: zstd needs 7. */
  readonly produceVersion: number;
  /** max.message.bytes of the topic: bytes of a whole batch. */
  readonly batchSizeMax: number;
  /** cleanup.policy of the topic contains `compact`. */
  readonly compacted: boolean;
  /** message.timestamp.type of the topic; `append` stamps the batch with `nowMs`. */
  readonly timestampType: 'create' | 'append';
  /** message.timestamp.before.max.ms; how far a record may lie in the past. */
  readonly timestampBeforeMaxMs: number;
  /** message.timestamp.after.max.ms; how far a record may lie in the future. */
  readonly timestampAfterMaxMs: number;
  readonly nowMs: number;
  /** compression.type of the topic; null: what the producer chose. */
  readonly compression: CompressionTarget | null;
}

/** With LogAppendTime the producer's timestamps do not matter. */
export function recordRules(limits: ProduceLimits): RecordRules {
  const isAppendTime = limits.timestampType === 'append';
  return {
    keyRequired: limits.compacted,
    timestampMinMs: isAppendTime ? -Infinity : limits.nowMs - limits.timestampBeforeMaxMs,
    timestampMaxMs: isAppendTime ? Infinity : limits.nowMs + limits.timestampAfterMaxMs,
  };
}
