import { describe, expect, it } from '@jest/globals';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PartitionLog } from '../../../../broker/log/partition-log.ts';
import { KafkaError } from '../../../../broker/model/kafka-error.ts';
import { FOLDER, LogFixture, seededRandom } from '../log-fixture.ts';
import {
  lastStableOffset,
  marker,
  readCommittedValues,
  transactionalBatch,
} from './transaction-fixture.ts';

/** A log of transactions as a plain array: one entry per batch, in the order of offsets. */
interface ModelBatch {
  readonly kind: 'data' | 'transactional' | 'commit' | 'abort';
  readonly producer: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly values: readonly string[];
}

const producer = fc.integer({ min: 0, max: 3 });
const part = fc.integer({ min: 0, max: 1000 }).map((place) => place / 1000);
const ticks = fc.integer({ min: 0, max: 40 });
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      producer,
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      producer,
      marker: fc.constantFrom('commit' as const, 'abort' as const, 'abort' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('replicate' as const), part }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), part }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('truncate' as const),
      count: fc.integer({ min: 0, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advance' as const), part }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('flush' as const), producer, ticks }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('failWrite' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('damageIndex' as const), part }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      mode: fc.constantFrom('kill' as const, 'power' as const, 'luck' as const),
      seed: fc.integer({ min: 1, max: 1_000_000 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const CONFIG = { segmentBytes: 900, indexIntervalBytes: 200, segmentIndexBytes: 400 };

class Run {
  readonly fixture: LogFixture;
  log: PartitionLog;
  batches: ModelBatch[] = [];
  highWatermark = 0;
  recoveryPoint = 0;
  reopenedAt = 0;
  tag = 0;
  readonly sequences = new Map<number, number>();

  constructor(fixture: LogFixture, log: PartitionLog) {
    this.fixture = fixture;
    this.log = log;
  }

  /** Where it ended when it was last opened or cut. */
  restartOffset = 0;

  get end(): number {
    return Math.max(this.restartOffset, (this.batches.at(-1)?.lastOffset ?? -1) + 1);
  }

  async apply(next: Step): Promise<void> {
    switch (next.kind) {
      case 'send':
        return this.send(next.producer, next.count);
      case 'end':
        return this.endTransaction(next.producer, next.marker);
      case 'replicate':
        this.replicate(Math.floor(next.part * (this.end + 1)));
        return;
      case 'read':
        return this.check(Math.floor(next.part * this.end));
      case 'truncate':
        return this.truncate(Math.max(0, this.end - next.count));
      case 'advance':
        this.log.advanceLogStartOffset(
          Math.floor(next.part * this.highWatermark),
          this.highWatermark,
        );
        return;
      case 'flush':
        await Promise.all([this.log.flush(), this.abortAfter(next.producer, next.ticks)]);
        this.recoveryPoint = this.log.recoveryPoint;
        return;
      case 'restart':
        await this.log.close();
        return this.reopen(true, this.end);
      case 'failWrite':
        return this.failWrite();
      case 'damageIndex':
        return this.damageIndex(next.part);
      case 'crash':
        return this.crash(next.mode, next.seed);
      default:
        return next satisfies never;
    }
  }

  /** Producer 0 is never in a transaction. */
  async send(id: number, count: number): Promise<void> {
    const values = Array.from({ length: count }, () => `v${String((this.tag += 1))}`);
    const baseSequence = this.sequences.get(id) ?? 0;
    this.sequences.set(id, baseSequence + count);
    const batches = transactionalBatch({ id, baseSequence }, values, id !== 0);
    const { baseOffset, lastOffset, written } = this.log.append(batches, { leaderEpoch: 0 });
    const kind = id === 0 ? 'data' : 'transactional';
    this.batches.push({ kind, producer: id, baseOffset, lastOffset, values });
    await written;
  }

  async endTransaction(id: number, kind: 'commit' | 'abort'): Promise<void> {
    const { baseOffset, lastOffset, written } = this.log.append(marker({ id }, kind), {
      leaderEpoch: 0,
    });
    this.batches.push({ kind, producer: id, baseOffset, lastOffset, values: [] });
    await written;
  }

  /** So that it comes while the index is being saved. */
  async abortAfter(id: number, tickCount: number): Promise<void> {
    for (let tick = 0; tick < tickCount; tick += 1) await Promise.resolve();
    await Promise.all([this.send(id, 1), this.endTransaction(id, 'abort')]);
  }

  replicate(offset: number): void {
    this.highWatermark = Math.max(this.highWatermark, offset);
    this.log.transactions.noteHighWatermark(this.highWatermark);
  }

  async truncate(offset: number): Promise<void> {
    if (offset < this.log.logStartOffset) return;
    await this.log.truncateTo(offset);
    this.keepTo(this.log.logEndOffset);
  }

  /** A transaction that began and was aborted in batches that never reached the file was not there. */
  async failWrite(): Promise<void> {
    const path = `${FOLDER}/${String(this.log.segmentBaseOffsets.at(-1)).padStart(20, '0')}.log`;
    const size = (await this.fixture.fileSystem.stat(path))?.size ?? 0;
    // Else they would go to a new segment.
    if (size + 200 > CONFIG.segmentBytes) return;
    this.fixture.fileSystem.failNext('write', 'EIO', path);
    const begun = transactionalBatch({ id: 9, baseSequence: 0 }, ['lost']);
    const lost = this.log.append(begun, { leaderEpoch: 0 });
    this.log.append(marker({ id: 9 }, 'abort'), { leaderEpoch: 0 });
    await assert.rejects(lost.written, KafkaError);
    await this.log.flush();
    assert.equal(this.log.logEndOffset, this.end);
    this.recoveryPoint = this.log.recoveryPoint;
  }

  /** Damage in the index of a sealed segment is found when a reader comes, whatever the stop was. */
  async damageIndex(place: number): Promise<void> {
    await this.log.close();
    const names = [...(await this.fixture.files()).keys()].filter((it) => it.endsWith('txnindex'));
    const name = names[Math.floor(place * names.length)];
    if (name !== undefined) await this.fixture.write(name, Buffer.alloc(21, 7));
    await this.reopen(true, this.end);
  }

  async crash(mode: 'kill' | 'power' | 'luck', seed: number): Promise<void> {
    const keep = { kill: true, power: false, luck: seededRandom(seed) } as const;
    await this.fixture.crash(keep[mode]);
    await this.reopen(false, this.recoveryPoint);
    assert(this.log.logEndOffset >= Math.min(this.recoveryPoint, this.end));
    if (mode === 'kill') assert.equal(this.log.logEndOffset, this.end);
  }

  async reopen(isClean: boolean, recoveryPoint: number): Promise<void> {
    const { logStartOffset } = this.log;
    this.log = await this.fixture.open(CONFIG, { isClean, recoveryPoint, logStartOffset });
    this.keepTo(this.log.logEndOffset);
    this.reopenedAt = this.end;
    this.log.transactions.noteHighWatermark(this.highWatermark);
  }

  keepTo(end: number): void {
    // A log that lost more than what was deleted from its start is empty.
    const first = this.log.segmentBaseOffsets[0] ?? 0;
    this.batches = this.batches.filter(
      ({ baseOffset, lastOffset }) => baseOffset >= first && lastOffset < end,
    );
    this.restartOffset = end;
    this.highWatermark = Math.min(this.highWatermark, end);
    this.recoveryPoint = Math.min(this.recoveryPoint, end);
    this.sequences.clear();
    for (const { producer: id, kind, values } of this.batches) {
      if (kind === 'commit' || kind === 'abort') continue;
      this.sequences.set(id, (this.sequences.get(id) ?? 0) + values.length);
    }
  }

  /** Where the transaction of that batch ends, and how; null: it is open. */
  endOf(batch: ModelBatch): ModelBatch | null {
    const ends = this.batches.filter(
      ({ kind, producer: id, baseOffset }) =>
        (kind === 'commit' || kind === 'abort') &&
        id === batch.producer &&
        baseOffset > batch.baseOffset,
    );
    return ends[0] ?? null;
  }

  checkStable(): number {
    const stable = lastStableOffset(this.log, this.highWatermark);
    const undecided = this.batches.filter((batch) => {
      if (batch.kind !== 'transactional') return false;
      return (this.endOf(batch)?.lastOffset ?? Infinity) >= this.highWatermark;
    });
    const open = undecided.filter((batch) => this.endOf(batch) === null);
    const boundBy = ([first]: readonly ModelBatch[]): number =>
      Math.min(
        Math.max(first?.baseOffset ?? Infinity, this.log.logStartOffset),
        this.highWatermark,
      );
    // A log that was opened again knows of markers behind the high watermark only what it read.
    if (this.highWatermark >= this.reopenedAt) assert.equal(stable, boundBy(undecided));
    else assert(stable >= boundBy(undecided) && stable <= boundBy(open));
    return stable;
  }

  async check(from: number): Promise<void> {
    const stable = this.checkStable();
    const start = Math.max(from, this.log.logStartOffset);
    const expected = this.batches
      .filter(({ lastOffset }) => lastOffset < stable)
      .filter((batch) => this.isVisible(batch))
      .flatMap(({ values, baseOffset }) => values.slice(Math.max(0, start - baseOffset)));
    const { highWatermark } = this;
    for (const maxBytes of [150, 1000]) {
      const got = await readCommittedValues(this.log, { highWatermark, from: start, maxBytes });
      assert.deepEqual(got, expected);
    }
  }

  isVisible(batch: ModelBatch): boolean {
    if (batch.kind === 'data') return true;
    return batch.kind === 'transactional' && this.endOf(batch)?.kind === 'commit';
  }
}

describe('read_committed against a plain array', () => {
  it('gives the committed records and no others, whatever happens to the log', async () => {
    const checked = fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }),
        fc.boolean(),
        async (steps, slowWrites) => {
          const fixture = new LogFixture();
          const run = new Run(fixture, await fixture.open(CONFIG));
          fixture.fileSystem.slowWrites = slowWrites;
          for (const next of steps) {
            await run.apply(next);
            run.checkStable();
          }
          run.replicate(run.end);
          await run.check(0);
          await run.log.close();
          assert.equal(fixture.fileSystem.openCount, 0);
        },
      ),
      { numRuns: 300 },
    );
    await expect(checked).resolves.toBeUndefined();
  }, 60_000);
});
