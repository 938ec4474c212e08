/** What all logs of a broker share: ports, bounded caches, and settings that are no topic's. */

import type { Clock } from '../platform/clock.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Timers } from '../platform/timers.ts';
import type { JobContext, Workers } from '../platform/workers.ts';
import type { Disk } from './disk/disk.ts';
import type { DescriptorCache } from './files/descriptor-cache.ts';
import type { PreloadedFiles } from './files/preloaded-files.ts';
import type { IndexCache } from './index/index-cache.ts';

export interface LogEnvironment {
  readonly fileSystem: FileSystem;
  /** The same, as those that open logs know it. */
  readonly preloaded: PreloadedFiles;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly workers: Workers;
  /** Null for a path outside of log.dirs. */
  readonly diskOf: (path: string) => Disk | null;
  readonly descriptors: DescriptorCache;
  readonly indexes: IndexCache;
  readonly producerIdExpirationMs: number;
}

/** What segments, and with them recovery, need. A worker thread has no more. */
export type SegmentEnvironment = Omit<LogEnvironment, 'random' | 'diskOf' | 'preloaded'>;

/** For a job that is too small for a thread and is run where it is wanted. */
export function contextOf(environment: SegmentEnvironment): JobContext {
  const { fileSystem, clock, timers, logger } = environment;
  const { signal } = new AbortController();
  return { fileSystem, clock, timers, logger, signal, report: () => undefined };
}
