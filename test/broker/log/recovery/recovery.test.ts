import { describe, expect, it } from '@jest/globals';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { patchBatch, patchCrc } from '../../../../broker/records/batch-header.ts';
import { CollectingLogger } from '../../../support/collecting-logger.ts';
import { batchOf, FOLDER, LogFixture, readAll } from '../log-fixture.ts';

const FIRST = '00000000000000000000.log';

/** `count` batches of one record, each of some 270 bytes, with a producer. */
async function append(log: PartitionLog, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const offset = log.logEndOffset;
    const producer = { id: 5, epoch: 0, baseSequence: offset };
    const batch = batchOf({ size: 200, timestampMs: 1_700_000_000_000 + offset, producer });
    await log.append(batch, { leaderEpoch: offset >> 2 }).written;
  }
}

/** Opens it as the next start does after a crash, and tells what was logged. */
async function reopen(
  fixture: LogFixture,
  recoveryPoint: number,
  options: { readonly compacts?: boolean; readonly segmentBytes?: number } = {},
): Promise<{ readonly log: PartitionLog; readonly logger: CollectingLogger; bytes: number }> {
  const logger = new CollectingLogger();
  let bytes = 0;
  const log = await fixture.open(options, {
    recoveryPoint,
    environment: { ...fixture.environment, logger },
    onVerified: (verified) => (bytes = verified),
  });
  return { log, logger, bytes };
}

describe('recovery after a crash', () => {
  it('begins at the recovery point, with the producers that were known there', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, 20);
    await log.flushForRecovery();
    const { size } = log;
    await append(log, 3);
    const tail = log.size - size;
    await fixture.crash(true);
    const again = await reopen(fixture, 20);
    expect(again.log.logEndOffset).toBe(23);
    // What lies behind it, and the batch to which the last index entry before it leads.
    expect(again.bytes).toBeGreaterThanOrEqual(tail);
    expect(again.bytes).toBeLessThan(tail + 600);
    const retry = batchOf({ size: 200, producer: { id: 5, epoch: 0, baseSequence: 22 } });
    expect(again.log.append(retry, { leaderEpoch: 9 })).toMatchObject({
      isDuplicate: true,
      baseOffset: 22,
    });
    expect([again.log.epochOf(3), again.log.epochOf(17), again.log.epochOf(22)]).toEqual([0, 4, 5]);
    await append(again.log, 1);
    await again.log.close();
  });

  it('builds the same indexes from there as from the start', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, 20);
    await log.flushForRecovery();
    await append(log, 20);
    await fixture.crash(true);
    await (await reopen(fixture, 20)).log.close();
    const names = ['00000000000000000000.index', '00000000000000000000.timeindex'];
    const partly = await Promise.all(names.map((name) => fixture.read(name)));
    await (await reopen(fixture, 0)).log.close();
    expect(await Promise.all(names.map((name) => fixture.read(name)))).toEqual(partly);
    expect(partly[0]?.length).toBeGreaterThan(40);
  });

  it('reads the whole segment where the indexes lead to no batch', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, 20);
    await log.flush();
    const bytes = await readAll(log);
    await fixture.crash(true);
    const index = Buffer.alloc(1024);
    index.writeUInt32BE(3, 0);
    index.writeUInt32BE(500, 4);
    await fixture.write('00000000000000000000.index', index);
    const again = await reopen(fixture, 20);
    expect(again.bytes).toBe(bytes.length);
    expect(await readAll(again.log)).toEqual(bytes);
    await again.log.close();
  });

  it('cuts what was synced too, if it is damaged, and forgets the producers behind that', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, 20);
    await log.flushForRecovery();
    await fixture.crash(true);
    const bytes = await fixture.read(FIRST);
    bytes.writeUInt8(0xff, bytes.length - 10);
    await fixture.write(FIRST, bytes);
    const again = await reopen(fixture, 20);
    expect(again.log.logEndOffset).toBe(19);
    await append(again.log, 1);
    expect(again.log.logEndOffset).toBe(20);
    await again.log.close();
  });

  it('ends the log where batches end and zeros, garbage or a torn batch begin', async () => {
    const tails = [Buffer.alloc(5000), Buffer.alloc(61, 0xff), Buffer.alloc(9), 'torn'] as const;
    for (const tail of tails) {
      const fixture = new LogFixture();
      const log = await fixture.open();
      await append(log, 5);
      const bytes = await readAll(log);
      await fixture.crash(true);
      const garbage = tail === 'torn' ? bytes.subarray(0, 150) : tail;
      await fixture.write(FIRST, Buffer.concat([bytes, garbage]));
      const again = await reopen(fixture, 0);
      expect(again.log.logEndOffset).toBe(5);
      expect(await fixture.read(FIRST)).toEqual(bytes);
      expect(again.logger.alarms).toHaveLength(1);
      await again.log.close();
    }
  });

  it('drops the segments behind a torn end', async () => {
    const { fixture, baseOffsets } = await threeSegments();
    const [, second = 0] = baseOffsets;
    const name = `${String(second).padStart(20, '0')}.log`;
    const bytes = await fixture.read(name);
    await fixture.write(name, bytes.subarray(0, bytes.length - 1));
    const again = await reopen(fixture, second, { segmentBytes: 1000 });
    expect(again.log.segmentBaseOffsets).toEqual(baseOffsets.slice(0, 2));
    expect(again.log.logEndOffset).toBeLessThan(baseOffsets[2] ?? 0);
    await again.log.close();
  });

  it('takes a segment that ends too early for a torn one, but not in what was synced', async () => {
    const { fixture, baseOffsets, endOffset } = await threeSegments();
    const [, second = 0, third = 0] = baseOffsets;
    const name = `${String(second).padStart(20, '0')}.log`;
    const bytes = await fixture.read(name);
    const cut = bytes.subarray(0, bytes.length - bytes.length / (third - second));
    await fixture.write(name, cut);
    const kept = await reopen(fixture, third - 1 + 1e-9, { segmentBytes: 1000 });
    await kept.log.close();
    expect(kept.log.logEndOffset).toBe(endOffset);
    expect(kept.logger.withMessage('offsets are missing between two segments')).toHaveLength(1);
    const lost = await reopen(fixture, second, { segmentBytes: 1000 });
    expect([lost.log.logEndOffset, lost.log.segmentBaseOffsets.length]).toEqual([third - 1, 2]);
    await lost.log.close();
  });

  it('passes over batches of which compaction has left the header only, markers too', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ compacts: true });
    await append(log, 3);
    const bytes = await readAll(log);
    await fixture.crash(true);
    const empty = [0x00, 0x30].map((attributes, index) => {
      const { buffer } = batchOf({ producer: { id: 7, epoch: 0, baseSequence: 4 } });
      const header = buffer.subarray(0, 61);
      header.writeInt32BE(49, 8);
      header.writeInt16BE(attributes, 21);
      header.writeBigInt64BE(-1n, 27);
      header.writeInt32BE(0, 57);
      patchBatch(header, 0, { baseOffset: 3 + index, partitionLeaderEpoch: 0 });
      patchCrc(header, 0);
      return header;
    });
    await fixture.write(FIRST, Buffer.concat([bytes, ...empty]));
    const again = await reopen(fixture, 0, { compacts: true });
    expect([again.log.logEndOffset, again.logger.alarms]).toEqual([5, []]);
    await again.log.close();
  });

  it('leaves files that are not of the log alone, and names them once', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, 2);
    await fixture.crash(true);
    const foreign = ['.nfs0001', 'backup.deleted', 'notes.txt', 'x.log'];
    for (const name of foreign) await fixture.write(name, Buffer.from(name));
    await fixture.write('00000000000000000007.log.deleted', Buffer.from('old'));
    const again = await reopen(fixture, 0);
    const lines = again.logger.withMessage('files that are not of the log are left alone');
    expect(lines.map(({ fields }) => fields['files'])).toEqual([foreign]);
    await again.log.close();
    const names = await fixture.fileSystem.list(FOLDER);
    for (const name of foreign) expect(names).toContain(name);
    expect(names).not.toContain('00000000000000000007.log.deleted');
  });

  it('keeps two snapshots inside a segment, and removes older ones', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open();
    for (let round = 0; round < 4; round += 1) {
      await append(log, 3);
      await log.flushForRecovery();
    }
    const snapshots = (await fixture.fileSystem.list(FOLDER)).filter((name) =>
      name.endsWith('.snapshot'),
    );
    expect(snapshots).toEqual(['00000000000000000009.snapshot', '00000000000000000012.snapshot']);
    // The checkpoint may not know the last flush yet.
    await fixture.crash(true);
    const again = await reopen(fixture, 9);
    expect([again.log.logEndOffset, again.bytes < 1500]).toEqual([12, true]);
    await again.log.close();
  });

  it('comes to the same end when it is interrupted anywhere and begun again', async () => {
    const reference = await interruptedAfter(Infinity);
    for (let calls = 0; calls < 60; calls += 3) {
      expect(await interruptedAfter(calls)).toEqual(reference);
    }
  });
});

