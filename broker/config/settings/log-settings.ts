/** What the log manager needs beside the configuration of each topic. Infinity: never, no limit. */

import type { SettingReader } from '../setting-reader.ts';

export interface LogSettings {
  readonly logDirs: readonly string[];
  readonly logRetentionCheckIntervalMs: number;
  readonly logFlushSchedulerIntervalMs: number;
  readonly logFlushOffsetCheckpointIntervalMs: number;
  readonly logCleaner: LogCleanerSettings;
}

export interface LogCleanerSettings {
  readonly isEnabled: boolean;
  readonly backoffMs: number;
  readonly dedupeBufferBytes: number;
  readonly dedupeLoadFactor: number;
  readonly ioBufferBytes: number;
  readonly bytesPerSecondMax: number;
}

export function logSettings(read: SettingReader): LogSettings {
  return {
    logDirs: [...new Set(read.list('log.dirs'))].filter((folder) => folder !== ''),
    logRetentionCheckIntervalMs: read.number('log.retention.check.interval.ms'),
    logFlushSchedulerIntervalMs: read.number('log.flush.scheduler.interval.ms'),
    logFlushOffsetCheckpointIntervalMs: read.number('log.flush.offset.checkpoint.interval.ms'),
    logCleaner: {
      isEnabled: read.boolean('log.cleaner.enable') && read.number('log.cleaner.threads') > 0,
      backoffMs: read.number('log.cleaner.backoff.ms'),
      dedupeBufferBytes: read.number('log.cleaner.dedupe.buffer.size'),
      dedupeLoadFactor: read.number('log.cleaner.io.buffer.load.factor'),
      ioBufferBytes: read.number('log.cleaner.io.buffer.size'),
      bytesPerSecondMax: read.number('log.cleaner.io.max.bytes.per.second'),
    },
  };
}
