/**
 * Recovery of one partition's folder as a job: whatever happens in it happens to files, so that it
 * can run in a thread of its own. Afterwards the folder is as a clean stop leaves it, apart from
 * being synced. A job that is ended in the middle has marked nothing: the next one does it again.
 */

import type { Job, JobContext, Workers } from '../../platform/workers.ts';
import { DescriptorCache } from '../files/descriptor-cache.ts';
import { IndexCache } from '../index/index-cache.ts';
import type { LogConfig } from '../log-config.ts';
import type { SegmentEnvironment } from '../log-environment.ts';
import { openFolder } from './open-folder.ts';
import { recoverFrom } from './recover-log.ts';

/** One log is open, and its segments are visited one after the other. */
const OPEN_FILES_MAX = 4;
const INDEX_CACHE_BYTES = 1 << 20;
/** Progress is told each time so much was verified. */
const REPORT_BYTES = 4 << 20;

export interface RecoveryInput {
  readonly folder: string;
  readonly config: LogConfig;
  /** What lies before is trusted. */
  readonly recoveryPoint: number;
  /** What lies before is on the disk, trusted or not; Infinity: all of it. */
  readonly syncedOffset: number;
  readonly producerIdExpirationMs: number;
}

/** Reports how many bytes it has verified. Rejects with the file system's errors. */
export const recoverPartition: Job<RecoveryInput, void> = {
  name: 'recover-partition',
  async run(input, context) {
    const { folder, config } = input;
    const environment = environmentIn(context, input.producerIdExpirationMs);
    const { recoveryPoint, syncedOffset } = input;
    try {
      const log = await openFolder({
        folder,
        environment,
        config: () => config,
        syncedOffset: recoveryPoint,
      });
      if (log.segments.count === 0) return;
      let verifiedBytes = 0;
      let reportedBytes = 0;
      await recoverFrom(
        { ...log, environment },
        {
          recoveryPoint: log.hasDamagedEpochs ? 0 : recoveryPoint,
          syncedOffset,
          mayHaveGaps: config.compacts,
          onBatch: (size) => {
            context.signal.throwIfAborted();
            verifiedBytes += size;
            if (verifiedBytes - reportedBytes < REPORT_BYTES) return;
            reportedBytes = verifiedBytes;
            context.report(verifiedBytes);
          },
        },
      );
      await log.epochs.settle();
      context.report(verifiedBytes);
    } finally {
      environment.descriptors.forgetFolder(folder);
    }
  },
};

function environmentIn(context: JobContext, producerIdExpirationMs: number): SegmentEnvironment {
  const { fileSystem, clock, timers, logger } = context;
  return {
    fileSystem,
    clock,
    timers,
    logger,
    workers: workersWithin(context),
    descriptors: new DescriptorCache(fileSystem, OPEN_FILES_MAX),
    indexes: new IndexCache(INDEX_CACHE_BYTES),
    producerIdExpirationMs,
  };
}

/** A job that starts another one does its work itself: it is in a thread already. */
function workersWithin(context: JobContext): Workers {
  return {
    run: (job, input) => job.run(input, context),
    close: () => Promise.resolve(),
  };
}
