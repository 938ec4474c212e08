/** What tests of the log share: ports with a clock of their own, batches, and a log on them. */

import { DescriptorCache } from '../../../broker/log/files/descriptor-cache.ts';
import { PreloadedFiles } from '../../../broker/log/files/preloaded-files.ts';
import { IndexCache } from '../../../broker/log/index/index-cache.ts';
import type { LogConfig } from '../../../broker/log/log-config.ts';
import type { LogEnvironment } from '../../../broker/log/log-environment.ts';
import type { AppendBatches, PartitionLogOptions } from '../../../broker/log/partition-log.ts';
import { PartitionLog } from '../../../broker/log/partition-log.ts';
import type { FileHandle, FileSystem } from '../../../broker/platform/file-system.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import type { Random } from '../../../broker/platform/random.ts';
import type { Timers } from '../../../broker/platform/timers.ts';
import { readBatchHeader } from '../../../broker/records/batch-header.ts';
import { buildBatch } from '../../../broker/records/builder.ts';
import { isOldMessage, readOldMessageHeader } from '../../../broker/records/old-message.ts';
import { InlineWorkers } from '../../support/sim/inline-workers.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';

export const FOLDER = '/data/topic-0';

export const defaultConfig: LogConfig = {
  segmentBytes: 1 << 20,
  segmentMs: Infinity,
  segmentJitterMs: 0,
  segmentIndexBytes: 1024,
  indexIntervalBytes: 200,
  retentionMs: Infinity,
  retentionBytes: Infinity,
  messageTimestampAfterMaxMs: Infinity,
  fileDeleteDelayMs: 1000,
  flushMessages: Infinity,
  flushMs: Infinity,
  preallocate: false,
  deletes: true,
  compacts: false,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Infinity,
  deleteRetentionMs: 86_400_000,
};

/** Time stands still until a test moves it; timers fire when it passes them. */
export class TestTime {
  ms = 1_700_000_000_000;
  #due: { atMs: number; periodMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }

  readonly timers: Timers = {
    after: (delayMs, callback) => this.#add(delayMs, 0, callback),
    every: (periodMs, callback) => this.#add(periodMs, periodMs, callback),
    soon: (callback) => queueMicrotask(callback),
  };

  /** Moves the clock, firing what is due on the way. */
  pass(durationMs: number): void {
    const end = this.ms + durationMs;
    for (;;) {
      const next = this.#due.sort((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || next.atMs > end) break;
      this.ms = next.atMs;
      if (next.periodMs > 0) next.atMs += next.periodMs;
      else this.#due.shift();
      next.callback();
    }
    this.ms = end;
  }

  #add(delayMs: number, periodMs: number, callback: () => void) {
    const entry = { atMs: this.ms + delayMs, periodMs, callback };
    this.#due.push(entry);
    return { cancel: () => void (this.#due = this.#due.filter((other) => other !== entry)) };
  }
}

/** The same numbers every time. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  const integer = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  const bytes = (size: number): Buffer =>
    Buffer.from(Array.from({ length: size }, () => integer(256)));
  return { integer, bytes, uuid: () => bytes(16) };
}

/** The file system as one process sees it: after that has died, nothing it still does has an effect. */
class ProcessFileSystem implements FileSystem {
  isDead = false;
  readonly #inner: FileSystem;

  constructor(inner: FileSystem) {
    this.#inner = inner;
  }

  async open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    const handle = await this.#alive().open(path, mode);
    if (!this.isDead) return handle;
    await handle.close();
    throw new Error('the process is dead');
  }

  readonly readFile = async (path: string) => this.#alive().readFile(path);
  readonly list = async (folder: string) => this.#alive().list(folder);
  readonly stat = async (path: string) => this.#alive().stat(path);
  readonly readFolder = async (folder: string, bytesMax: number | null) =>
    this.#alive().readFolder(folder, bytesMax);
  readonly makeFolder = async (folder: string) => this.#alive().makeFolder(folder);
  readonly rename = async (from: string, to: string) => this.#alive().rename(from, to);
  readonly setModified = async (path: string, modifiedMs: number) =>
    this.#alive().setModified(path, modifiedMs);
  readonly remove = async (path: string) => this.#alive().remove(path);
  readonly removeFolder = async (folder: string) => this.#alive().removeFolder(folder);
  readonly syncFolder = async (folder: string) => this.#alive().syncFolder(folder);
  readonly freeSize = async (folder: string) => this.#alive().freeSize(folder);
  readonly lock = async (path: string) => this.#alive().lock(path);

  #alive(): FileSystem {
    if (this.isDead) throw new Error('the process is dead');
    return this.#inner;
  }
}

/** Enough microtasks for a call of the memory file system that is under way. */
const CALL_TICKS = 10;

export class LogFixture {
  readonly time = new TestTime();
  readonly fileSystem = new MemoryFileSystem(this.time);
  readonly random = seededRandom(7);
  process = new ProcessFileSystem(this.fileSystem);
  preloaded = new PreloadedFiles(this.process);
  descriptors = new DescriptorCache(this.preloaded, 4);

