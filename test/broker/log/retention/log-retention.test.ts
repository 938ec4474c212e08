/** Retention of a whole log as time passes: what ends, what goes, what is said of it. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LogConfig } from '../../../../broker/log/log-config.ts';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import type { LogRetentionReport } from '../../../../broker/log/retention/retention-report.ts';
import { CollectingLogger } from '../../../support/collecting-logger.ts';
import { batchOf, FOLDER, LogFixture } from '../log-fixture.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ALL = { fromOffset: 0, segmentCountMax: Infinity };

class Retained {
  readonly logger = new CollectingLogger();
  readonly fixture = new LogFixture();
  log!: PartitionLog;

  async open(config: Partial<LogConfig>, isClean = false): Promise<this> {
    const environment = { ...this.fixture.environment, logger: this.logger };
    this.log = await this.fixture.open(config, { environment, isClean });
    return this;
  }

  get nowMs(): number {
    return this.fixture.time.ms;
  }

  async append(timestampMs = this.nowMs): Promise<void> {
    await this.log.append(batchOf({ size: 60, timestampMs }), { leaderEpoch: 0 }).written;
  }

  run(highWatermark = this.log.writtenEndOffset): Promise<number> {
    return this.log.deleteOldSegments({ nowMs: this.nowMs, highWatermark });
  }

  report(page = ALL): Promise<LogRetentionReport> {
    const { writtenEndOffset: highWatermark } = this.log;
    return this.log.retention.report({ nowMs: this.nowMs, highWatermark }, page);
  }

  /** Retention runs every five minutes, and something comes every ten. */
  async trickle(durationMs: number): Promise<{ oldestMs: number; segmentCountMax: number }> {
    const times: number[] = [];
    let oldestMs = 0;
    let segmentCountMax = 0;
    for (let passed = 0; passed < durationMs; passed += 5 * MINUTE) {
      if (passed % (10 * MINUTE) === 0) {
        times.push(this.nowMs);
        await this.append();
      }
      this.fixture.time.pass(5 * MINUTE);
      await this.run();
      oldestMs = Math.max(oldestMs, this.nowMs - (times[this.log.logStartOffset] ?? this.nowMs));
      segmentCountMax = Math.max(segmentCountMax, this.log.segmentBaseOffsets.length);
    }
    return { oldestMs, segmentCountMax };
  }
}

describe('an active segment into which records trickle', () => {
  it('ends by retention.ms, so that records outlive it by a quarter and a run or two', async () => {
    const retained = await new Retained().open({ retentionMs: 4 * HOUR, segmentMs: 7 * DAY });
    const { oldestMs, segmentCountMax } = await retained.trickle(30 * HOUR);
    expect(oldestMs).toBeLessThanOrEqual(5 * HOUR + 10 * MINUTE);
    expect(oldestMs).toBeGreaterThan(4 * HOUR);
    expect(segmentCountMax).toBeLessThanOrEqual(6);
    await retained.log.close();
  });

  it('ends by segment.ms where that is the shorter one, and not more often', async () => {
    const retained = await new Retained().open({ retentionMs: 2 * DAY, segmentMs: 6 * HOUR });
    await retained.trickle(DAY);
    expect(retained.log.segmentBaseOffsets.length).toBe(4);
    await retained.log.close();
  });

  it('ends by segment.ms where nothing is ever deleted', async () => {
    const retained = await new Retained().open({ deletes: false, compacts: true, segmentMs: HOUR });
    await retained.append();
    retained.fixture.time.pass(HOUR);
    await retained.run();
    expect(retained.log.segmentBaseOffsets).toEqual([0]);
    retained.fixture.time.pass(1);
    await retained.run();
    expect(retained.log.segmentBaseOffsets).toEqual([0, 1]);
    retained.fixture.time.pass(9 * HOUR);
    await retained.run();
    expect(retained.log.segmentBaseOffsets).toEqual([0, 1]);
    await retained.log.close();
  });

  it('ends by max.compaction.lag.ms, so that what is in it can be compacted in time', async () => {
    const config = { deletes: false, compacts: true, segmentMs: DAY, maxCompactionLagMs: HOUR };
    const retained = await new Retained().open(config);
    await retained.append();
    retained.fixture.time.pass(HOUR + 1);
    await retained.run();
    expect(retained.log.segmentBaseOffsets).toEqual([0, 1]);
    await retained.append();
    await retained.append(retained.nowMs + HOUR + 1);
    expect(retained.log.segmentBaseOffsets).toEqual([0, 1, 2]);
    await retained.log.close();
  });

  it('ends in time after a restart too, by the time of its first record', async () => {
    const retained = await new Retained().open({ segmentMs: HOUR });
    await retained.append();
    await retained.log.close();
    retained.fixture.time.pass(HOUR + 1);
    await retained.open({ segmentMs: HOUR }, true);
    await retained.run();
    expect(retained.log.segmentBaseOffsets).toEqual([0, 1]);
    await retained.log.close();
  });

  it('is not ended for the old timestamps of records that have just come', async () => {
    const retained = await new Retained().open({ segmentMs: HOUR });
    await retained.append(retained.nowMs - 900 * DAY);
    await retained.run();
    expect(retained.log.segmentBaseOffsets).toEqual([0]);
    await retained.log.close();
  });

  it('keeps its records and takes more while it is ended', async () => {
    const retained = await new Retained().open({ segmentMs: HOUR });
    await retained.append();
    retained.fixture.time.pass(2 * HOUR);
    const running = retained.run();
    const writes = [retained.append(), retained.append()];
    await Promise.all([running, ...writes]);
    expect([retained.log.logStartOffset, retained.log.logEndOffset]).toEqual([0, 3]);
    await retained.log.close();
    await retained.open({}, true);
    expect(retained.log.logEndOffset).toBe(3);
    await retained.log.close();
  });
});

