import { describe, expect, it } from '@jest/globals';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { CODECS } from '../../../../broker/records/batch-header.ts';
import { LogFixture } from '../log-fixture.ts';
import type { KeyedRecord } from './compaction-fixture.ts';
import { compact, compacted, keyedBatch, readBatches, START_MS } from './compaction-fixture.ts';

const DELETE_RETENTION_MS = 1000;

const record = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  value: fc.option(fc.string({ maxLength: 60 }), { freq: 4 }),
});

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      records: fc.array(record, { minLength: 1, maxLength: 6 }),
      compression: fc.constantFrom(...CODECS),
      isIdempotent: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('compact' as const),
      keysMax: fc.constantFrom(4, 1000),
      passMs: fc.constantFrom(0, 400, 1000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface ModelRecord extends KeyedRecord {
  readonly offset: number;
  readonly timestampMs: number;
}

class Run {
  readonly fixture = new LogFixture();
  log: PartitionLog;
  /** Everything that was ever appended. */
  readonly appended: ModelRecord[] = [];
  nowMs = START_MS;
  sequence = 0;
  recoveryPoint = 0;
  cleanedOffset: number | null = null;
  /** When compaction may first have met each tombstone. */
  readonly firstMet = new Map<number, number>();

  constructor(log: PartitionLog, fixture: LogFixture) {
    this.log = log;
    this.fixture = fixture;
  }

  async apply(next: Step): Promise<void> {
    if (next.kind === 'append') return this.append(next);
    if (next.kind === 'compact') return this.compact(next);
    if (next.kind === 'restart') await this.log.close();
    else await this.fixture.crash(true);
    this.cleanedOffset = this.log.compaction.cleanedOffset;
    const isClean = next.kind === 'restart';
    const recoveryPoint = this.log.recoveryPoint;
    this.log = await this.fixture.open(config, { isClean, recoveryPoint });
    this.log.compaction.cleanedOffset = this.cleanedOffset;
    await this.check();
  }

  async append(next: Extract<Step, { kind: 'append' }>): Promise<void> {
    const records = next.records.map((content) => ({ ...content, timestampMs: this.nowMs }));
    const { compression, isIdempotent } = next;
    const producer = { id: 7, epoch: 0, baseSequence: this.sequence };
    const batch = await keyedBatch(records, {
      compression,
      ...(isIdempotent ? { producer } : {}),
    });
    if (isIdempotent) this.sequence += records.length;
    const { written, baseOffset } = this.log.append(batch, { leaderEpoch: 1 });
    await written;
    records.forEach((content, index) => {
      this.appended.push({ ...content, offset: baseOffset + index });
    });
    this.nowMs += 1;
  }

  async compact({ keysMax, passMs }: Extract<Step, { kind: 'compact' }>): Promise<void> {
    await this.log.flush();
    this.nowMs += passMs;
    const before = await readBatches(this.log);
    const limits = { dedupeBufferBytes: keysMax * 24 };
    const output = await compact(this.log, { nowMs: this.nowMs, limits });
    const met = before.flatMap(({ records }) => records).filter(({ value }) => value === null);
    for (const { offset } of met) {
      if (offset < (output?.endOffset ?? 0) && !this.firstMet.has(offset)) {
        this.firstMet.set(offset, this.nowMs);
      }
    }
    await this.check();
  }

  async check(): Promise<void> {
    const records = (await readBatches(this.log)).flatMap((batch) => batch.records);
    const offsets = records.map(({ offset }) => offset);
    assert.deepEqual(
      offsets,
      offsets.toSorted((one, other) => one - other),
    );
    assert.equal(new Set(offsets).size, offsets.length);
    const kept = new Set(offsets);
    for (const { offset, key, value, timestampMs } of records) {
      const original = this.appended[offset];
      assert.deepEqual(
        { key: key?.toString(), value: value?.toString() ?? null, timestampMs },
        { key: original?.key, value: original?.value, timestampMs: original?.timestampMs },
      );
    }
    const latest = new Map(this.appended.map((content) => [content.key, content]));
    for (const { offset, value } of latest.values()) {
      if (kept.has(offset)) continue;
      assert(value === null, `the last record of a key, ${String(offset)}, is gone`);
      const metMs = this.firstMet.get(offset);
      assert(metMs !== undefined && this.nowMs >= metMs + DELETE_RETENTION_MS);
    }
    this.#checkClean(kept, latest);
  }

  /** Of what was compacted without anything in between, only the last of each key is left. */
  #checkClean(kept: ReadonlySet<number>, latest: ReadonlyMap<string | null, ModelRecord>): void {
    const { cleanedOffset } = this.log.compaction;
    const clean = this.appended.slice(0, cleanedOffset ?? 0);
    const lastClean = new Map(clean.map((content) => [content.key, content.offset]));
    for (const { offset, key } of clean) {
      if (kept.has(offset)) assert.equal(offset, lastClean.get(key));
    }
    assert(latest.size <= 7);
  }
}

const config = {
  ...compacted,
  segmentBytes: 600,
  deleteRetentionMs: DELETE_RETENTION_MS,
};

describe('compaction against a plain list', () => {
  it('agrees with it under any sequence of appends, compactions and restarts', async () => {
    const checked = fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 50 }), async (steps) => {
        const fixture = new LogFixture();
        const run = new Run(await fixture.open(config), fixture);
        for (const next of steps) await run.apply(next);
        await run.check();
        await run.log.close();
        assert.equal(fixture.fileSystem.openCount, 0);
      }),
      { numRuns: 150 },
    );
    await expect(checked).resolves.toBeUndefined();
  }, 60_000);
});
