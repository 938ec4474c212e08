/** A thread's entry with jobs that do what jobs should not, for the tests of worker threads. */

import process from 'node:process';
import { threadId } from 'node:worker_threads';

// Not by plain imports: the import rules are checked in a fresh clone too, where nothing is built yet.
const compiled = (file) => import(new URL(`../../../dist/broker/${file}`, import.meta.url).href);
const { KafkaError } = await compiled('model/kafka-error.js');
const { systemClock } = await compiled('platform/clock.js');
const { NodeFileSystem } = await compiled('platform/node-file-system.js');
const { systemTimers } = await compiled('platform/timers.js');
const { serveJobs } = await compiled('platform/worker-thread.js');

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const jobs = {
  echo: (input, { report, logger }) => {
    report(1);
    logger.child({ component: 'job' }).info({ size: 3, err: new Error('cause') }, 'echo');
    logger.info({ odd: () => undefined }, 'odd');
    report(2);
    return { input, threadId };
  },
  kafkaError: () => {
    throw new KafkaError(56, 'no disk', { cause: new Error('inner') });
  },
  fileError: (path, { fileSystem }) => fileSystem.readFile(path),
  noError: () => Promise.reject('a text'),
  exit: () => process.exit(3),
  crash: async () => {
    setTimeout(() => {
      throw new TypeError('outside of the job');
    });
    await sleep(60_000);
  },
  memory: () => {
    const hoard = [];
    for (;;) hoard.push({ next: hoard.length });
  },
  untilAborted: async (_, { signal }) => {
    while (!signal.aborted) await sleep(5);
    throw signal.reason;
  },
  deaf: () => {
    for (;;);
  },
};

serveJobs({
  jobs: Object.entries(jobs).map(([name, run]) => ({
    name,
    run: async (input, context) => run(input, context),
  })),
  fileSystem: new NodeFileSystem({ clock: systemClock }),
  clock: systemClock,
  timers: systemTimers,
});
