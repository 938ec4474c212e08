/**
 * A log and its model, through one sequence of steps: every step is done to both and compared. What a
 * crash has to leave, and may take, stands in crash-run.ts.
 */

import assert from 'node:assert/strict';
import { KafkaError } from '../../../../broker/model/kafka-error.ts';
import type {
  AppendBatches,
  AppendResult,
  PartitionLog,
} from '../../../../broker/log/partition-log.ts';
import type { LogFixture } from '../log-fixture.ts';
import { FOLDER } from '../log-fixture.ts';
import { compareLookup, compareRead, compareRetention } from './comparisons.ts';
import type { CleanupPolicy } from './log-model.ts';
import { LogModel } from './log-model.ts';
import type { BatchFacts } from './model-batch.ts';
import { appendOf, batchBytes, plainFacts, readBack } from './model-batch.ts';
import type { ModelConfig, Step } from './log-step.ts';

export type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>;

export function policiesOf(policy: CleanupPolicy): { deletes: boolean; compacts: boolean } {
  return { deletes: policy !== 'compact', compacts: policy !== 'delete' };
}

/** What log.dirs remember of the log for the next start. */
export interface Checkpoints {
  readonly recoveryPoint: number;
  readonly logStart: number;
}

export class LogRun {
  readonly fixture: LogFixture;
  readonly model = new LogModel();
  readonly policy: CleanupPolicy;
  /** Of the next start too. */
  config: ModelConfig;
  log: PartitionLog;
  checkpoints: Checkpoints = { recoveryPoint: 0, logStart: 0 };
  leaderEpoch = 0;
  #tag = 0;

  constructor(options: {
    readonly fixture: LogFixture;
    readonly log: PartitionLog;
    readonly policy: CleanupPolicy;
    readonly config: ModelConfig;
  }) {
    this.fixture = options.fixture;
    this.log = options.log;
    this.policy = options.policy;
    this.config = options.config;
  }

  offsetAt(part: number): number {
    const { logStart, end } = this.model;
    return Math.min(end, logStart + Math.floor(part * (end - logStart + 1)));
  }

  configure(config: ModelConfig): void {
    this.config = config;
    this.log.updateConfig({ ...this.log.config, ...config });
  }

  get activeFile(): string {
    return `${FOLDER}/${String(this.log.segmentBaseOffsets.at(-1)).padStart(20, '0')}.log`;
  }

