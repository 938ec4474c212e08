import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { LogConfig } from '../../../../broker/log/log-config.ts';
import { DescriptorCache } from '../../../../broker/log/files/descriptor-cache.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { systemClock } from '../../../../broker/platform/clock.ts';
import { NodeFileSystem } from '../../../../broker/platform/node-file-system.ts';
import { batchOf, LogFixture } from '../log-fixture.ts';

const HOUR = 3_600_000;

/** One batch per segment, with the given ages. */
async function logOfAges(agesMs: readonly number[], config: Partial<LogConfig>) {
  const fixture = new LogFixture();
  const log = await fixture.open({ segmentBytes: 200, ...config });
  for (const ageMs of agesMs) {
    const batch = batchOf({ size: 60, timestampMs: fixture.time.ms - ageMs });
    await log.append(batch, { leaderEpoch: 0 }).written;
  }
  expect(log.segmentBaseOffsets).toEqual(agesMs.map((_, index) => index));
  const retain = (highWatermark = Infinity) =>
    log.deleteOldSegments({ nowMs: fixture.time.ms, highWatermark });
  return { fixture, log, retain };
}

describe('retention', () => {
  it('drops segments whose largest timestamp is older than retention.ms, and only those', async () => {
    const { log, retain } = await logOfAges([5 * HOUR, 3 * HOUR, HOUR, 0], {
      retentionMs: 2 * HOUR,
    });
    expect(await retain()).toBe(2);
    expect([log.logStartOffset, log.segmentBaseOffsets]).toEqual([2, [2, 3]]);
    expect(await retain()).toBe(0);
    await log.close();
  });

  it('keeps a segment that is exactly as old as retention.ms', async () => {
    const { log, retain } = await logOfAges([2 * HOUR, 0], { retentionMs: 2 * HOUR });
    expect(await retain()).toBe(0);
    await log.close();
  });

  it('is held up by a record of the future', async () => {
    const { log, retain } = await logOfAges([5 * HOUR, -9 * HOUR, 4 * HOUR, 0], {
      retentionMs: HOUR,
    });
    expect(await retain()).toBe(1);
    expect(log.logStartOffset).toBe(1);
    await log.close();
  });

  it('rolls and drops an active segment that is wholly expired, and offsets go on', async () => {
    const { fixture, log, retain } = await logOfAges([5 * HOUR, 3 * HOUR], { retentionMs: HOUR });
    expect(await retain()).toBe(2);
    expect([log.logStartOffset, log.logEndOffset, log.segmentBaseOffsets]).toEqual([2, 2, [2]]);
    expect(await retain()).toBe(0);
    await log.flush();
    await fixture.crash(false);
    const again = await fixture.open();
    expect([again.logStartOffset, again.logEndOffset]).toEqual([2, 2]);
    expect(again.append(batchOf({}), { leaderEpoch: 0 }).baseOffset).toBe(2);
    await again.close();
  });

  it('leaves no file of a dropped segment behind, though its roll is still being saved', async () => {
    // On the real disk: there a save of the rolled segment and the renames overlap.
    const files = new NodeFileSystem({ clock: systemClock });
    const folder = await mkdtemp(join(tmpdir(), 'odradek-retention-'));
    const fixture = new LogFixture();
    const environment = {
      ...fixture.environment,
      fileSystem: files,
      descriptors: new DescriptorCache(files, 4),
    };
    const log = await fixture.open({ retentionMs: HOUR }, { environment, folder });
    const batch = batchOf({ size: 60, timestampMs: fixture.time.ms - 2 * HOUR });
    await log.append(batch, { leaderEpoch: 0 }).written;
    expect(await log.deleteOldSegments({ nowMs: fixture.time.ms, highWatermark: 1 })).toBe(1);
    await log.close();
    const names = await files.list(folder);
    expect(names).not.toContain('00000000000000000000.log');
    expect(names).toContain('00000000000000000001.log');
    await files.removeFolder(folder);
  });

  it('drops nothing that the high watermark has not passed', async () => {
    const { log, retain } = await logOfAges([5 * HOUR, 4 * HOUR, 3 * HOUR], { retentionMs: HOUR });
    expect(await retain(1)).toBe(1);
    expect(await retain(2)).toBe(1);
    expect(await retain(2)).toBe(0);
    await log.close();
  });

  it('drops by size as long as the rest is at least retention.bytes', async () => {
    const size = batchOf({ size: 60 }).buffer.length;
    const config = { retentionBytes: 2 * size + 1 };
    const { log, retain } = await logOfAges([0, 0, 0, 0, 0], config);
    expect(await retain()).toBe(2);
    expect(log.size).toBe(3 * size);
    await log.close();
  });

  it('drops segments before the log start offset whatever the policy', async () => {
    const { log, retain } = await logOfAges([0, 0, 0], { deletes: false, compacts: true });
    log.advanceLogStartOffset(2, 3);
    expect(log.logStartOffset).toBe(2);
    log.advanceLogStartOffset(1, 3);
    expect(log.logStartOffset).toBe(2);
    expect(() => log.advanceLogStartOffset(4, 3)).toThrow('high watermark');
    expect(await retain()).toBe(2);
    expect(log.segmentBaseOffsets).toEqual([2]);
    await log.close();
  });

  it('drops the active segment too when all of it lies before the log start offset', async () => {
    const { fixture, log, retain } = await logOfAges([0, 0], { deletes: false, compacts: true });
    log.advanceLogStartOffset(2, 2);
    expect(await retain(1)).toBe(1);
    expect(await retain(2)).toBe(1);
    expect([log.size, log.logStartOffset, log.logEndOffset]).toEqual([0, 2, 2]);
    expect(await retain()).toBe(0);
    await log.append(batchOf({ timestampMs: fixture.time.ms }), { leaderEpoch: 0 }).written;
    expect(await retain()).toBe(0);
    await log.close();
  });

  it('leaves compacted logs alone, unless they are to be deleted from as well', async () => {
    const compacted = { retentionMs: 1, compacts: true, deletes: false };
    const { log, retain } = await logOfAges([5 * HOUR, 0], compacted);
    expect(await retain()).toBe(0);
    log.updateConfig({ ...log.config, retentionMs: HOUR, deletes: true });
    expect(await retain()).toBe(1);
    await log.close();
  });

  it('takes the snapshots of producers along that belong to no segment', async () => {
    const fixture = new LogFixture();
    const append = async (log: PartitionLog): Promise<void> => {
      const batch = batchOf({ size: 60, timestampMs: fixture.time.ms - 2 * HOUR });
      await log.append(batch, { leaderEpoch: 0 }).written;
    };
    const first = await fixture.open({});
    await append(first);
    await first.close();
    const log = await fixture.open({ retentionMs: HOUR }, { isClean: true });
    await append(log);
    expect(await log.deleteOldSegments({ nowMs: fixture.time.ms, highWatermark: 2 })).toBe(1);
    await log.flush();
    const names = [...(await fixture.files()).keys()];
    expect(names.filter((name) => name.endsWith('.snapshot'))).toEqual([
      '00000000000000000002.snapshot',
    ]);
    await log.close();
  });

  it('goes by the time of the file where records have no time', async () => {
    const fixture = new LogFixture();
    const log = await fixture.open({ segmentBytes: 200, retentionMs: HOUR });
    for (let count = 0; count < 2; count += 1) {
      await log.append(batchOf({ size: 60, timestampMs: -1 }), { leaderEpoch: 0 }).written;
    }
    const drop = (nowMs: number) => log.deleteOldSegments({ nowMs, highWatermark: 2 });
    expect(await drop(fixture.time.ms + HOUR)).toBe(0);
    expect(await drop(fixture.time.ms + HOUR + 1)).toBe(2);
    await log.close();
  });

  it('takes a new configuration at once', async () => {
    const { log, retain } = await logOfAges([5 * HOUR, 0], {});
    expect(await retain()).toBe(0);
    log.updateConfig({ ...log.config, retentionMs: HOUR });
    expect(await retain()).toBe(1);
    await log.close();
  });
});
