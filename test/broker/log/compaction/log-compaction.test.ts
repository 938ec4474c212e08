import { describe, expect, it } from '@jest/globals';
import { LogFixture } from '../log-fixture.ts';
import {
  append,
  compact,
  compacted,
  DAY_MS,
  keyedBatch,
  readBatches,
  readLines,
  roll,
  START_MS,
} from './compaction-fixture.ts';

async function open(config = {}) {
  const fixture = new LogFixture();
  const log = await fixture.open({ ...compacted, ...config });
  return { fixture, log };
}

describe('the compaction of a log', () => {
  it('keeps the last record of each key, at its offset', async () => {
    const { fixture, log } = await open();
    await append(
      log,
      await keyedBatch([
        { key: 'a', value: '1' },
        { key: 'b', value: '1' },
        { key: 'a', value: '2' },
      ]),
    );
    await append(log, await keyedBatch([{ key: 'b', value: '2' }]));
    await append(log, await keyedBatch([{ key: 'c', value: '1' }]));
    await roll(log);
    const output = await compact(log);
    expect(output).toMatchObject({ endOffset: log.segmentBaseOffsets.at(-1) });
    expect(await readLines(log)).toEqual(['2 a=2', '3 b=2', '4 c=1']);
    expect(log.compaction.cleanedOffset).toBe(output?.endOffset);
    const [first] = await readBatches(log);
    expect(first?.header).toMatchObject({ baseOffset: 0, lastOffset: 2, recordCount: 1 });
    expect(await compact(log)).toBeNull();
    await log.close();
    expect(fixture.fileSystem.openCount).toBe(0);
  });

  it('leaves the active segment and what is not replicated alone', async () => {
    const { log } = await open();
    for (const value of ['1', '2']) await append(log, await keyedBatch([{ key: 'a', value }]));
    expect(await compact(log)).toBeNull();
    await roll(log);
    expect(await compact(log, { highWatermark: 1 })).toBeNull();
    await append(log, await keyedBatch([{ key: 'a', value: '3' }]));
    await compact(log);
    const lines = await readLines(log);
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['a=2', 'a=3']);
    await log.close();
  });

  it('joins small segments', async () => {
    const { fixture, log } = await open();
    for (let round = 0; round < 6; round += 1) {
      await append(log, await keyedBatch([{ key: `k${String(round)}`, value: 'v' }]));
      await roll(log);
    }
    const before = log.segmentBaseOffsets.length;
    const lines = await readLines(log);
    await compact(log);
    // Which segments fit together is decided by what they were before.
    await roll(log);
    await compact(log);
    expect(log.segmentBaseOffsets.length).toBeLessThan(before);
    expect(await readLines(log)).toEqual(lines);
    fixture.time.pass(log.config.fileDeleteDelayMs);
    await log.flush();
    const files = [...(await fixture.files()).keys()];
    expect(files.filter((name) => name.endsWith('.log'))).toHaveLength(
      log.segmentBaseOffsets.length,
    );
    await log.close();
    const again = await fixture.open(compacted, { isClean: true });
    expect(await readLines(again)).toEqual(lines);
    await again.close();
  });

  it('leaves headers of batches whose timestamp is not that of any record', async () => {
    const log = await new LogFixture().open(compacted);
    const timestampMs = START_MS + 5000;
    const producer = { id: 7, epoch: 0, baseSequence: 0 };
    await append(log, await keyedBatch([{ key: 'a', value: '1', timestampMs }], { producer }));
    await append(log, await keyedBatch([{ key: 'a', value: '2', timestampMs: START_MS + 1 }]));
    await roll(log);
    await compact(log, { nowMs: START_MS + 10_000 });
    const [first] = await readBatches(log);
    expect(first?.header).toMatchObject({ recordCount: 0, maxTimestampMs: timestampMs });
    expect(await log.offsetOfMaxTimestamp()).toMatchObject({
      timestampMs: START_MS + 1,
      offset: 1,
    });
  });

  it('drops tombstones when delete.retention.ms is over since it first met them', async () => {
    const { log } = await open({ deleteRetentionMs: DAY_MS });
    await append(log, await keyedBatch([{ key: 'a', value: '1' }]));
    await append(
      log,
      await keyedBatch([
        { key: 'a', value: null, timestampMs: START_MS - 5000 },
        { key: 'b', value: '1', timestampMs: START_MS - 4000 },
      ]),
    );
    await roll(log);
    await compact(log, { nowMs: START_MS });
    expect(await readLines(log)).toEqual(['1 a', '2 b=1']);
    const tombstone = (await readBatches(log)).find(({ header }) => header.baseOffset === 1);
    expect(tombstone?.header).toMatchObject({
      hasDeleteHorizon: true,
      baseTimestampMs: START_MS + DAY_MS,
      maxTimestampMs: START_MS - 4000,
    });
    expect(tombstone?.records.map(({ timestampMs }) => timestampMs)).toEqual([
      START_MS - 5000,
      START_MS - 4000,
    ]);
    await roll(log);
    await compact(log, { nowMs: START_MS + DAY_MS - 1 });
    expect(await readLines(log)).toEqual(['1 a', '2 b=1']);
    await roll(log);
    await compact(log, { nowMs: START_MS + DAY_MS });
    expect(await readLines(log)).toEqual(['2 b=1']);
    await log.close();
  });
});
