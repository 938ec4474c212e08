/** What tests of compaction share: keyed batches, a log of them, and one compaction of it. */

import type {
  CleanerLimits,
  CleaningOutput,
} from '../../../../broker/log/compaction/cleaning-input.ts';
import type { AppendBatches, PartitionLog } from '../../../../broker/log/partition-log.ts';
import type { BatchHeader, Compression } from '../../../../broker/records/batch-header.ts';
import { readBatchHeader } from '../../../../broker/records/batch-header.ts';
import type { BatchContent } from '../../../../broker/records/builder.ts';
import { buildBatch, compressBatch } from '../../../../broker/records/builder.ts';
import type { LogRecord } from '../../../../broker/records/record.ts';
import { readRecords } from '../../../../broker/records/record-reader.ts';
import { readAll } from '../log-fixture.ts';

export const START_MS = 1_700_000_000_000;
export const DAY_MS = 86_400_000;

export const compacted = {
  compacts: true,
  deletes: false,
  segmentBytes: 1500,
  indexIntervalBytes: 200,
  minCleanableDirtyRatio: 0,
};

export const limits: CleanerLimits = {
  dedupeBufferBytes: 1 << 20,
  dedupeLoadFactor: 0.9,
  ioBufferBytes: 512,
  bytesPerSecondMax: Infinity,
};

export interface KeyedRecord {
  /** Null: none. */
  readonly key: string | null;
  /** Null: a tombstone. */
  readonly value: string | null;
  readonly timestampMs?: number;
}

export async function keyedBatch(
  records: readonly KeyedRecord[],
  content: Partial<BatchContent> & { readonly compression?: Compression } = {},
): Promise<AppendBatches> {
  const { compression = 'none', ...rest } = content;
  const plain = buildBatch({
    ...rest,
    records: records.map(({ key, value, timestampMs = START_MS }) => ({
      timestampMs,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    })),
  });
  const buffer = compression === 'none' ? plain : await compressBatch(plain, compression);
  return { buffer, headers: [readBatchHeader(buffer, 0)] };
}

/** The marker that ends a producer's transaction. */
export function markerBatch(
  producer: { readonly id: number; readonly epoch: number },
  type: 0 | 1,
) {
  const key = Buffer.from([0, 0, 0, type]);
  const value = Buffer.from([0, 0, 0, 0, 0, 0]);
  const buffer = buildBatch({
    records: [{ timestampMs: START_MS, key, value }],
    producer: { ...producer, baseSequence: -1 },
    isTransactional: true,
    isControl: true,
  });
  return { buffer, headers: [readBatchHeader(buffer, 0)] };
}

/** Appends and waits until it is in the file. */
export async function append(log: PartitionLog, batch: AppendBatches): Promise<number> {
  const result = log.append(batch, { leaderEpoch: 3 });
  await result.written;
  return result.baseOffset;
}

/** Ends the active segment: fills it up with what nobody looks at, and begins another one. */
export async function roll(log: PartitionLog): Promise<void> {
  const active = log.segmentBaseOffsets.at(-1);
  while (log.segmentBaseOffsets.at(-1) === active) {
    const value = 'x'.repeat(700);
    await append(log, await keyedBatch([{ key: 'filling', value }]));
  }
  await log.flush();
}

export interface CompactOptions {
  readonly nowMs?: number;
  readonly highWatermark?: number;
  readonly limits?: Partial<CleanerLimits>;
}

/** Null: there was nothing to do. */
export async function compact(
  log: PartitionLog,
  options: CompactOptions = {},
): Promise<CleaningOutput | null> {
  const { nowMs = START_MS, highWatermark = log.writtenEndOffset } = options;
  log.transactions.noteHighWatermark(highWatermark);
  const dirt = await log.compaction.measure({ nowMs, highWatermark });
  if (dirt === null) return null;
  return log.compaction.clean(dirt, { nowMs, limits: { ...limits, ...options.limits } });
}

export interface ReadBatch {
  readonly header: BatchHeader;
  readonly records: readonly LogRecord[];
}

/** All batches as a consumer gets them. */
export async function readBatches(log: PartitionLog): Promise<readonly ReadBatch[]> {
  const bytes = await readAll(log);
  const batches: ReadBatch[] = [];
  for (let at = 0; at < bytes.length;) {
    const header = readBatchHeader(bytes, at);
    batches.push({ header, records: await readRecords(bytes, at) });
    at += header.sizeInBytes;
  }
  return batches;
}

/** `offset key=value` of every record of a client, `key` alone for a tombstone; no filling. */
export async function readLines(log: PartitionLog): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { header, records } of await readBatches(log)) {
    if (header.isControl) continue;
    for (const { offset, key, value } of records) {
      const name = key === null ? '-' : key.toString();
      const text = value === null ? name : `${name}=${value.toString()}`;
      if (name !== 'filling') lines.push(`${String(offset)} ${text}`);
    }
  }
  return lines;
}
