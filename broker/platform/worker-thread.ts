/**
 * The thread's side of worker threads: runs one job at a time, as its parent says, until the parent
 * ends the thread.
 */

import { parentPort } from 'node:worker_threads';
import type { Clock } from './clock.ts';
import type { FileSystem } from './file-system.ts';
import type { Logger } from './logger.ts';
import type { Timers } from './timers.ts';
import type { FromThread, LogLevel, ToThread } from './worker-messages.ts';
import { receiveError, sendError, sendFields } from './worker-messages.ts';
import type { Job } from './workers.ts';

interface ThreadOptions {
  readonly jobs: readonly Job<unknown, unknown>[];
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Throws where it is called outside of a worker thread. */
export function serveJobs(options: ThreadOptions): void {
  const port = parentPort;
  if (port === null) throw new Error('this is started by the broker, as a thread of its own');
  const jobs = new Map(options.jobs.map((job) => [job.name, job]));
  const post = (message: FromThread): void => port.postMessage(message);
  let current = new AbortController();

  const run = async (name: string, input: unknown): Promise<void> => {
    current = new AbortController();
    try {
      const job = jobs.get(name);
      if (job === undefined) throw new Error(`no job is called ${name}`);
      const output = await job.run(input, {
        fileSystem: options.fileSystem,
        clock: options.clock,
        timers: options.timers,
        logger: forwardingLogger(post, {}),
        signal: current.signal,
        report: (progress) => post({ kind: 'progress', progress }),
      });
      post({ kind: 'done', output });
    } catch (error) {
      post({ kind: 'failed', error: sendError(error) });
    }
  };

  port.on('message', (message: ToThread) => {
    if (message.kind === 'abort') current.abort(receiveError(message.reason));
    else void run(message.job, message.input);
  });
}

function forwardingLogger(post: (message: FromThread) => void, fields: object): Logger {
  const say =
    (level: LogLevel) =>
    (more: object, message: string): void => {
      const sent = sendFields({ ...fields, ...more });
      try {
        post({ kind: 'log', level, fields: sent, message });
      } catch {
        // Something in the fields cannot be cloned. That must not fail a job.
        post({ kind: 'log', level, fields: { ...sent, fields: {} }, message });
      }
    };
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    child: (more) => forwardingLogger(post, { ...fields, ...more }),
  };
}
