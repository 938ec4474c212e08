import { describe, expect, it } from '@jest/globals';
import type { LogConfig } from '../../../../broker/log/log-config.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { LogFixture } from '../log-fixture.ts';
import {
  append,
  compact,
  compacted,
  keyedBatch,
  markerBatch,
  readBatches,
  readLines,
  roll,
  START_MS,
} from './compaction-fixture.ts';

async function open(config: Partial<LogConfig> = {}) {
  const fixture = new LogFixture();
  const log = await fixture.open({ ...compacted, ...config });
  return { fixture, log };
}

const producer = { id: 5, epoch: 2 };

async function send(
  log: PartitionLog,
  key: string,
  options: { readonly sequence: number; readonly value?: string; readonly id?: number },
): Promise<number> {
  const { sequence, value = `v${String(sequence)}`, id = producer.id } = options;
  return append(
    log,
    await keyedBatch([{ key, value }], {
      producer: { id, epoch: producer.epoch, baseSequence: sequence },
      isTransactional: true,
    }),
  );
}

async function idempotent(log: PartitionLog, key: string, baseSequence: number): Promise<number> {
  const content = { producer: { ...producer, baseSequence } };
  return append(log, await keyedBatch([{ key, value: String(baseSequence) }], content));
}

describe('compaction and producers', () => {
  it("keeps the header of a producer's last batch, with its sequence, until there is a later one", async () => {
    const { fixture, log } = await open();
    await idempotent(log, 'a', 0);
    await idempotent(log, 'a', 1);
    await append(log, await keyedBatch([{ key: 'a', value: 'by another' }]));
    await roll(log);
    await compact(log);
    const [first, second] = await readBatches(log);
    expect(first?.records).toEqual([]);
    expect(first?.header).toMatchObject({
      baseOffset: 1,
      lastOffset: 1,
      sizeInBytes: 61,
      recordCount: 0,
      baseTimestampMs: -1,
      maxTimestampMs: START_MS,
      producerId: 5,
      producerEpoch: 2,
      baseSequence: 1,
    });
    expect(second?.header.baseOffset).toBe(2);
    const { recoveryPoint } = log;
    await fixture.crash(true);
    // All of it is read again, as nothing says that anything was synced.
    const again = await fixture.open(compacted, { recoveryPoint: 0 });
    expect(again.logEndOffset).toBeGreaterThanOrEqual(recoveryPoint);
    await expect(idempotent(again, 'a', 3)).rejects.toThrow('the last sequence was 1');
    await idempotent(again, 'b', 2);
    await roll(again);
    await compact(again);
    const emptied = (await readBatches(again)).filter(({ header }) => header.recordCount === 0);
    expect(emptied.map(({ header }) => header.baseSequence)).toEqual([]);
    await again.close();
  });

  it('keeps the first offset behind what it compacts where it is', async () => {
    const { log } = await open();
    await append(log, await keyedBatch([{ key: null, value: 'no key' }]));
    await roll(log);
    const output = await compact(log);
    expect(output?.invalidRecordCount).toBe(1);
    const end = log.segmentBaseOffsets.at(-1) ?? 0;
    const last = (await readBatches(log)).filter(({ header }) => header.baseOffset < end).at(-1);
    expect(last?.header.lastOffset).toBe(end - 1);
    await log.close();
  });
});

describe('compaction and transactions', () => {
  it('drops what was aborted, and keeps what it would have replaced', async () => {
    const { fixture, log } = await open();
    await append(log, await keyedBatch([{ key: 'a', value: 'old' }]));
    await append(log, await keyedBatch([{ key: 'b', value: 'old' }]));
    await send(log, 'a', { sequence: 0, value: 'aborted' });
    await append(log, markerBatch(producer, 0));
    await send(log, 'b', { sequence: 1, value: 'committed' });
    await append(log, markerBatch(producer, 1));
    await roll(log);
    await compact(log);
    expect(await readLines(log)).toEqual(['0 a=old', '4 b=committed']);
    const kept = await log.transactions.aborted({ from: 0, upperBound: log.logEndOffset });
    expect(kept).toMatchObject([{ producerId: 5, firstOffset: 2, lastOffset: 3 }]);
    await log.close();
    const again = await fixture.open(compacted, { isClean: true });
    expect(await again.transactions.aborted({ from: 0, upperBound: 10 })).toEqual(kept);
    await again.close();
  });

  it('does not touch what is undecided', async () => {
    const { log } = await open();
    await append(log, await keyedBatch([{ key: 'a', value: '1' }]));
    await roll(log);
    const undecided = await send(log, 'a', { sequence: 0 });
    await append(log, await keyedBatch([{ key: 'a', value: '3' }]));
    await roll(log);
    const output = await compact(log);
    expect(output?.endOffset).toBeLessThanOrEqual(undecided);
    expect(await readLines(log)).toHaveLength(3);
    await log.close();
  });

  it('drops a marker when nothing is left of its transaction, and its time is over', async () => {
    const { log } = await open({ deleteRetentionMs: 1000, segmentBytes: 3000 });
    await send(log, 'a', { sequence: 0 });
    const marker = await append(log, markerBatch(producer, 1));
    await append(log, await keyedBatch([{ key: 'a', value: 'later' }]));
    // The producer goes on: its last sequence is elsewhere.
    await send(log, 'z', { sequence: 1 });
    await append(log, markerBatch(producer, 1));
    await roll(log);
    const markerNow = async () =>
      (await readBatches(log)).find(({ header }) => header.baseOffset === marker)?.header;
    await compact(log, { nowMs: START_MS });
    expect(await markerNow()).toMatchObject({ hasDeleteHorizon: false });
    await roll(log);
    await compact(log, { nowMs: START_MS });
    expect(await markerNow()).toMatchObject({
      hasDeleteHorizon: true,
      baseTimestampMs: START_MS + 1000,
    });
    await roll(log);
    await compact(log, { nowMs: START_MS + 999 });
    expect(await markerNow()).toBeDefined();
    await roll(log);
    await compact(log, { nowMs: START_MS + 1000 });
    expect(await markerNow()).toBeUndefined();
    expect((await readLines(log)).map((line) => line.split(' ')[1])).toEqual(['a=later', 'z=v1']);
    await log.close();
  });

  it('forgets an aborted transaction in the index one compaction after its records', async () => {
    const { log } = await open();
    await send(log, 'a', { sequence: 0 });
    await append(log, markerBatch(producer, 0));
    await send(log, 'b', { sequence: 1 });
    await append(log, markerBatch(producer, 1));
    await roll(log);
    const aborted = () => log.transactions.aborted({ from: 0, upperBound: log.logEndOffset });
    await compact(log);
    expect(await aborted()).toHaveLength(1);
    await roll(log);
    await compact(log);
    expect(await aborted()).toHaveLength(0);
    await log.close();
  });
});
