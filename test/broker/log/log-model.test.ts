import { describe, expect, it } from '@jest/globals';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KafkaError } from '../../../broker/model/kafka-error.ts';
import { releasePayload } from '../../../broker/model/payload.ts';
import type { PartitionLog } from '../../../broker/log/partition-log.ts';
import { batchOf, FOLDER, LogFixture, readAll, seededRandom } from './log-fixture.ts';

/** The log as a plain array: what was appended, in order, each with its first and last offset. */
interface ModelBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Buffer;
  readonly timestampMs: number;
}

type Step =
  | {
      readonly kind: 'append';
      readonly count: number;
      readonly size: number;
      readonly group: number;
    }
  | { readonly kind: 'read'; readonly part: number; readonly maxBytes: number }
  | { readonly kind: 'truncate'; readonly part: number }
  | { readonly kind: 'retain'; readonly bytes: number }
  | { readonly kind: 'advance'; readonly part: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'failWrite' }
  | { readonly kind: 'crash'; readonly mode: 'kill' | 'power' | 'luck'; readonly seed: number };

const part = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 5 }),
      size: fc.integer({ min: 1, max: 200 }),
      group: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      part,
      maxBytes: fc.integer({ min: 0, max: 900 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), part }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('retain' as const),
      bytes: fc.integer({ min: 0, max: 3000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), part }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('failWrite' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      mode: fc.constantFrom('kill' as const, 'power' as const, 'luck' as const),
      seed: fc.integer({ min: 1, max: 1_000_000 }),
    }),
  },
);

const CONFIG = { segmentBytes: 1500, indexIntervalBytes: 300, segmentIndexBytes: 120 };

class Run {
  readonly fixture = new LogFixture();
  log: PartitionLog;
  batches: ModelBatch[] = [];
  logStart = 0;
  end = 0;
  /** What the checkpoints of the folder would say. */
  recoveryPoint = 0;
  tag = 0;

  constructor(log: PartitionLog) {
    this.log = log;
  }

  async apply(next: Step): Promise<void> {
    switch (next.kind) {
      case 'append':
        return this.append(next);
      case 'read':
        return this.read(next.part, next.maxBytes);
      case 'truncate':
        return this.truncate(this.offsetAt(next.part));
      case 'retain':
        return this.retain(next.bytes);
      case 'advance':
        this.log.advanceLogStartOffset(this.offsetAt(next.part), this.end);
        this.logStart = this.log.logStartOffset;
        return;
      case 'flush':
        await this.log.flush();
        this.recoveryPoint = this.log.recoveryPoint;
        return;
      case 'restart':
        await this.log.close();
        this.recoveryPoint = this.log.recoveryPoint;
        assert.equal(this.fixture.fileSystem.openCount, 0);
        return this.reopen(true);
      case 'failWrite':
        return this.failWrite();
      case 'crash':
        return this.crash(next.mode, next.seed);
      default:
        return next satisfies never;
    }
  }

  async append(next: { readonly count: number; readonly size: number; readonly group: number }) {
    const written: Promise<void>[] = [];
    for (let index = 0; index < next.group; index += 1) {
      this.tag += 1;
      const timestampMs = 1000 + ((this.tag * 37) % 500);
      const batch = batchOf({ ...next, timestampMs, tag: `t${String(this.tag)}-` });
      const result = this.log.append(batch, { leaderEpoch: this.tag >> 3 });
      assert.equal(result.baseOffset, this.end);
      const { baseOffset, lastOffset } = result;
      this.batches.push({ baseOffset, lastOffset, bytes: batch.buffer, timestampMs });
      this.end = lastOffset + 1;
      written.push(result.written);
    }
    await Promise.all(written);
  }

  async read(place: number, maxBytes: number): Promise<void> {
    const offset = this.offsetAt(place);
    const upperBound =
      this.batches[Math.floor(place * this.batches.length)]?.baseOffset ?? this.end;
    for (const minOneBatch of [true, false]) {
      const got = await this.log.read({ offset, maxBytes, minOneBatch, upperBound });
      const expected = this.expected({ offset, maxBytes, minOneBatch, upperBound });
      const [span] = got.payload;
      const bytes =
        span === undefined || Buffer.isBuffer(span) ? Buffer.alloc(0) : await span.read();
      releasePayload(got.payload);
      assert.equal(got.size, bytes.length);
      assert.equal(bytes.compare(expected.subarray(0, bytes.length)), 0);
      assert.equal(bytes.length > 0, expected.length > 0);
    }
  }

  /** What may be given at most; the log gives a prefix of it, as its segments end. */
  expected(options: {
    readonly offset: number;
    readonly maxBytes: number;
    readonly minOneBatch: boolean;
    readonly upperBound: number;
  }): Buffer {
    const visible = this.batches.filter(
      ({ lastOffset }) => lastOffset >= options.offset && lastOffset < options.upperBound,
    );
    const first = visible[0]?.bytes.length ?? 0;
    if (!options.minOneBatch && options.maxBytes < first) return Buffer.alloc(0);
    const limit = options.minOneBatch ? Math.max(options.maxBytes, first) : options.maxBytes;
    return Buffer.concat(visible.map(({ bytes }) => bytes)).subarray(0, limit);
  }

