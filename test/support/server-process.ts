/**
 * A server as a child process: its log kept for the one who asks, ready when a probe says so, and always
 * ended by its own process id. It may be started again after it ended.
 */

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerOptions {
  /** For messages, such as `broker 1`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Asked again and again until it says yes, with all that was printed since the start. */
  readonly isReady: (log: string) => boolean | Promise<boolean>;
  readonly startLimitMs: number;
  /** SIGKILL follows SIGTERM then. */
  readonly stopLimitMs: number;
}

const logSizeMax = 4_000_000;
const probeIntervalMs = 50;

export class ServerProcess {
  readonly #options: ServerOptions;
  #child: ChildProcess | null = null;
  #log = '';

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** What the server printed, standard output and error together, over all its lives. */
  get log(): string {
    return this.#log;
  }

  /** For signals that a test sends; null while it does not run. */
  get pid(): number | null {
    const child = this.#child;
    return child === null || hasEnded(child) ? null : (child.pid ?? null);
  }

  get logTail(): string {
    return this.#log.split('\n').slice(-40).join('\n');
  }

  /** Resolves when it is ready. Rejects with the end of its log if it ends before or takes too long. */
  async start(): Promise<void> {
    assert(this.#child === null, `${this.#options.name} runs already`);
    const { command, args, cwd } = this.#options;
    const startOfLog = this.#log.length;
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const collect = (data: Buffer): void => {
      if (this.#log.length < logSizeMax) this.#log += data.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    await this.#untilReady(child, startOfLog);
  }

  /** SIGTERM. Resolves with the exit code; null if a signal ended it. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** SIGKILL: no chance to put anything in order. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    if (child === null) return 0;
    this.#child = null;
    if (hasEnded(child)) return child.exitCode;
    const closed = once(child, 'close');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopLimitMs);
    await closed;
    clearTimeout(timer);
    return child.exitCode;
  }

  async #untilReady(child: ChildProcess, startOfLog: number): Promise<void> {
    const { name, startLimitMs, isReady } = this.#options;
    const deadline = Date.now() + startLimitMs;
    while (!(await isReady(this.#log.slice(startOfLog)))) {
      if (hasEnded(child)) throw new Error(`${name} ended while it started:\n${this.logTail}`);
      if (Date.now() > deadline) {
        await this.kill();
        throw new Error(`${name} was not ready in ${String(startLimitMs)} ms:\n${this.logTail}`);
      }
      await sleep(probeIntervalMs);
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
