/** What a log answers, against what its model says. Every difference is an assertion error. */

import assert from 'node:assert/strict';
import { releasePayload } from '../../../../broker/model/payload.ts';
import type { PartitionLog, ReadOptions } from '../../../../broker/log/partition-log.ts';
import { readAll } from '../log-fixture.ts';
import type { CleanupPolicy, LogModel } from './log-model.ts';
import { PRODUCER_IDS } from './log-model.ts';
import type { ModelBatch } from './model-batch.ts';

interface Compared {
  readonly log: PartitionLog;
  readonly model: LogModel;
  readonly policy: CleanupPolicy;
}

/** Everything that can be asked without changing the log. */
export async function compareAll(compared: Compared): Promise<void> {
  const { log, model } = compared;
  assert.equal(log.logEndOffset, model.end);
  assert.equal(log.writtenEndOffset, model.end);
  assert.equal(log.logStartOffset, model.logStart);
  if (model.isSizeKnown) assert.equal(log.size, sizeOf(model.stored), 'the size');
  const bytes = await readAll(log);
  assert.equal(bytes.compare(bytesOf(model.visible)), 0, 'the bytes are others');
  for (const { baseOffset, leaderEpoch } of model.visible) {
    if (baseOffset < Math.max(model.logStart, model.epochsFrom)) continue;
    assert.equal(log.epochOf(baseOffset), leaderEpoch, 'the epoch of a batch');
  }
  for (const batch of model.visible.slice(-3)) await compareLookup(compared, batch.timestampMs);
  await compareLargestTime(compared);
  compareOpenTransactions(compared);
  await compareAborted(compared, { from: model.logStart, upperBound: model.end });
}

/** The log gives as much as it may, up to the end of the segment in which the read begins. */
export async function compareRead({ log, model }: Compared, options: ReadOptions): Promise<void> {
  const isAtRest = log.writtenEndOffset === model.end;
  const known = model.end;
  const got = await log.read(options);
  const [span] = got.payload;
  const bytes = span === undefined || Buffer.isBuffer(span) ? Buffer.alloc(0) : await span.read();
  releasePayload(got.payload);
  assert.equal(got.size, bytes.length);
  const readable = model.readable(options);
  const [first] = readable;
  const { maxBytes, minOneBatch } = options;
  const firstSize = first?.bytes.length ?? 0;
  const limit = minOneBatch ? Math.max(maxBytes, firstSize) : maxBytes < firstSize ? 0 : maxBytes;
  const end = endOfSegment(log, first?.baseOffset ?? 0);
  const expected = bytesOf(readable.filter(({ baseOffset }) => baseOffset < end));
  // Where appends are under way, it gives what was there before, or more.
  if (isAtRest && model.end === known) assert.equal(bytes.length, Math.min(limit, expected.length));
  assert.equal(bytes.compare(expected.subarray(0, bytes.length)), 0, 'a read gives other bytes');
  if (first !== undefined && bytes.length > 0) {
    assert.equal(got.firstBatchBaseOffset, first.baseOffset);
  }
}

export async function compareLookup({ log, model }: Compared, timestampMs: number): Promise<void> {
  const isAtRest = log.writtenEndOffset === model.end;
  const known = model.end;
  const found = await log.offsetForTimestamp(timestampMs);
  if (!isAtRest || model.end !== known) return;
  const expected = model.recordOfTime(timestampMs);
  assert.deepEqual(
    found === null ? null : { offset: found.offset, timestampMs: found.timestampMs },
    expected,
  );
}

/** A segment is never divided: what stays because of one record of it, stays with all of it. */
export function compareRetention(
  { log, model, policy }: Compared,
  rules: {
    readonly size: number;
    readonly logStart: number;
    readonly nowMs: number;
    readonly retentionBytes: number;
    readonly retentionMs: number;
  },
): void {
  const { size, retentionBytes, retentionMs, nowMs, logStart } = rules;
  const isOld = ({ timestampMs, count }: ModelBatch): boolean =>
    nowMs - (timestampMs + count - 1) > retentionMs;
  const first = model.firstSegment;
  const dropped = model.batches.filter(({ lastOffset }) => {
    return lastOffset < first && lastOffset >= logStart;
  });
  if (policy === 'compact') assert.deepEqual(dropped, []);
  if (retentionBytes === Infinity) assert(dropped.every(isOld), 'a young record was dropped');
  if (retentionMs === Infinity && dropped.length > 0 && size >= retentionBytes) {
    assert(log.size >= retentionBytes || log.size === 0, 'more than retention.bytes was dropped');
  }
  if (policy === 'compact' || retentionMs === Infinity) return;
  const end = endOfSegment(log, first);
  const kept = model.stored.filter(({ baseOffset }) => baseOffset < end);
  assert(kept.length === 0 || !kept.every(isOld), 'a segment outlived its time');
}

async function compareLargestTime({ log, model }: Compared): Promise<void> {
  // Where records of the first segment were deleted, it is one of them perhaps.
  if (model.logStart !== model.firstSegment) return;
  const largest = model.visible.reduce(
    (most, it) => Math.max(most, it.timestampMs + it.count - 1),
    -1,
  );
  const found = await log.offsetOfMaxTimestamp();
  const expected = largest < 0 ? null : model.recordOfTime(largest);
  assert.deepEqual(
    found === null ? null : { offset: found.offset, timestampMs: found.timestampMs },
    expected,
  );
}

/** Of a transaction that began in a segment that is gone, the log may know, or not. */
function compareOpenTransactions({ log, model }: Compared): void {
  log.transactions.noteHighWatermark(model.end);
  const firsts = PRODUCER_IDS.map(
    (id) => model.producer(id)?.transactionFirstOffset ?? null,
  ).filter((offset) => offset !== null);
  const certain = firsts.filter((offset) => offset >= model.firstSegment);
  const expected = certain.length === 0 ? null : Math.max(Math.min(...certain), model.logStart);
  const found = log.transactions.firstUnstableOffset;
  if (certain.length === firsts.length) assert.equal(found, expected, 'the first unstable offset');
  else if (expected !== null) assert(found !== null && found <= expected);
}

export async function compareAborted(
  { log, model }: Compared,
  range: { readonly from: number; readonly upperBound: number },
): Promise<void> {
  const found = await log.transactions.aborted(range);
  if (range.from >= range.upperBound) {
    assert.deepEqual(found, []);
    return;
  }
  const inFiles = model.aborted().filter(({ lastOffset }) => lastOffset >= model.firstSegment);
  const expected = inFiles.filter(
    ({ firstOffset, lastOffset }) =>
      firstOffset >= model.firstSegment &&
      firstOffset < range.upperBound &&
      lastOffset >= range.from,
  );
  const facts = found.map(({ producerId, firstOffset, lastOffset }) => {
    return { producerId, firstOffset, lastOffset };
  });
  const markers = new Map(inFiles.map((each) => [each.lastOffset, each]));
  for (const each of facts) assert.equal(markers.get(each.lastOffset)?.producerId, each.producerId);
  const certain = facts.filter(({ lastOffset }) => {
    return (markers.get(lastOffset)?.firstOffset ?? -1) >= model.firstSegment;
  });
  assert.deepEqual(certain, expected, 'the aborted transactions');
}

function endOfSegment(log: PartitionLog, offset: number): number {
  return log.segmentBaseOffsets.find((base) => base > offset) ?? Infinity;
}

function bytesOf(batches: readonly ModelBatch[]): Buffer {
  return Buffer.concat(batches.map(({ bytes }) => bytes));
}

function sizeOf(batches: readonly ModelBatch[]): number {
  return batches.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
