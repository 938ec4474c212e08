/**
 * One open file of Node's file system. Writes run where the lane of the file's device says; reads,
 * truncation and sync always in the thread pool. Owned by who opened it.
 *
 * While a write of this handle is in the pool, later ones queue behind it there, so that the file
 * grows in the order of the calls.
 */

import { close, fstat, fsync, ftruncate, read, writev, writevSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Clock } from './clock.ts';
import type { DeviceSyncs } from './device-syncs.ts';
import type { FileHandle } from './file-system.ts';
import type { WriteLane } from './write-lane.ts';

const fstatInPool = promisify(fstat);
const closeInPool = promisify(close);
const fsyncInPool = promisify(fsync);
const truncateInPool = promisify(ftruncate);

/** Buffers of one system call: what Linux takes (IOV_MAX). */
const BUFFERS_MAX = 1024;

export class NodeFileHandle implements FileHandle {
  readonly fd: number;
  readonly #clock: Clock;
  readonly #lane: WriteLane;
  readonly #syncs: () => DeviceSyncs | null;
  /** The last write in the pool; null when none is there. */
  #pending: Promise<void> | null = null;

  constructor(options: {
    readonly fd: number;
    readonly clock: Clock;
    readonly lane: WriteLane;
    /** Those of the file's device, if there are any now. */
    readonly syncs: () => DeviceSyncs | null;
  }) {
    this.fd = options.fd;
    this.#clock = options.clock;
    this.#lane = options.lane;
    this.#syncs = options.syncs;
  }

  write(buffers: readonly Buffer[], position: number): Promise<void> | undefined {
    if (this.#pending === null && this.#lane.place() === 'inline') {
      this.#writeInline(buffers, position);
      return undefined;
    }
    const before = this.#pending ?? Promise.resolve();
    // A failed write is its own caller's; the next one still runs.
    const done = before.catch(() => undefined).then(() => this.#writeInPool(buffers, position));
    this.#pending = done;
    const clear = (): void => {
      if (this.#pending === done) this.#pending = null;
    };
    void done.then(clear, clear);
    return done;
  }

  async read(target: Buffer, position: number): Promise<number> {
    let count = 0;
    while (count < target.length) {
      const step = await this.#readOnce(target, count, position + count);
      if (step === 0) break;
      count += step;
    }
    return count;
  }

  async size(): Promise<number> {
    return (await fstatInPool(this.fd)).size;
  }

  async truncate(size: number): Promise<void> {
    await this.#pending?.catch(() => undefined);
    await truncateInPool(this.fd, size);
  }

  async sync(): Promise<void> {
    await this.#pending?.catch(() => undefined);
    const syncs = this.#syncs();
    await (syncs === null ? fsyncInPool(this.fd) : syncs.sync(() => fsyncInPool(this.fd)));
  }

  async close(): Promise<void> {
    await this.#pending?.catch(() => undefined);
    await closeInPool(this.fd);
  }

  #writeInline(buffers: readonly Buffer[], position: number): void {
    let rest = buffers;
    let place = position;
    const startMs = this.#clock.monotonicMs();
    try {
      while (rest.length > 0) {
        const written = writevSync(this.fd, rest.slice(0, BUFFERS_MAX), place);
        place += written;
        rest = withoutFirst(rest, written);
      }
    } finally {
      this.#lane.inlineDone(startMs);
    }
  }

  async #writeInPool(buffers: readonly Buffer[], position: number): Promise<void> {
    let rest = buffers;
    let place = position;
    const startMs = this.#clock.monotonicMs();
    try {
      while (rest.length > 0) {
        const written = await this.#writeOnce(rest.slice(0, BUFFERS_MAX), place);
        place += written;
        rest = withoutFirst(rest, written);
      }
    } finally {
      this.#lane.poolDone(startMs);
    }
  }

  /** Callbacks instead of promisify, which would wrap each result in an object. */
  #writeOnce(buffers: readonly Buffer[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.fd, buffers, position, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }

  #readOnce(target: Buffer, start: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.fd, target, start, target.length - start, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }
}

/** What is left of `buffers` after `count` bytes: a write may be done in part. */
function withoutFirst(buffers: readonly Buffer[], count: number): readonly Buffer[] {
  let rest = count;
  for (const [index, buffer] of buffers.entries()) {
    if (rest < buffer.length) return [buffer.subarray(rest), ...buffers.slice(index + 1)];
    rest -= buffer.length;
  }
  return [];
}