async function threeSegments(): Promise<{
  readonly fixture: LogFixture;
  readonly baseOffsets: readonly number[];
  readonly endOffset: number;
}> {
  const fixture = new LogFixture();
  const log = await fixture.open({ segmentBytes: 1000 });
  await append(log, 9);
  await log.flush();
  const { segmentBaseOffsets: baseOffsets, logEndOffset: endOffset } = log;
  expect(baseOffsets).toHaveLength(3);
  await fixture.crash(true);
  return { fixture, baseOffsets, endOffset };
}

/** The process dies so many turns into a first recovery; then the second one, and what it left. */
async function interruptedAfter(ticks: number): Promise<unknown> {
  const { fixture, baseOffsets } = await threeSegments();
  const name = `${String(baseOffsets[1]).padStart(20, '0')}.log`;
  const bytes = await fixture.read(name);
  await fixture.write(name, bytes.subarray(0, bytes.length - 1));
  if (ticks !== Infinity) {
    const first = fixture.open({ segmentBytes: 1000 });
    const ended = first.then(
      () => undefined,
      () => undefined,
    );
    for (let tick = 0; tick < ticks * 10; tick += 1) await Promise.resolve();
    await fixture.crash(true);
    await ended;
  }
  const log = await fixture.open({ segmentBytes: 1000 });
  const { logEndOffset, segmentBaseOffsets, activeProducerCount } = log;
  const content = await readAll(log);
  await log.close();
  return {
    logEndOffset,
    segmentBaseOffsets,
    activeProducerCount,
    content,
    files: await fixture.files(),
  };
}
