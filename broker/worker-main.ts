/** What a worker thread of the broker runs: jobs on the machine's files. */

import { systemClock } from './platform/clock.ts';
import { NodeFileSystem } from './platform/node-file-system.ts';
import { systemTimers } from './platform/timers.ts';
import { serveJobs } from './platform/worker-thread.ts';
import { workerJobs } from './worker-jobs.ts';

serveJobs({
  jobs: workerJobs,
  fileSystem: new NodeFileSystem({ clock: systemClock }),
  clock: systemClock,
  timers: systemTimers,
});
