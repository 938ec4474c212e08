/** What the log manager needs beside the configuration of each topic. Infinity: never, no limit. */

import type { SettingReader } from '../setting-reader.ts';

export interface LogSettings {
  readonly logDirs: readonly string[];
  readonly logRetentionCheckIntervalMs: number;
  readonly logFlushSchedulerIntervalMs: number;
  readonly logFlushOffsetCheckpointIntervalMs: number;
}

export function logSettings(read: SettingReader): LogSettings {
  return {
    logDirs: [...new Set(read.list('log.dirs'))].filter((folder) => folder !== ''),
    logRetentionCheckIntervalMs: read.number('log.retention.check.interval.ms'),
    logFlushSchedulerIntervalMs: read.number('log.flush.scheduler.interval.ms'),
    logFlushOffsetCheckpointIntervalMs: read.number('log.flush.offset.checkpoint.interval.ms'),
  };
}
