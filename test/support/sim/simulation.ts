/**
 * One seeded world: clock, timers, random numbers, files and network, all twins, and a trace of what
 * was done. The same seed gives the same trace, to the letter: whatever a broker does that is not in
 * its ports shows as a difference.
 */

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { Clock } from '../../../broker/platform/clock.ts';
import type { FileSystem } from '../../../broker/platform/file-system.ts';
import type { Logger } from '../../../broker/platform/logger.ts';
import type { Platform } from '../../../broker/platform/platform.ts';
import type { Random } from '../../../broker/platform/random.ts';
import type { Timer, Timers } from '../../../broker/platform/timers.ts';
import { settled } from '../manual-time.ts';
import { delayedFileSystem } from './delayed-file-system.ts';
import { InlineWorkers } from './inline-workers.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { MemoryNetwork } from './memory-network.ts';

/** More turns than any scenario needs: whoever takes them waits for something that never comes. */
const TURNS_MAX = 200_000;

interface Entry {
  readonly sequence: number;
  readonly priority: number;
  atMs: number;
  readonly periodMs: number | null;
  readonly callback: () => void;
  /** Of the process that set it: they end together. */
  readonly process: object;
}

/** A random number generator that is the same everywhere: mulberry32. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  integer(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  bytes(size: number): Buffer {
    return Buffer.from(Array.from({ length: size }, () => this.integer(256)));
  }

  uuid(): Buffer {
    const bytes = this.bytes(16);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    return bytes;
  }
}

export class Simulation {
  readonly random: SeededRandom;
  readonly files: MemoryFileSystem;
  readonly network: MemoryNetwork;
  readonly clock: Clock;
  readonly trace: string[] = [];
  #nowMs = 1_700_000_000_000;
  readonly #hasSlowDisk: boolean;
  #sequence = 0;
  #turns = 0;
  #process: object = {};
  readonly #entries = new Set<Entry>();
  /** What fails a simulation although nobody waits for it. */
  readonly #defects: unknown[] = [];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.clock = { nowMs: () => this.#nowMs, monotonicMs: () => this.#nowMs };
    this.files = new MemoryFileSystem(this.clock);
    this.network = new MemoryNetwork({
      timers: this.timers({}),
      delayMs: () => this.random.integer(4),
      pieceSize: (waiting) => 1 + this.random.integer(Math.min(waiting * 2, 100_000)),
    });
    this.files.slowWrites = this.random.integer(2) === 0;
    this.#hasSlowDisk = this.random.integer(2) === 0;
    this.note(`seed ${String(seed)}`);
  }

  /** Ports of a new process; crash() ends it. */
  startProcess(): Platform {
    const process = {};
    this.#process = process;
    const random = new SeededRandom(this.random.integer(2 ** 31));
    const fileSystem = this.#filesOf(process);
    const logger = this.#logger(process, {});
    return {
      clock: this.clock,
      timers: this.timers(process),
      random,
      fileSystem,
      sockets: this.network,
      serveHttp: () => Promise.reject(new Error('nothing is served by HTTP here')),
      logger,
      workers: new InlineWorkers({
        fileSystem,
        clock: this.clock,
        logger,
        timers: this.timers(process),
      }),
      sendfile: null,
      isResident: () => true,
      hostName: 'simulated',
    };
  }

  /** The process is gone, with its timers, connections and descriptors. */
  async crash(keepUnsynced: boolean | Random): Promise<void> {
    this.note(`crash, unsynced bytes ${keepUnsynced === true ? 'kept' : 'lost'}`);
    for (const entry of [...this.#entries]) {
      if (entry.process === this.#process) this.#entries.delete(entry);
    }
    this.#process = {};
    this.network.crash();
    this.files.crash({ keepUnsynced });
    // What the dead process still had in its promises runs into closed descriptors here.
    await this.run(this.pause(20));
  }

  note(text: string): void {
    this.trace.push(`${String(this.#nowMs)} ${text}`);
  }

  defect(error: unknown): void {
    this.#defects.push(error);
  }

  /** Into the trace: how many things happened, and every byte that is in files. */
  async noteWorld(): Promise<void> {
    const hash = createHash('sha256');
    await this.#addFolder('/', hash);
    this.note(`${String(this.#turns)} turns, files ${hash.digest('hex')}`);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.timers({}).after(ms, resolve));
  }

  /** Fires timers one after the other until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const end = (): void => {
      isDone = true;
    };
    promise.then(end, end);
    await settled();
    while (!this.#isTrue(isDone)) {
      this.#turns += 1;
      if (this.#turns > TURNS_MAX) throw new Error('the simulation does not come to an end');
      const next = this.#next();
      if (next === null) throw new Error('everybody waits, and nothing is left that could happen');
      this.#fire(next);
      await settled();
    }
    if (this.#defects.length > 0) throw this.#defects[0];
    return promise;
  }

  timers(process: object): Timers {
    const add = (delayMs: number, periodMs: number | null, callback: () => void): Timer => {
      this.#sequence += 1;
      const entry: Entry = {
        sequence: this.#sequence,
        priority: this.random.integer(1000),
        atMs: this.#nowMs + Math.max(0, delayMs),
        periodMs,
        callback,
        process,
      };
      this.#entries.add(entry);
      return { cancel: () => void this.#entries.delete(entry) };
    };
    return {
      after: (delayMs, callback) => add(delayMs, null, callback),
      every: (periodMs, callback) => add(periodMs, periodMs, callback),
      soon: (callback) => void add(0, null, callback),
    };
  }

  /** Kept from the compiler, which would take the first value for granted. */
  #isTrue(value: boolean): boolean {
    return value;
  }

  #fire(entry: Entry): void {
    this.#nowMs = Math.max(this.#nowMs, entry.atMs);
    if (entry.periodMs === null) this.#entries.delete(entry);
    else entry.atMs += entry.periodMs;
    entry.callback();
  }

  /** The next in time; among those due together, the seed chooses. */
  #next(): Entry | null {
    let next: Entry | null = null;
    for (const entry of this.#entries) {
      if (next === null || isBefore(entry, next)) next = entry;
    }
    return next !== null && Number.isFinite(next.atMs) ? next : null;
  }

  /** For half of the seeds a disk that takes its time. */
  #filesOf(process: object): FileSystem {
    if (!this.#hasSlowDisk) return this.files;
    const timers = this.timers(process);
    return delayedFileSystem(this.files, () => {
      const delayMs = this.random.integer(4) - 1;
      if (delayMs <= 0) return Promise.resolve();
      return new Promise((resolve) => timers.after(delayMs, resolve));
    });
  }

  async #addFolder(folder: string, hash: Hash): Promise<void> {
    for (const name of await this.files.list(folder)) {
      const path = `${folder}${name}`;
      hash.update(path);
      if ((await this.files.stat(path))?.isFolder === true) await this.#addFolder(`${path}/`, hash);
      else hash.update(await this.files.readFile(path));
    }
  }

  #logger(process: object, fields: object): Logger {
    const say =
      (level: string) =>
      (more: object, message: string): void => {
        if (process !== this.#process) return;
        this.note(`${level} ${message} ${textOf({ ...fields, ...more })}`);
      };
    return {
      debug: say('debug'),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
      child: (more) => this.#logger(process, { ...fields, ...more }),
    };
  }
}

function isBefore(left: Entry, right: Entry): boolean {
  if (left.atMs !== right.atMs) return left.atMs < right.atMs;
  if (left.priority !== right.priority) return left.priority < right.priority;
  return left.sequence < right.sequence;
}

function textOf(fields: object): string {
  return JSON.stringify(fields, (_, value: unknown) => {
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