  plain(count: number, size: number): BatchFacts {
    return plainFacts({ count, size, ...this.#nextStamp() });
  }

  /** Appends as the leader; the batch is in the model once the log has taken it. */
  append(facts: BatchFacts): AppendResult {
    const batches = appendOf(facts);
    const result = this.log.append(batches, { leaderEpoch: this.leaderEpoch });
    if (!result.isDuplicate) this.#note(facts, batches, result);
    return result;
  }

  async appendGroup({ count, size, group }: Omit<StepOf<'append'>, 'kind'>): Promise<void> {
    const written: Promise<void>[] = [];
    for (let index = 0; index < group; index += 1) {
      written.push(this.append(this.plain(count, size)).written);
    }
    await Promise.all(written);
  }

  async follow({ gaps, size }: StepOf<'follow'>): Promise<void> {
    const buffers: Buffer[] = [];
    const batches: BatchFacts[] = [];
    let offset = this.model.end;
    for (const gap of gaps) {
      const facts = this.plain(2, size);
      offset += this.policy === 'delete' ? 0 : gap;
      const place = { baseOffset: offset, partitionLeaderEpoch: this.leaderEpoch };
      buffers.push(batchBytes(facts, place));
      batches.push(facts);
      offset += facts.count;
    }
    const set = readBack(Buffer.concat(buffers));
    const result = this.log.appendAsFollower(set);
    for (const [index, header] of set.headers.entries()) {
      const [facts, bytes] = [batches[index], buffers[index]];
      assert(facts !== undefined && bytes !== undefined);
      const { baseOffset, lastOffset } = header;
      this.model.add({ ...facts, bytes, baseOffset, lastOffset, leaderEpoch: this.leaderEpoch });
    }
    assert.equal(result.lastOffset, this.model.end - 1);
    await result.written;
  }

  elect(): void {
    this.leaderEpoch += 1;
    this.log.assignEpochStartOffset(this.leaderEpoch, this.model.end);
  }

  /** Whether the log must know what was appended there: segments before the first one are gone. */
  isCertain(...offsets: readonly (number | undefined)[]): boolean {
    const { firstSegment } = this.model;
    return offsets.every((offset) => offset !== undefined && offset >= firstSegment);
  }

  async read({ part, until, maxBytes }: Omit<StepOf<'read'>, 'kind'>): Promise<void> {
    const offset = Math.min(this.offsetAt(part), this.log.writtenEndOffset);
    const upperBound = this.offsetAt(until);
    for (const minOneBatch of [true, false]) {
      await compareRead(this, { offset, maxBytes, minOneBatch, upperBound });
    }
  }

  async lookup({ part, differenceMs }: Omit<StepOf<'lookup'>, 'kind'>): Promise<void> {
    const { visible } = this.model;
    const near = visible[Math.floor(part * visible.length)]?.timestampMs ?? this.fixture.time.ms;
    await compareLookup(this, near + differenceMs);
  }

  async truncate(part: number): Promise<void> {
    const end = this.model.endOfTruncation(this.offsetAt(part));
    await this.log.truncateTo(this.offsetAt(part));
    this.noteCut(end);
  }

  noteCut(end: number): void {
    const { model, checkpoints } = this;
    model.cutTo(end);
    model.logStart = Math.min(model.logStart, end);
    this.checkpoints = {
      recoveryPoint: Math.min(checkpoints.recoveryPoint, end),
      logStart: Math.min(checkpoints.logStart, model.logStart),
    };
  }

  async restartAt(difference: number): Promise<void> {
    const offset = Math.max(0, this.model.end + difference);
    await this.log.truncateFullyAndStartAt(offset);
    this.model.restartAt(offset);
    this.checkpoints = { recoveryPoint: offset, logStart: offset };
  }

  async retain({ bytes, ms }: Omit<StepOf<'retain'>, 'kind'>): Promise<void> {
    const { log, fixture, model } = this;
    const { config } = log;
    const limits = { retentionBytes: bytes ?? Infinity, retentionMs: ms ?? Infinity };
    log.updateConfig({ ...config, ...limits });
    const before = { size: log.size, logStart: model.logStart, nowMs: fixture.time.ms };
    await log.deleteOldSegments({ nowMs: fixture.time.ms, highWatermark: model.end });
    log.updateConfig(config);
    model.firstSegment = log.segmentBaseOffsets[0] ?? -1;
    model.logStart = Math.max(model.logStart, model.firstSegment);
    compareRetention(this, { ...before, ...limits });
    fixture.time.pass(2000);
  }

  deleteRecords(part: number): void {
    const offset = this.offsetAt(part);
    this.log.advanceLogStartOffset(offset, this.model.end);
    this.model.logStart = offset;
  }

  async flush(): Promise<void> {
    const { writtenEndOffset } = this.log;
    // As a user's settings flush, and as the bound on what recovery reads does.
    if (this.model.end % 2 === 0) await this.log.flush();
    else await this.log.flushForRecovery();
    assert(this.log.recoveryPoint >= writtenEndOffset);
  }

  checkpoint(): void {
    this.checkpoints = { recoveryPoint: this.log.recoveryPoint, logStart: this.model.logStart };
  }

  /** Appends before, during and after something else that takes its time. */
  async burst({ count, beside, part }: StepOf<'burst'>): Promise<void> {
    const results = [this.append(this.plain(2, 60)).written];
    const other = this.#beside(beside, part);
    for (let index = 1; index < count && beside !== 'truncate'; index += 1) {
      results.push(this.append(this.plain(1 + (index % 3), 90)).written);
      await Promise.resolve();
    }
    await Promise.all([...results, other]);
  }

  async failWrite(): Promise<void> {
    const { fixture, log, model } = this;
    const path = this.activeFile;
    const batches = appendOf(this.plain(2, 30));
    const size = (await fixture.fileSystem.stat(path))?.size ?? 0;
    // Else it would, or might, go to a new segment.
    if (size + batches.buffer.length > log.config.segmentBytes) return;
    if (log.config.segmentMs !== Infinity || log.config.segmentIndexBytes < 120) return;
    fixture.fileSystem.failNext('write', 'EIO', path);
    const { written } = log.append(batches, { leaderEpoch: this.leaderEpoch });
    await assert.rejects(written, KafkaError);
    await log.truncateTo(model.end);
    await log.flush();
  }

  /** Appends until nothing fits; what was acknowledged is there, what was refused is not. */
  async fillDisk({ room, count }: StepOf<'disk full'>): Promise<void> {
    const { fixture, log, model } = this;
    fixture.fileSystem.capacity = fixture.fileSystem.usedSize + room;
    let isFull = false;
    for (let index = 0; index < count && !isFull; index += 1) {
      const end = model.end;
      const taken = this.append(this.plain(3, 90));
      isFull = await taken.written.then(
        () => false,
        () => true,
      );
      if (isFull) model.cutTo(end);
    }
    fixture.fileSystem.capacity = Infinity;
    // Waits for the repair too.
    await log.flush();
  }

  #note(facts: BatchFacts, { buffer }: AppendBatches, result: AppendResult): void {
    assert.equal(result.baseOffset, this.model.end);
    const { baseOffset, lastOffset } = result;
    const leaderEpoch = this.leaderEpoch;
    this.model.add({ ...facts, bytes: Buffer.from(buffer), baseOffset, lastOffset, leaderEpoch });
  }

  #beside(what: StepOf<'burst'>['beside'], part: number): Promise<unknown> {
    switch (what) {
      case 'flush':
        return this.log.flush();
      case 'retain':
        return this.retain({ bytes: Math.floor(part * 3000), ms: null });
      case 'read':
        return this.read({ part, until: 1, maxBytes: 500 });
      case 'lookup':
        return this.lookup({ part, differenceMs: 0 });
      case 'truncate':
        return this.truncate(part);
      default:
        return what satisfies never;
    }
  }

  #nextStamp(): { readonly timestampMs: number; readonly tag: string } {
    this.#tag += 1;
    return {
      timestampMs: this.fixture.time.ms - ((this.#tag * 37) % 500),
      tag: `t${String(this.#tag)}`,
    };
  }
}