describe('on a disk that takes no new file', () => {
  it('what is old still goes, and the segment that began in memory is made later', async () => {
    const config = { retentionMs: 4 * HOUR, segmentMs: DAY, segmentBytes: 200 };
    const retained = await new Retained().open(config);
    await retained.append(retained.nowMs - 5 * HOUR);
    await retained.append();
    retained.fixture.time.pass(HOUR + 1);
    const next = `${FOLDER}/00000000000000000002.log`;
    retained.fixture.fileSystem.failNext('open', 'ENOSPC', next);
    expect(await retained.run()).toBe(1);
    expect(retained.log.segmentBaseOffsets).toEqual([1, 2]);
    expect([...(await retained.fixture.files()).keys()]).not.toContain(next);
    retained.fixture.time.pass(3 * HOUR);
    expect(await retained.run()).toBe(1);
    await retained.fixture.crash(true);
    await retained.open({});
    expect([retained.log.logStartOffset, retained.log.logEndOffset]).toEqual([2, 2]);
    await retained.log.close();
  });
});

describe('a timestamp in the future', () => {
  const config = { retentionMs: HOUR, segmentBytes: 200 };

  it('blocks what is behind it, which is said once and counted', async () => {
    const retained = await new Retained().open(config);
    await retained.append(retained.nowMs + 30 * DAY);
    await retained.append();
    await retained.append();
    expect(await retained.run()).toBe(0);
    expect(retained.log.retention.blockedSegmentCount).toBe(0);
    retained.fixture.time.pass(2 * HOUR);
    expect(await retained.run()).toBe(0);
    expect(await retained.run()).toBe(0);
    expect(retained.log.retention.blockedSegmentCount).toBe(3);
    const lines = retained.logger.lines.filter(({ level }) => level === 'warn');
    expect(lines.map(({ fields }) => [fields['baseOffset'], fields['basis']])).toEqual([
      [0, 'timestamp'],
    ]);
    retained.fixture.time.pass(30 * DAY);
    expect(await retained.run()).toBe(3);
    expect(retained.log.retention.blockedSegmentCount).toBe(0);
    await retained.log.close();
  });

  it('stops blocking when message.timestamp.after.max.ms is set', async () => {
    const retained = await new Retained().open(config);
    await retained.append(retained.nowMs + 30 * DAY);
    await retained.append();
    retained.fixture.time.pass(2 * HOUR);
    expect(await retained.run()).toBe(0);
    retained.log.updateConfig({ ...retained.log.config, messageTimestampAfterMaxMs: HOUR });
    expect(await retained.run()).toBe(2);
    await retained.log.close();
  });

  it('does not block where it cannot be meant, and that is said too', async () => {
    const retained = await new Retained().open(config);
    await retained.append(retained.nowMs * 1000);
    await retained.append();
    retained.fixture.time.pass(HOUR);
    expect(await retained.run()).toBe(0);
    expect(retained.logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    retained.fixture.time.pass(1);
    expect(await retained.run()).toBe(2);
    await retained.log.close();
  });
});

describe('the report', () => {
  it('says what is known of every segment', async () => {
    const retained = await new Retained().open({
      retentionMs: 4 * HOUR,
      segmentBytes: 200,
      segmentMs: DAY,
    });
    const startMs = retained.nowMs;
    await retained.append(startMs - HOUR);
    retained.fixture.time.pass(MINUTE);
    await retained.append(startMs);
    const { segments, ...rest } = await retained.report();
    expect(rest).toMatchObject({ logStartOffset: 0, logEndOffset: 2, segmentCount: 2 });
    expect(segments).toMatchObject([
      {
        baseOffset: 0,
        endOffset: 1,
        isActive: false,
        firstTimestampMs: startMs - HOUR,
        largestTimestampMs: startMs - HOUR,
        madeMs: startMs,
        modifiedMs: startMs,
        endsAtMs: null,
        goesAtMs: startMs + 3 * HOUR + 1,
      },
      {
        baseOffset: 1,
        endOffset: 2,
        isActive: true,
        madeMs: startMs + MINUTE,
        endsAtMs: startMs + MINUTE + HOUR,
        goesAtMs: startMs + 4 * HOUR + 1,
      },
    ]);
    await retained.log.close();
  });

  it('knows no beginning of what was there before, and reads times from the files', async () => {
    const retained = await new Retained().open({ segmentBytes: 200 });
    const startMs = retained.nowMs;
    await retained.append(startMs - HOUR);
    await retained.append(-1);
    await retained.log.close();
    await retained.open({}, true);
    expect((await retained.report()).segments).toMatchObject([
      { madeMs: null, firstTimestampMs: startMs - HOUR, largestTimestampMs: startMs - HOUR },
      { madeMs: null, firstTimestampMs: null, largestTimestampMs: null },
    ]);
    await retained.log.close();
  });

  it('comes in pages, each judged by what stands before it', async () => {
    const retained = await new Retained().open({ retentionMs: HOUR, segmentBytes: 200 });
    await retained.append(retained.nowMs + DAY);
    for (let count = 0; count < 4; count += 1) await retained.append();
    const first = await retained.report({ fromOffset: 0, segmentCountMax: 2 });
    expect([first.segments.map(({ baseOffset }) => baseOffset), first.nextOffset]).toEqual([
      [0, 1],
      2,
    ]);
    const second = await retained.report({ fromOffset: 2, segmentCountMax: 9 });
    expect(second.segments.map(({ baseOffset, heldBy }) => [baseOffset, heldBy])).toEqual([
      [2, 0],
      [3, 0],
      [4, 0],
    ]);
    expect(second.nextOffset).toBeNull();
    await retained.log.close();
  });

  it('agrees with what retention does, now and at every moment that it names', async () => {
    const ageMs = fc.integer({ min: -30, max: 30 }).map((hours) => hours * HOUR);
    const limit = fc.constantFrom(0, 150, 300, 600, Infinity);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          agesMs: fc.array(ageMs, { minLength: 1, maxLength: 6 }),
          retentionMs: fc.constantFrom(0, HOUR, 5 * HOUR, 20 * HOUR, Infinity),
          retentionBytes: limit,
          messageTimestampAfterMaxMs: fc.constantFrom(0, 3 * HOUR, Infinity),
          start: fc.nat(6),
          highWatermark: fc.nat(6),
          deletes: fc.boolean(),
        }),
        async ({ agesMs, start, highWatermark: wanted, ...config }) => {
          const retained = await new Retained().open({ segmentBytes: 200 });
          for (const age of agesMs) await retained.append(retained.nowMs - age);
          retained.log.updateConfig({ ...retained.log.config, ...config });
          const highWatermark = Math.min(wanted, agesMs.length);
          retained.log.advanceLogStartOffset(Math.min(start, highWatermark), highWatermark);
          for (;;) {
            const moment = { nowMs: retained.nowMs, highWatermark };
            const { segments } = await retained.log.retention.report(moment, ALL);
            const isDue = (goesAtMs: number | null): boolean =>
              goesAtMs !== null && goesAtMs <= retained.nowMs;
            const due = segments.filter(({ goesAtMs }) => isDue(goesAtMs)).length;
            expect(await retained.run(highWatermark)).toBe(due);
            const times = segments.flatMap(({ goesAtMs }) => goesAtMs ?? []);
            const later = times.filter((timeMs) => timeMs > retained.nowMs);
            if (later.length === 0) break;
            retained.fixture.time.pass(Math.min(...later) - retained.nowMs - 1);
            const early = { nowMs: retained.nowMs, highWatermark };
            expect(await retained.log.deleteOldSegments(early)).toBe(0);
            retained.fixture.time.pass(1);
          }
          await retained.log.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});