  async truncate(offset: number): Promise<void> {
    await this.log.truncateTo(offset);
    const dropped = this.batches.find(({ lastOffset }) => lastOffset >= offset);
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset < offset);
    this.end = Math.min(this.end, dropped?.baseOffset ?? offset);
    this.recoveryPoint = Math.min(this.recoveryPoint, this.end);
    this.logStart = this.log.logStartOffset;
  }

  async retain(retentionBytes: number): Promise<void> {
    const before = this.log.size;
    this.log.updateConfig({ ...this.log.config, retentionBytes });
    await this.log.deleteOldSegments({ nowMs: this.fixture.time.ms, highWatermark: this.end });
    this.log.updateConfig({ ...this.log.config, retentionBytes: Infinity });
    if (before >= retentionBytes) assert(this.log.size >= retentionBytes || this.log.size === 0);
    this.logStart = this.log.logStartOffset;
    const [first] = this.log.segmentBaseOffsets;
    assert(first !== undefined && first <= this.logStart);
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset >= first);
    this.fixture.time.pass(2000);
  }

  async failWrite(): Promise<void> {
    const batch = batchOf({ count: 2, tag: 'lost' });
    const path = `${FOLDER}/${String(this.log.segmentBaseOffsets.at(-1)).padStart(20, '0')}.log`;
    const size = (await this.fixture.fileSystem.stat(path))?.size ?? 0;
    // Else it would go to a new segment.
    if (size + batch.buffer.length > CONFIG.segmentBytes) return;
    this.fixture.fileSystem.failNext('write', 'EIO', path);
    const lost = this.log.append(batch, { leaderEpoch: 1 });
    await assert.rejects(lost.written, KafkaError);
    await this.log.truncateTo(this.end);
    await this.log.flush();
    this.recoveryPoint = this.log.recoveryPoint;
    assert.equal(this.log.logEndOffset, this.end);
  }

  async crash(mode: 'kill' | 'power' | 'luck', seed: number): Promise<void> {
    const recoveryPoint = this.log.recoveryPoint;
    const luck = mode === 'luck' ? seededRandom(seed) : mode === 'kill';
    await this.fixture.crash(luck);
    this.recoveryPoint = Math.min(this.recoveryPoint, recoveryPoint);
    await this.reopen(false);
    const { logEndOffset: end } = this.log;
    if (mode === 'kill') assert.equal(end, this.end);
    assert(end >= recoveryPoint, `${String(end)} was cut below ${String(recoveryPoint)}`);
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset < end);
    this.end = end;
    this.recoveryPoint = Math.min(this.recoveryPoint, end);
  }

  async reopen(isClean: boolean): Promise<void> {
    const { recoveryPoint, logStart: logStartOffset } = this;
    this.log = await this.fixture.open(CONFIG, { isClean, recoveryPoint, logStartOffset });
    this.logStart = this.log.logStartOffset;
  }

  offsetAt(place: number): number {
    return Math.min(this.end, this.logStart + Math.floor(place * (this.end - this.logStart + 1)));
  }

  async check(): Promise<void> {
    assert.equal(this.log.logEndOffset, this.end);
    assert.equal(this.log.writtenEndOffset, this.end);
    const visible = this.batches.filter(({ lastOffset }) => lastOffset >= this.logStart);
    const bytes = await readAll(this.log);
    assert.equal(bytes.compare(Buffer.concat(visible.map((batch) => batch.bytes))), 0);
    const target = 1250;
    const found = visible.find((batch) => reaches(batch, target, this.logStart));
    const answer = await this.log.offsetForTimestamp(target);
    assert.equal(answer === null, found === undefined);
    if (found !== undefined && answer !== null) {
      assert(answer.offset >= found.baseOffset && answer.offset <= found.lastOffset);
    }
  }
}

/** Whether the batch has a record of that time at or after the offset; times rise by 1 within it. */
function reaches(batch: ModelBatch, timestampMs: number, offset: number): boolean {
  const last = batch.timestampMs + batch.lastOffset - batch.baseOffset;
  return last >= timestampMs && batch.lastOffset >= offset;
}

describe('the log against an array', () => {
  it('agrees with it under any sequence of operations, failures and crashes', async () => {
    const checked = fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        async (steps, slowWrites) => {
          const fixture = new LogFixture();
          const run = new Run(await fixture.open(CONFIG));
          Object.assign(run, { fixture });
          fixture.fileSystem.slowWrites = slowWrites;
          for (const next of steps) await run.apply(next);
          await run.check();
          await run.log.close();
        },
      ),
      { numRuns: 300 },
    );
    await expect(checked).resolves.toBeUndefined();
  }, 60_000);
});
