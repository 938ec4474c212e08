import { describe, expect, it } from '@jest/globals';
import assert from 'node:assert/strict';
import type { CompactionSettings } from '../../../../broker/log/compaction/log-cleaner.ts';
import { LogCleaner } from '../../../../broker/log/compaction/log-cleaner.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { silentLogger } from '../../../../broker/platform/logger.ts';
import { settled } from '../../../support/manual-time.ts';
import { FOLDER, LogFixture } from '../log-fixture.ts';
import {
  append,
  compact,
  compacted,
  keyedBatch,
  limits,
  readLines,
  roll,
} from './compaction-fixture.ts';

const SETTINGS: CompactionSettings = { ...limits, isEnabled: true, backoffMs: 15_000 };

async function filled(fixture: LogFixture, count: number, config = {}): Promise<PartitionLog> {
  const log = await fixture.open({ ...compacted, ...config });
  for (let value = 0; value < count; value += 1) {
    await append(log, await keyedBatch([{ key: 'a', value: String(value) }]));
  }
  await roll(log);
  return log;
}

function cleanerOf(
  fixture: LogFixture,
  logs: readonly PartitionLog[],
  settings: Partial<CompactionSettings> = {},
) {
  const saved: PartitionLog[] = [];
  const cleaner = new LogCleaner({
    settings: () => ({ ...SETTINGS, ...settings }),
    clock: fixture.time,
    timers: fixture.time.timers,
    logger: silentLogger,
    logs: () => logs,
    highWatermarkOf: (log) => log.writtenEndOffset,
    onCleaned: async (log) => {
      saved.push(log);
      await Promise.resolve();
    },
    onFailed: () => undefined,
  });
  return { cleaner, saved };
}

describe('the choice of what is compacted', () => {
  it('takes the dirtiest log first, and none below its ratio', async () => {
    const [one, two, three] = [new LogFixture(), new LogFixture(), new LogFixture()];
    const dirty = await filled(two, 20);
    const half = await filled(one, 20);
    await compact(half);
    await append(half, await keyedBatch([{ key: 'a', value: 'new' }]));
    await roll(half);
    const calm = await filled(three, 20, { minCleanableDirtyRatio: 1 });
    const { cleaner, saved } = cleanerOf(one, [half, calm, dirty]);
    expect([await cleaner.cleanNext(), await cleaner.cleanNext()]).toEqual([true, true]);
    expect(saved).toEqual([dirty, half]);
    expect(await cleaner.cleanNext()).toBe(false);
    for (const log of [dirty, half, calm]) await log.close();
  });

  it('takes what is older than max.compaction.lag.ms whatever the ratio', async () => {
    const fixture = new LogFixture();
    const config = { minCleanableDirtyRatio: 1, maxCompactionLagMs: 1000, segmentMs: Infinity };
    const log = await filled(fixture, 20, config);
    const { cleaner } = cleanerOf(fixture, [log]);
    expect(await cleaner.cleanNext()).toBe(false);
    fixture.time.pass(1001);
    expect(await cleaner.cleanNext()).toBe(true);
    await log.close();
  });

  it('leaves records younger than min.compaction.lag.ms', async () => {
    const fixture = new LogFixture();
    const log = await filled(fixture, 20, { minCompactionLagMs: 1000 });
    const { cleaner } = cleanerOf(fixture, [log]);
    fixture.time.pass(999);
    expect(await cleaner.cleanNext()).toBe(false);
    fixture.time.pass(1);
    expect(await cleaner.cleanNext()).toBe(true);
    await log.close();
  });

  it('leaves a damaged log alone and goes on with others', async () => {
    const [one, two] = [new LogFixture(), new LogFixture()];
    const damaged = await filled(one, 40);
    const sound = await filled(two, 20);
    const name = '00000000000000000000.log';
    const bytes = Buffer.from(await one.read(name));
    bytes.writeUInt8(bytes.readUInt8(65) ^ 1, 65);
    await one.write(name, bytes);
    const { cleaner, saved } = cleanerOf(one, [damaged, sound]);
    expect([await cleaner.cleanNext(), await cleaner.cleanNext()]).toEqual([true, true]);
    expect(await cleaner.cleanNext()).toBe(false);
    expect(saved).toEqual([sound]);
    expect(cleaner.uncleanableCount).toBe(1);
    expect(await one.read(name)).toEqual(bytes);
    for (const log of [damaged, sound]) await log.close();
  });

  it('tries again after some minutes where the disk was full', async () => {
    const fixture = new LogFixture();
    const log = await filled(fixture, 20);
    const { cleaner } = cleanerOf(fixture, [log]);
    fixture.fileSystem.failNext('write', 'ENOSPC', `${FOLDER}/00000000000000000000.log.cleaned`);
    await cleaner.cleanNext();
    expect([...(await fixture.files()).keys()].join()).not.toContain('.cleaned');
    expect(await cleaner.cleanNext()).toBe(false);
    fixture.time.pass(5 * 60_000);
    expect(await cleaner.cleanNext()).toBe(true);
    expect(await readLines(log)).toHaveLength(1);
    await log.close();
  });

  it('looks every log.cleaner.backoff.ms, and not at all while it is disabled', async () => {
    const fixture = new LogFixture();
    const log = await filled(fixture, 20);
    const settings = { isEnabled: false };
    const { cleaner, saved } = cleanerOf(fixture, [log], settings);
    cleaner.start();
    fixture.time.pass(SETTINGS.backoffMs);
    await settled();
    expect(saved).toEqual([]);
    settings.isEnabled = true;
    await cleaner.stop();
    const other = cleanerOf(fixture, [log]);
    other.cleaner.start();
    fixture.time.pass(SETTINGS.backoffMs);
    await settled();
    expect(other.saved).toEqual([log]);
    await other.cleaner.stop();
    await log.close();
  });

  it('takes its time where log.cleaner.io.max.bytes.per.second says so, and can be stopped', async () => {
    const fixture = new LogFixture();
    const log = await filled(fixture, 40);
    const size = log.size;
    const { cleaner, saved } = cleanerOf(fixture, [log], { bytesPerSecondMax: size });
    const cleaning = cleaner.cleanNext();
    const startMs = fixture.time.nowMs();
    while (saved.length === 0) {
      await settled();
      fixture.time.pass(50);
    }
    expect(await cleaning).toBe(true);
    const tookMs = fixture.time.nowMs() - startMs;
    // The dirty part is read twice, and little is written.
    expect(tookMs).toBeGreaterThan(1500);
    expect(tookMs).toBeLessThan(3500);
    await append(log, await keyedBatch([{ key: 'a', value: 'x' }]));
    await roll(log);
    const again = cleaner.cleanNext();
    await settled();
    await cleaner.stop();
    expect(await again).toBe(false);
    assert(log.compaction.cleanedOffset !== null);
    await log.close();
  });
});
