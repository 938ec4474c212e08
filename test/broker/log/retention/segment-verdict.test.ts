import { describe, expect, it } from '@jest/globals';
import type { LogConfig } from '../../../../broker/log/log-config.ts';
import type { SegmentVerdict } from '../../../../broker/log/retention/segment-verdict.ts';
import { RetentionJudge } from '../../../../broker/log/retention/segment-verdict.ts';
import { defaultConfig } from '../log-fixture.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

interface World {
  readonly config?: Partial<LogConfig>;
  /** Ages of the largest timestamps, oldest segment first; each has ten records and 100 bytes. */
  readonly agesMs: readonly number[];
  readonly highWatermark?: number;
  readonly logStartOffset?: number;
  readonly activeSize?: number;
}

function verdicts(world: World): readonly SegmentVerdict[] {
  const { agesMs, config = {}, logStartOffset = 0, activeSize = 100 } = world;
  const sizes = agesMs.map((_, index) => (index === agesMs.length - 1 ? activeSize : 100));
  const judge = new RetentionJudge({
    nowMs: NOW,
    highWatermark: world.highWatermark ?? agesMs.length * 10,
    config: { ...defaultConfig, ...config },
    logStartOffset,
    sizeInBytes: sizes.reduce((sum, size) => sum + size, 0),
  });
  return agesMs.map((ageMs, index) =>
    judge.judge({
      baseOffset: index * 10,
      endOffset: index * 10 + 10,
      sizeInBytes: sizes[index] ?? 0,
      isActive: index === agesMs.length - 1,
      largestTimestampMs: NOW - ageMs,
      modifiedMs: NOW - ageMs,
    }),
  );
}

/** Per segment: rule, when it goes in hours from now (0: with the next run), what holds it. */
function rows(world: World): readonly (readonly [string | null, number | null, number | null])[] {
  return verdicts(world).map(({ rule, goesAtMs, heldBy }) => {
    const hours = goesAtMs === null ? null : Math.max(0, (goesAtMs - 1 - NOW) / HOUR);
    return [rule, hours, heldBy];
  });
}

describe('why a segment is still there', () => {
  it('goes by age, one after the other', () => {
    const config = { retentionMs: 4 * HOUR };
    expect(rows({ config, agesMs: [5 * HOUR, 3 * HOUR, HOUR] })).toEqual([
      ['retention.ms', 0, null],
      ['retention.ms', 1, null],
      ['retention.ms', 3, null],
    ]);
  });

  it('names the segment with a timestamp in the future that holds those behind it', () => {
    const world = { config: { retentionMs: HOUR }, agesMs: [-9 * HOUR, 5 * HOUR, 0] };
    expect(rows(world)).toEqual([
      ['retention.ms', 10, null],
      ['retention.ms', 10, 0],
      ['retention.ms', 10, 0],
    ]);
    const [first, second] = verdicts(world);
    expect(first?.why).toContain('which lies in the future');
    expect(second?.why).toContain('segment 0 must go first');
  });

  it('lets size take what age would keep', () => {
    const config = { retentionMs: 4 * HOUR, retentionBytes: 150 };
    const world = { config, agesMs: [HOUR, HOUR, HOUR] };
    expect(rows(world)).toEqual([
      ['retention.bytes', 0, null],
      ['retention.ms', 3, null],
      ['retention.ms', 3, null],
    ]);
    expect(verdicts(world).map(({ bytesMissing }) => bytesMissing)).toEqual([0, 50, 150]);
  });

  it('says by how much retention.bytes is not reached', () => {
    const [only] = verdicts({ config: { retentionBytes: 1000 }, agesMs: [HOUR] });
    expect(only).toMatchObject({ goesAtMs: null, rule: null, bytesMissing: 1000 });
    expect(only?.why).toBe('retention.ms is unlimited and retention.bytes, 1000, is not reached');
  });

  it.each([
    [{ deletes: true, compacts: false }, 'retention.ms and retention.bytes are unlimited'],
    [{ deletes: false, compacts: true }, 'cleanup.policy is "compact"'],
    [{ deletes: false, compacts: false }, 'cleanup.policy is ""'],
  ])('says that nothing lets it go, with %j', (config, why) => {
    expect(rows({ config, agesMs: [HOUR] })).toEqual([[null, null, null]]);
    expect(verdicts({ config, agesMs: [HOUR] })[0]?.why).toContain(why);
  });

  it('goes before the log start offset whatever the policy', () => {
    const config = { deletes: false, compacts: true };
    expect(rows({ config, logStartOffset: 15, agesMs: [0, 0, 0] })).toEqual([
      ['log start offset', 0, null],
      [null, null, null],
      [null, null, null],
    ]);
  });

  it('waits for the high watermark', () => {
    const config = { retentionMs: HOUR };
    const world = { config, highWatermark: 15, agesMs: [5 * HOUR, 5 * HOUR, 5 * HOUR] };
    expect(rows(world).map(([, hours]) => hours)).toEqual([0, null, null]);
    expect(verdicts(world)[1]?.why).toBe('the high watermark, 15, has not passed it');
  });

  it('keeps an active segment that is empty', () => {
    const world = { config: { retentionMs: HOUR }, agesMs: [5 * HOUR, 5 * HOUR], activeSize: 0 };
    expect(rows(world)).toEqual([
      ['retention.ms', 0, null],
      [null, null, null],
    ]);
  });

  it('says that more may come to the active segment', () => {
    const [active] = verdicts({ config: { retentionMs: HOUR }, agesMs: [0] });
    expect(active?.why).toContain('unless more is appended to it');
  });
});
