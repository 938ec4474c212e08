/** Every job that worker threads know, one line each. */

import { cleanLogJob } from './log/compaction/clean-log-job.ts';
import { recoverPartition } from './log/recovery/recover-partition.ts';
import { rebuildIndexes } from './log/segment/build-indexes.ts';
import type { Job } from './platform/workers.ts';

export const workerJobs: readonly Job<unknown, unknown>[] = [
  recoverPartition,
  rebuildIndexes,
  cleanLogJob,
];
