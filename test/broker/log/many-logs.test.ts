import assert from 'node:assert/strict';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DescriptorCache } from '../../../broker/log/files/descriptor-cache.ts';
import { IndexCache } from '../../../broker/log/index/index-cache.ts';
import type { LogEnvironment } from '../../../broker/log/log-environment.ts';
import { PartitionLog } from '../../../broker/log/partition-log.ts';
import { payloadSize, releasePayload } from '../../../broker/model/payload.ts';
import type { FileHandle } from '../../../broker/platform/file-system.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import { batchOf, defaultConfig, LogFixture, TestTime } from './log-fixture.ts';

const LOG_COUNT = 1000;
const OPEN_FILES_MAX = 100;
const CONFIG = { ...defaultConfig, segmentBytes: 400, indexIntervalBytes: 100 };

/** Counts the calls that a disk would see. */
class CountingFileSystem extends MemoryFileSystem {
  openMax = 0;
  calls = 0;

  override async open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    this.calls += 1;
    const handle = await super.open(path, mode);
    this.openMax = Math.max(this.openMax, this.openCount);
    return handle;
  }

  override readFile(path: string): Promise<Buffer> {
    this.calls += 1;
    return super.readFile(path);
  }

  override stat(path: string): ReturnType<MemoryFileSystem['stat']> {
    this.calls += 1;
    return super.stat(path);
  }
}

class Logs {
  readonly files = new CountingFileSystem(new TestTime());
  readonly environment: LogEnvironment;

  constructor() {
    this.environment = {
      ...new LogFixture().environment,
      fileSystem: this.files,
      descriptors: new DescriptorCache(this.files, OPEN_FILES_MAX),
      indexes: new IndexCache(64 * 1024),
    };
  }

  open(partition: number): Promise<PartitionLog> {
    return PartitionLog.openPartitionLog({
      topic: 'many',
      partition,
      folder: `/data/many-${String(partition)}`,
      config: CONFIG,
      environment: this.environment,
      recoveryPoint: 0,
      logStartOffset: 0,
      isClean: true,
    });
  }

  /** Each with three segments, closed again. */
  async fill(): Promise<void> {
    for (let partition = 0; partition < LOG_COUNT; partition += 1) {
      const log = await this.open(partition);
      for (let n = 0; n < 9; n += 1) {
        await log.append(batchOf({ size: 50, tag: String(n) }), { leaderEpoch: 0 }).written;
      }
      assert.equal(log.segmentBaseOffsets.length, 3);
      await log.close();
    }
  }

  async openAll(): Promise<readonly PartitionLog[]> {
    const logs: PartitionLog[] = [];
    for (let partition = 0; partition < LOG_COUNT; partition += 1) {
      logs.push(await this.open(partition));
    }
    return logs;
  }
}

async function readOne(log: PartitionLog, offset: number): Promise<number> {
  const upperBound = log.writtenEndOffset;
  const read = await log.read({ offset, maxBytes: 1000, minOneBatch: true, upperBound });
  for (const part of read.payload) expect(Buffer.isBuffer(part)).toBe(false);
  const size = payloadSize(read.payload);
  releasePayload(read.payload);
  return size;
}

describe('a thousand logs of three segments', () => {
  const logs = new Logs();
  let all: readonly PartitionLog[] = [];

  beforeAll(async () => {
    await logs.fill();
    all = await logs.openAll();
  }, 60_000);

  it('are read through a hundred descriptors, and none is kept for an index', async () => {
    logs.files.openMax = 0;
    for (const offset of [0, 4, 8]) {
      for (const log of all) expect(await readOne(log, offset)).toBeGreaterThan(0);
    }
    expect(logs.environment.descriptors.openCount).toBeLessThanOrEqual(OPEN_FILES_MAX);
    expect(logs.files.openCount).toBeLessThanOrEqual(OPEN_FILES_MAX);
    // One more while an old one closes, and one for the index that is read.
    expect(logs.files.openMax).toBeLessThanOrEqual(OPEN_FILES_MAX + 2);
  });

  it('need one more per reader when many read at the same time', async () => {
    logs.files.openMax = 0;
    const readers = 50;
    const read = async (reader: number): Promise<void> => {
      for (let at = reader; at < all.length; at += readers) {
        const log = all[at];
        if (log === undefined) continue;
        await readOne(log, 4);
        await log.offsetForTimestamp(1_700_000_000_000);
        await log.transactions.aborted({ from: 0, upperBound: 9 });
      }
    };
    await Promise.all(Array.from({ length: readers }, (_, reader) => read(reader)));
    expect(logs.files.openCount).toBeLessThanOrEqual(OPEN_FILES_MAX);
    expect(logs.files.openMax).toBeLessThanOrEqual(OPEN_FILES_MAX + 2 * readers);
  });

  it('give back what they had open beyond the bound when the last reader is done', async () => {
    const upperBound = 9;
    const reads = await Promise.all(
      all.map(async (log) =>
        log.read({ offset: 0, maxBytes: 1000, minOneBatch: true, upperBound }),
      ),
    );
    expect(logs.files.openCount).toBeGreaterThan(OPEN_FILES_MAX);
    for (const { payload } of reads) releasePayload(payload);
    await logs.files.list('/data');
    expect(logs.files.openCount).toBeLessThanOrEqual(OPEN_FILES_MAX);
  });

  it('look into indexes that are loaded without a call to the file system', async () => {
    const [log] = all;
    if (log === undefined) throw new Error('there are logs');
    await readOne(log, 1);
    await log.transactions.aborted({ from: 0, upperBound: 9 });
    logs.files.calls = 0;
    for (let round = 0; round < 100; round += 1) {
      await readOne(log, 1);
      await log.transactions.aborted({ from: 0, upperBound: 9 });
    }
    expect(logs.files.calls).toBe(0);
  });
});
