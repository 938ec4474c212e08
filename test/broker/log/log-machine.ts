/** Log managers on a machine in memory: what one is opened with, and a broker's folders to look into. */

import type { LogManagerOptions } from '../../../broker/log/log-manager.ts';
import { LogManager } from '../../../broker/log/log-manager.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import type { FileSystem } from '../../../broker/platform/file-system.ts';
import { CollectingLogger } from '../../support/collecting-logger.ts';
import { InlineWorkers } from '../../support/sim/inline-workers.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import { defaultConfig, seededRandom, TestTime } from './log-fixture.ts';

interface MachinePorts {
  readonly time: TestTime;
  readonly fileSystem: FileSystem;
  readonly logger: LogManagerOptions['logger'];
}

/** Small bounds, and timers that are far away from each other. */
export function managerOptions({ time, fileSystem, logger }: MachinePorts): LogManagerOptions {
  const { timers } = time;
  return {
    logDirs: ['/d1'],
    brokerId: 1,
    clusterId: 'cluster-a',
    fileSystem,
    clock: time,
    timers,
    random: seededRandom(3),
    logger,
    workers: new InlineWorkers({ fileSystem, clock: time, timers, logger }),
    configOf: () => defaultConfig,
    loadParallelism: 2,
    diskOperationsMax: 4,
    openFilesMax: 10,
    indexCacheBytes: 1 << 16,
    retentionCheckIntervalMs: 1000,
    onSegmentsDeleted: () => undefined,
    flushCheckIntervalMs: Infinity,
    recoveryPointCheckpointIntervalMs: 60_000,
    highWatermarkCheckpointIntervalMs: 5000,
    producerIdExpirationMs: 86_400_000,
    producerIdExpirationCheckIntervalMs: 600_000,
  };
}

export class LogMachine {
  readonly time = new TestTime();
  readonly fileSystem: MemoryFileSystem;
  readonly logger = new CollectingLogger();
  readonly #options: LogManagerOptions;

  /** `fileSystem`: made with the machine's clock, where it is not a plain one. */
  constructor(
    options: Partial<LogManagerOptions> = {},
    makeFiles: (time: TestTime) => MemoryFileSystem = (time) => new MemoryFileSystem(time),
  ) {
    this.fileSystem = makeFiles(this.time);
    this.#options = { ...managerOptions(this), ...options };
  }

  open(options: Partial<LogManagerOptions> = {}): Promise<LogManager> {
    return LogManager.openLogManager({ ...this.#options, ...options });
  }

  async text(path: string): Promise<string> {
    return (await this.fileSystem.readFile(path)).toString('utf8');
  }

  async write(path: string, text: string): Promise<void> {
    const handle = await this.fileSystem.open(path, 'write');
    await handle.truncate(0);
    await handle.write([Buffer.from(text)], 0);
    await handle.close();
  }
}

/** That of a new partition, or the one that is there. */
export function makeLog(manager: LogManager, topic: string, partition = 0): Promise<PartitionLog> {
  return manager.getOrCreate({ topic, partition, topicId: null, isNew: true });
}
