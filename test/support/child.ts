/** Runs a program to its end, within a time limit, and hands back all that it printed. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Run {
  readonly command: string;
  readonly args: readonly string[];
  /** Goes to standard input, which is then closed. */
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** The program is killed then, and the call rejects with what it printed. */
  readonly limitMs?: number;
}

export interface Finished {
  /** null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const defaultLimitMs = 60_000;

export async function runToEnd(run: Run): Promise<Finished> {
  const { command, args, input = '', env = {}, limitMs = defaultLimitMs } = run;
  const child = spawn(command, args, { env: { ...process.env, ...env } });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => stdout.push(data));
  child.stderr.on('data', (data: Buffer) => stderr.push(data));
  // A program that ends before it has read everything is judged by its answer.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const limit = AbortSignal.timeout(limitMs);
  const kill = (): boolean => child.kill('SIGKILL');
  limit.addEventListener('abort', kill);
  await once(child, 'close');
  limit.removeEventListener('abort', kill);
  const finished = { code: child.exitCode, stdout: text(stdout), stderr: text(stderr) };
  if (limit.aborted)
    throw new Error(describeRun(`did not end within ${String(limitMs)} ms`, run, finished));
  return finished;
}

/** As runToEnd, and rejects unless the program ended with 0. */
export async function runOrThrow(run: Run): Promise<Finished> {
  const finished = await runToEnd(run);
  if (finished.code !== 0) {
    throw new Error(describeRun(`ended with ${String(finished.code)}`, run, finished));
  }
  return finished;
}

/** What a person needs to see of a failed run. */
function describeRun(what: string, { command, args }: Run, { stdout, stderr }: Finished): string {
  return [`${command} ${args.join(' ')}\n${what}`, tail(stdout), tail(stderr)].join('\n--\n');
}

function tail(output: string): string {
  return output.length > 4000 ? `...${output.slice(-4000)}` : output;
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}