  get environment(): LogEnvironment {
    return {
      fileSystem: this.preloaded,
      preloaded: this.preloaded,
      clock: this.time,
      timers: this.time.timers,
      random: this.random,
      logger: silentLogger,
      workers: new InlineWorkers({
        fileSystem: this.process,
        clock: this.time,
        timers: this.time.timers,
        logger: silentLogger,
      }),
      diskOf: () => null,
      descriptors: this.descriptors,
      indexes: new IndexCache(1 << 16),
      producerIdExpirationMs: 86_400_000,
    };
  }

  async open(
    config: Partial<LogConfig> = {},
    options: Partial<PartitionLogOptions> = {},
  ): Promise<PartitionLog> {
    await this.fileSystem.makeFolder(FOLDER);
    for (const parent of ['/', '/data']) await this.fileSystem.syncFolder(parent);
    return PartitionLog.openPartitionLog({
      topic: 'topic',
      partition: 0,
      folder: FOLDER,
      config: { ...defaultConfig, ...config },
      environment: this.environment,
      recoveryPoint: 0,
      logStartOffset: 0,
      isClean: false,
      ...options,
    });
  }

  /** A machine that loses its power, or with `keepUnsynced` a process that is killed. */
  async crash(keepUnsynced: boolean | Random): Promise<void> {
    this.process.isDead = true;
    for (let tick = 0; tick < CALL_TICKS; tick += 1) await Promise.resolve();
    this.fileSystem.crash({ keepUnsynced });
    this.process = new ProcessFileSystem(this.fileSystem);
    this.preloaded = new PreloadedFiles(this.process);
    this.descriptors = new DescriptorCache(this.preloaded, 4);
  }

  /** Sizes by name of the files of the partition. */
  async files(): Promise<ReadonlyMap<string, number>> {
    const names = await this.fileSystem.list(FOLDER);
    const sizes = new Map<string, number>();
    for (const name of names) {
      sizes.set(name, (await this.fileSystem.stat(`${FOLDER}/${name}`))?.size ?? -1);
    }
    return sizes;
  }

  /** Replaces the content of a file. */
  async write(name: string, content: Buffer): Promise<void> {
    await this.fileSystem.makeFolder(FOLDER);
    const handle = await this.fileSystem.open(`${FOLDER}/${name}`, 'write');
    await handle.truncate(0);
    await handle.write([content], 0);
    await handle.sync();
    await handle.close();
    await this.fileSystem.syncFolder(FOLDER);
  }

  read(name: string): Promise<Buffer> {
    return this.fileSystem.readFile(`${FOLDER}/${name}`);
  }
}

/** A batch of `count` records with values of `size` bytes. */
export function batchOf(options: {
  readonly count?: number;
  readonly size?: number;
  readonly timestampMs?: number;
  readonly tag?: string;
  readonly producer?: {
    readonly id: number;
    readonly epoch: number;
    readonly baseSequence: number;
  };
}): AppendBatches {
  const { count = 1, size = 10, timestampMs = 1_700_000_000_000, tag = 'v', producer } = options;
  const records = Array.from({ length: count }, (_, index) => ({
    timestampMs: timestampMs + index,
    key: null,
    value: Buffer.from(`${tag}${String(index)}`.padEnd(size, '.')),
  }));
  const buffer = buildBatch({ records, ...(producer === undefined ? {} : { producer }) });
  return { buffer, headers: [readBatchHeader(buffer, 0)] };
}

/** All bytes of the log from its start to `upperBound`, as a consumer with small fetches gets them. */
export async function readAll(
  log: PartitionLog,
  options: {
    readonly from?: number;
    readonly upperBound?: number;
    readonly maxBytes?: number;
  } = {},
): Promise<Buffer> {
  const { upperBound = log.writtenEndOffset, maxBytes = 300 } = options;
  const parts: Buffer[] = [];
  let offset = options.from ?? log.logStartOffset;
  while (offset < upperBound) {
    const read = await log.read({ offset, maxBytes, minOneBatch: true, upperBound });
    const [span] = read.payload;
    if (span === undefined || Buffer.isBuffer(span)) break;
    const bytes = await span.read();
    span.release();
    const whole = wholeBatches(bytes);
    parts.push(bytes.subarray(0, whole.size));
    offset = whole.nextOffset;
  }
  return Buffer.concat(parts);
}

function wholeBatches(bytes: Buffer): { readonly size: number; readonly nextOffset: number } {
  let size = 0;
  let nextOffset = -1;
  while (bytes.length - size >= 61 || isOldMessage(bytes, size)) {
    const header = isOldMessage(bytes, size)
      ? readOldMessageHeader(bytes, size)
      : readBatchHeader(bytes, size);
    if (header.sizeInBytes > bytes.length - size) break;
    size += header.sizeInBytes;
    nextOffset = header.lastOffset + 1;
  }
  return { size, nextOffset };
}
