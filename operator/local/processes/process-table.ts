/**
 * The processes of a local cluster. None outlives it: each is in a session of its own, so that a
 * Ctrl-C at the terminal reaches only us, and we end them by id; if we die without a word, the kernel
 * kills them (`setpriv --pdeathsig`, where the machine has it); and what is left in spite of all that
 * is named in a file with its start time, and ended at the next start.
 */

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import process from 'node:process';

import { z } from 'zod';

import type { Timer, Timers } from '../../../broker/platform/timers.ts';

export interface ProcessPlan {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Standard output and standard error are appended to it. */
  readonly logFile: string;
}

export interface ProcessExit {
  /** As a shell tells it: 128 + the number of the signal that ended it. */
  readonly exitCode: number;
  readonly signal: string | null;
}

export interface LocalProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** SIGTERM, and SIGKILL once the grace period is over; resolves when it is gone. */
  terminate(graceMs: number): Promise<ProcessExit>;
}

const entrySchema = z.strictObject({ pid: z.int(), startTicks: z.string() });
const savedSchema = z.strictObject({
  bootId: z.string(),
  owner: entrySchema,
  processes: z.array(entrySchema),
});
type Entry = z.output<typeof entrySchema>;

export class ProcessTable {
  readonly #file: string;
  readonly #timers: Timers;
  readonly #prefix: readonly string[];
  readonly #running = new Map<number, Entry>();
  readonly #onExit = (): void => this.#killAll();

  /** Takes the file over. Throws if a living local cluster has it; ends what a dead one left. */
  constructor(file: string, timers: Timers) {
    this.#file = file;
    this.#timers = timers;
    this.#prefix = deathSignalPrefix();
    this.#endLeftovers();
    this.#save();
    process.on('exit', this.#onExit);
  }

  /** Ends what still runs, at once. */
  close(): void {
    process.off('exit', this.#onExit);
    this.#killAll();
    this.#running.clear();
    this.#save(false);
  }

  /** Throws what the system says if it cannot be started. */
  async start(plan: ProcessPlan): Promise<LocalProcess> {
    mkdirSync(dirname(plan.logFile), { recursive: true });
    const log = openSync(plan.logFile, 'a');
    const [file = '', ...args] = [...this.#prefix, ...plan.argv];
    const child = spawn(file, args, {
      cwd: plan.folder,
      env: plan.env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const exited = new Promise<ProcessExit>((resolve) => {
      child.once('exit', (code, signal) => resolve(exitOf(code, signal)));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const { pid } = child;
    if (pid === undefined) throw new Error(`${file} has no process id`);
    this.#running.set(pid, { pid, startTicks: startTicksOf(pid) ?? '' });
    this.#save();
    void exited.then(() => {
      // What it has forked belongs to it and ends with it.
      signalGroup(pid, 'SIGKILL');
      if (this.#running.delete(pid)) this.#save();
    });
    return { pid, exited, terminate: (graceMs) => this.#terminate(pid, exited, graceMs) };
  }

  async #terminate(
    pid: number,
    exited: Promise<ProcessExit>,
    graceMs: number,
  ): Promise<ProcessExit> {
    let timer: Timer | null = null;
    if (this.#running.has(pid)) {
      signalGroup(pid, 'SIGTERM');
      timer = this.#timers.after(graceMs, () => signalGroup(pid, 'SIGKILL'));
    }
    const exit = await exited;
    timer?.cancel();
    return exit;
  }

  #killAll(): void {
    for (const pid of this.#running.keys()) signalGroup(pid, 'SIGKILL');
  }

  #endLeftovers(): void {
    const saved = readSaved(this.#file);
    if (saved?.bootId !== bootId()) return;
    if (saved.owner.pid !== process.pid && isAlive(saved.owner)) {
      throw new Error(
        `${dirname(this.#file)} is in use by the local cluster of process ${String(saved.owner.pid)}`,
      );
    }
    for (const left of saved.processes) if (isAlive(left)) signalGroup(left.pid, 'SIGKILL');
  }

  #save(isOwned = true): void {
    const owner = isOwned
      ? { pid: process.pid, startTicks: startTicksOf(process.pid) ?? '' }
      : { pid: 0, startTicks: '' };
    const saved = { bootId: bootId(), owner, processes: [...this.#running.values()] };
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify(saved));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** The same process, not merely one that has got its id since. */
function isAlive({ pid, startTicks }: Entry): boolean {
  return pid > 0 && startTicks !== '' && startTicksOf(pid) === startTicks;
}

/** When it started, in ticks since the machine did (proc(5)); null if there is none, or but a zombie. */
function startTicksOf(pid: number): string | null {
  const stat = readText(`/proc/${String(pid)}/stat`);
  if (stat === null) return null;
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? null : (fields[18] ?? null);
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

function readSaved(file: string): z.output<typeof savedSchema> | null {
  const text = readText(file);
  if (text === null) return null;
  const parsed = z
    .string()
    .transform((json): unknown => JSON.parse(json))
    .pipe(savedSchema)
    .safeParse(text);
  return parsed.data ?? null;
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** The process leads its group; the group may be gone already. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left to hear it.
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  const number = signal === null ? 0 : constants.signals[signal];
  return { exitCode: code ?? 128 + number, signal };
}

function deathSignalPrefix(): readonly string[] {
  const prefix = ['setpriv', '--pdeathsig', 'KILL', '--'];
  const tried = spawnSync('setpriv', [...prefix.slice(1), 'true'], { stdio: 'ignore' });
  return tried.status === 0 ? prefix : [];
}
