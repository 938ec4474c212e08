/** What the log manager needs beside the configuration of each topic. Infinity: never, no limit. */

import type { SettingReader } from '../setting-reader.ts';

export interface LogSettings {
  readonly logDirs: readonly string[];
  readonly logRetentionCheckIntervalMs: number;
  readonly logInitialTaskDelayMs: number;
  readonly logFlushSchedulerIntervalMs: number;
  readonly logFlushOffsetCheckpointIntervalMs: number;
  readonly logFlushStartOffsetCheckpointIntervalMs: number;
  readonly messageMaxBytes: number;
  readonly logCleanerEnable: boolean;
  readonly logCleanerThreads: number;
  readonly logCleanerBackoffMs: number;
  readonly logCleanerDedupeBufferSize: number;
  readonly logCleanerIoBufferSize: number;
  readonly logCleanerIoMaxBytesPerSecond: number;
}

export function logSettings(read: SettingReader): LogSettings {
  return {
    logDirs: [...new Set(read.list('log.dirs'))].filter((folder) => folder !== ''),
    logRetentionCheckIntervalMs: read.number('log.retention.check.interval.ms'),
    logInitialTaskDelayMs: read.number('log.initial.task.delay.ms'),
    logFlushSchedulerIntervalMs: read.number('log.flush.scheduler.interval.ms'),
    logFlushOffsetCheckpointIntervalMs: read.number('log.flush.offset.checkpoint.interval.ms'),
    logFlushStartOffsetCheckpointIntervalMs: read.number(
      'log.flush.start.offset.checkpoint.interval.ms',
    ),
    messageMaxBytes: read.number('message.max.bytes'),
    logCleanerEnable: read.boolean('log.cleaner.enable'),
    logCleanerThreads: read.number('log.cleaner.threads'),
    logCleanerBackoffMs: read.number('log.cleaner.backoff.ms'),
    logCleanerDedupeBufferSize: read.number('log.cleaner.dedupe.buffer.size'),
    logCleanerIoBufferSize: read.number('log.cleaner.io.buffer.size'),
    logCleanerIoMaxBytesPerSecond: read.number('log.cleaner.io.max.bytes.per.second'),
  };
}
