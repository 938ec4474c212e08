/**
 * Worker threads of Node. A thread is started when a job waits and none is free, and ends when it has
 * had nothing to do for some seconds: it costs about 10 MB. Each thread runs one job at a time.
 *
 * Owner: the broker, which closes it last. A job that is aborted is given a moment to stop by itself;
 * then its thread is ended, as by a crash.
 */

import { Worker } from 'node:worker_threads';
import type { Logger } from './logger.ts';
import type { Timer, Timers } from './timers.ts';
import type { FromThread, ToThread } from './worker-messages.ts';
import { receiveError, receiveFields, sendError } from './worker-messages.ts';
import type { Job, JobOptions, Workers } from './workers.ts';

const THREADS_MAX = 2;
const IDLE_MS = 5000;
const ABORT_GRACE_MS = 500;

/** Of the heap only: buffers are outside of it. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 };

interface NodeWorkersOptions {
  /** The compiled worker-main. */
  readonly entry: URL;
  readonly timers: Timers;
  readonly logger: Logger;
}

interface Task {
  readonly job: string;
  readonly input: unknown;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: number) => void) | undefined;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Whatever the job comes to, its caller is told this. */
  abortedBy: { readonly reason: unknown } | null;
}

export class NodeWorkers implements Workers {
  readonly #options: NodeWorkersOptions;
  readonly #threads = new Set<Thread>();
  #waiting: Task[] = [];
  #isClosed = false;

  constructor(options: NodeWorkersOptions) {
    this.#options = options;
  }

  /** Threads that exist now. */
  get threadCount(): number {
    return this.#threads.size;
  }

  async run<Input, Output>(
    job: Job<Input, Output>,
    input: Input,
    options: JobOptions = {},
  ): Promise<Output> {
    const { signal, onProgress } = options;
    signal?.throwIfAborted();
    if (this.#isClosed) throw new Error('the worker threads are closed');
    let onAbort = (): void => undefined;
    try {
      const output = await new Promise<unknown>((resolve, reject) => {
        const name = job.name;
        const task: Task = {
          job: name,
          input,
          signal,
          onProgress,
          resolve,
          reject,
          abortedBy: null,
        };
        onAbort = () => this.#abort(task, signal?.reason);
        signal?.addEventListener('abort', onAbort, { once: true });
        this.#waiting.push(task);
        this.#assign();
      });
      // What the job of that name returned, on the other side of a structured clone.
      return output as Output;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const reason = new Error('the worker threads are closed');
    for (const task of [...this.#waiting]) this.#abort(task, reason);
    await Promise.all([...this.#threads].map((thread) => thread.close(reason)));
  }

  #abort(task: Task, reason: unknown): void {
    const isWaiting = this.#waiting.includes(task);
    this.#waiting = this.#waiting.filter((other) => other !== task);
    if (isWaiting) task.reject(reason);
    else for (const thread of this.#threads) thread.abort(task, reason);
  }

  /** Gives waiting jobs to free threads, new ones where there may be more. */
  #assign(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const thread = [...this.#threads].find(({ isFree }) => isFree) ?? this.#newThread();
      const task = thread === null ? undefined : this.#waiting.shift();
      if (thread === null || task === undefined) return;
      thread.run(task);
    }
  }

  #newThread(): Thread | null {
    if (this.#threads.size >= THREADS_MAX) return null;
    const thread = new Thread(this.#options, {
      onFree: () => this.#assign(),
      onGone: () => {
        this.#threads.delete(thread);
        this.#assign();
      },
    });
    this.#threads.add(thread);
    return thread;
  }
}

class Thread {
  readonly #options: NodeWorkersOptions;
  readonly #worker: Worker;
  readonly #onFree: () => void;
  readonly #gone: Promise<void>;
  #task: Task | null = null;
  /** Why it died. */
  #failure: unknown = null;
  #isEnding = false;
  /** To end after its job. */
  #isClosing = false;
  #idle: Timer | null = null;
  #grace: Timer | null = null;

  constructor(
    options: NodeWorkersOptions,
    events: { readonly onFree: () => void; readonly onGone: () => void },
  ) {
    this.#options = options;
    this.#onFree = events.onFree;
    this.#worker = new Worker(options.entry, {
      name: 'odradek-worker',
      resourceLimits: RESOURCE_LIMITS,
    });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('messageerror', (error) => this.#end(error));
    this.#worker.on('error', (error) => (this.#failure = error));
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', (exitCode) => {
        this.#onExit(exitCode);
        events.onGone();
        resolve();
      });
    });
  }

  get isFree(): boolean {
    return this.#task === null && !this.#isEnding;
  }

  run(task: Task): void {
    this.#idle?.cancel();
    this.#task = task;
    this.#worker.ref();
    try {
      this.#post({ kind: 'run', job: task.job, input: task.input });
    } catch (error) {
      // An input that cannot be cloned.
      this.#settle((failed) => failed.reject(error));
    }
  }

  abort(task: Task, reason: unknown): void {
    if (this.#task !== task || task.abortedBy !== null) return;
    task.abortedBy = { reason };
    this.#post({ kind: 'abort', reason: sendError(reason) });
    this.#grace = this.#options.timers.after(ABORT_GRACE_MS, () => this.#end(reason));
  }

  /** Resolves when the thread is gone; what runs in it is aborted. */
  async close(reason: unknown): Promise<void> {
    const task = this.#task;
    this.#isClosing = true;
    if (task === null) this.#end(reason);
    else this.abort(task, reason);
    await this.#gone;
  }

  #receive(message: FromThread): void {
    const task = this.#task;
    switch (message.kind) {
      case 'progress':
        task?.onProgress?.(message.progress);
        return;
      case 'log':
        this.#options.logger[message.level](receiveFields(message.fields), message.message);
        return;
      case 'done':
        this.#settle((done) => done.resolve(message.output));
        return;
      case 'failed':
        this.#settle((failed) => failed.reject(receiveError(message.error)));
        return;
      default:
        message satisfies never;
    }
  }

  #settle(how: (task: Task) => void): void {
    const task = this.#task;
    this.#task = null;
    this.#grace?.cancel();
    // Like a timer, a thread that waits does not keep the process alive.
    this.#worker.unref();
    if (task?.abortedBy != null) {
      task.reject(task.abortedBy.reason);
    } else if (task !== null) how(task);
    if (this.#isEnding) return;
    if (this.#isClosing) {
      this.#end(null);
      return;
    }
    this.#idle = this.#options.timers.after(IDLE_MS, () => this.#end(null));
    this.#onFree();
  }

  #end(reason: unknown): void {
    this.#isEnding = true;
    this.#idle?.cancel();
    this.#failure ??= reason;
    void this.#worker.terminate();
  }

  #onExit(exitCode: number): void {
    this.#isEnding = true;
    this.#idle?.cancel();
    const cause = this.#failure;
    this.#settle((task) => {
      const how = `the worker thread died with code ${String(exitCode)} in the job ${task.job}`;
      task.reject(new Error(how, { cause }));
    });
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}
