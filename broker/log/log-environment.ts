/** What all logs of a broker share: ports, bounded caches, and settings that are no topic's. */

import type { Clock } from '../platform/clock.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Timers } from '../platform/timers.ts';
import type { DescriptorCache } from './files/descriptor-cache.ts';
import type { IndexCache } from './index/index-cache.ts';

export interface LogEnvironment {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly descriptors: DescriptorCache;
  readonly indexes: IndexCache;
  readonly producerIdExpirationMs: number;
}
