import { describe, expect, it } from '@jest/globals';
import assert from 'node:assert/strict';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { BATCH_HEADER_SIZE, readBatchHeader } from '../../../../broker/records/batch-header.ts';
import { LogFixture } from '../log-fixture.ts';
import { append, compact, compacted, keyedBatch, readLines, roll } from './compaction-fixture.ts';

async function filled(): Promise<{ fixture: LogFixture; log: PartitionLog }> {
  const fixture = new LogFixture();
  const log = await fixture.open({ ...compacted, fileDeleteDelayMs: 1000 });
  for (let round = 0; round < 5; round += 1) {
    for (const key of ['a', `k${String(round)}`]) {
      await append(log, await keyedBatch([{ key, value: `${key}${String(round)}` }]));
    }
    await roll(log);
  }
  return { fixture, log };
}

/** One pass with small fetches; each goes on where the one before ended. */
async function readThrough(log: PartitionLog, isOver: () => boolean): Promise<number> {
  let count = 0;
  while (!isOver()) {
    for (let offset = 0; offset < log.writtenEndOffset;) {
      const upperBound = log.writtenEndOffset;
      const read = await log.read({ offset, maxBytes: 100, minOneBatch: true, upperBound });
      const [span] = read.payload;
      assert(span !== undefined && !Buffer.isBuffer(span), `nothing was read at ${String(offset)}`);
      const bytes = await span.read();
      span.release();
      assert(bytes.length >= BATCH_HEADER_SIZE);
      const header = readBatchHeader(bytes, 0);
      assert(header.lastOffset >= offset && header.sizeInBytes <= bytes.length);
      offset = header.lastOffset + 1;
      count += 1;
    }
    await log.offsetForTimestamp(1);
  }
  return count;
}

describe('readers beside a compaction', () => {
  it('are not disturbed while segments are replaced', async () => {
    const { fixture, log } = await filled();
    let isOver = false;
    const readers = [1, 2, 3].map(() => readThrough(log, () => isOver));
    for (let round = 0; round < 6; round += 1) {
      await compact(log);
      fixture.time.pass(log.config.fileDeleteDelayMs);
      await append(log, await keyedBatch([{ key: 'a', value: `more ${String(round)}` }]));
      await roll(log);
    }
    isOver = true;
    for (const count of await Promise.all(readers)) expect(count).toBeGreaterThan(20);
    await log.close();
    expect(fixture.fileSystem.openCount).toBe(0);
  });

  it('go on reading what they hold', async () => {
    const { fixture, log } = await filled();
    const options = { offset: 0, maxBytes: 80, minOneBatch: true, upperBound: log.logEndOffset };
    const read = await log.read(options);
    const [span] = read.payload;
    assert(span !== undefined && !Buffer.isBuffer(span));
    const before = await span.read();
    await compact(log);
    fixture.time.pass(log.config.fileDeleteDelayMs);
    await log.flush();
    expect(await span.read()).toEqual(before);
    span.release();
    expect((await readLines(log)).filter((line) => line.includes(' a='))).toHaveLength(1);
    await log.close();
    expect(fixture.fileSystem.openCount).toBe(0);
  });
});
