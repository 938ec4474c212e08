/**
 * One batch of format 2 without the records that nobody needs any more. Offsets stay as they are: the
 * batch keeps its base offset and its last offset, and gets holes. What changes nothing is given back
 * byte for byte; what changes is compressed again with the codec it had.
 *
 * A tombstone is to stay for delete.retention.ms after readers could first see that nothing older is
 * left of its key, which is when compaction meets it first. Then its batch is given that moment, its
 * delete horizon, in place of the base timestamp (KIP-534); the same for the marker of a transaction
 * of which nothing is left.
 */

import type { BatchHeader } from '../../../records/batch-header.ts';
import {
  BATCH_HEADER_SIZE,
  BATCH_OVERHEAD,
  BatchAttribute,
  BatchField,
  patchCrc,
} from '../../../records/batch-header.ts';
import { compress, decompress } from '../../../records/compression.ts';
import { writeInt64 } from '../../../records/int64.ts';
import { RecordCursor } from './record-cursor.ts';
import { rebaseTimestamps } from './timestamp-deltas.ts';

export interface BatchRules {
  /** Whether a record stays; never asked if `dropsAll`. */
  keeps(record: RecordCursor): boolean;
  readonly dropsAll: boolean;
  /** Without records the batch stays as a header: it says a producer's last sequence, or an offset. */
  readonly keepsEmpty: boolean;
  /** A marker of which nobody needs more than that it was there. */
  readonly isEmptyMarker: boolean;
  /** What a batch is given that has none and needs one. */
  readonly deleteHorizonMs: number;
  /** Of tombstones behind it, nobody has looked yet what is older. */
  readonly knownBefore: number;
}

/** `batch` itself, other bytes in its place, or null: nothing. Throws KafkaError CORRUPT_MESSAGE. */
export async function rewriteBatch(
  batch: Buffer,
  header: BatchHeader,
  rules: BatchRules,
): Promise<Buffer | null> {
  if (header.recordCount === 0 || rules.dropsAll) return emptied(batch, header, rules);
  const content = await decompress(header.compression, batch.subarray(BATCH_HEADER_SIZE));
  const kept = selectRecords(new RecordCursor(header, content), rules);
  if (kept.count === 0) return emptied(batch, header, rules);
  const needsHorizon = (kept.hasTombstones || rules.isEmptyMarker) && !header.hasDeleteHorizon;
  if (kept.count === header.recordCount && !needsHorizon) return batch;
  const records = keptBytes(content, kept);
  if (!needsHorizon) return rebuilt(batch, header, { records, kept, horizonMs: null });
  const horizonMs = rules.deleteHorizonMs;
  const oldBase = batch.readBigInt64BE(BatchField.baseTimestamp);
  const rebased = rebaseTimestamps(records, kept.count, oldBase - BigInt(horizonMs));
  return rebuilt(batch, header, { records: rebased, kept, horizonMs });
}

interface KeptRecords {
  count: number;
  hasTombstones: boolean;
  /** Largest, less the base timestamp. */
  timestampDeltaMax: number;
  /** Bytes that stay: start and end in turn. */
  readonly ranges: number[];
}

function selectRecords(cursor: RecordCursor, rules: BatchRules): KeptRecords {
  const kept: KeptRecords = {
    count: 0,
    hasTombstones: false,
    timestampDeltaMax: Number.MIN_SAFE_INTEGER,
    ranges: [],
  };
  const { ranges } = kept;
  while (cursor.next()) {
    if (!rules.keeps(cursor)) continue;
    kept.count += 1;
    if (!cursor.hasValue && cursor.offset < rules.knownBefore) kept.hasTombstones = true;
    kept.timestampDeltaMax = Math.max(kept.timestampDeltaMax, cursor.timestampDelta);
    if (ranges.at(-1) === cursor.start) ranges[ranges.length - 1] = cursor.end;
    else ranges.push(cursor.start, cursor.end);
  }
  return kept;
}

function keptBytes(content: Buffer, { ranges }: KeptRecords): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < ranges.length; index += 2) {
    parts.push(content.subarray(ranges[index], ranges[index + 1]));
  }
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
}

interface NewContent {
  readonly records: Buffer;
  readonly kept: KeptRecords;
  /** Null: the base timestamp stays. */
  readonly horizonMs: number | null;
}

async function rebuilt(batch: Buffer, header: BatchHeader, content: NewContent): Promise<Buffer> {
  const { records, kept, horizonMs } = content;
  const compressed = await compress(header.compression, records);
  const result = Buffer.concat([batch.subarray(0, BATCH_HEADER_SIZE), compressed]);
  result.writeInt32BE(result.length - BATCH_OVERHEAD, BatchField.length);
  result.writeInt32BE(kept.count, BatchField.recordCount);
  const maxTimestampMs = header.baseTimestampMs + kept.timestampDeltaMax;
  // With the append's time all records have the batch's. What is no exact number stays as it was.
  if (header.timestampType === 'create' && Math.abs(maxTimestampMs) < Number.MAX_SAFE_INTEGER) {
    writeInt64(result, maxTimestampMs, BatchField.maxTimestamp);
  }
  if (horizonMs !== null) {
    result.writeInt16BE(header.attributes | BatchAttribute.deleteHorizon, BatchField.attributes);
    writeInt64(result, horizonMs, BatchField.baseTimestamp);
  }
  patchCrc(result, 0);
  return result;
}

function emptied(batch: Buffer, header: BatchHeader, rules: BatchRules): Buffer | null {
  if (!rules.keepsEmpty) return null;
  if (header.recordCount === 0) return batch;
  const result = Buffer.from(batch.subarray(0, BATCH_HEADER_SIZE));
  const dropped = BatchAttribute.codecMask | BatchAttribute.deleteHorizon;
  result.writeInt32BE(BATCH_HEADER_SIZE - BATCH_OVERHEAD, BatchField.length);
  result.writeInt16BE(header.attributes & ~dropped, BatchField.attributes);
  writeInt64(result, -1, BatchField.baseTimestamp);
  result.writeInt32BE(0, BatchField.recordCount);
  patchCrc(result, 0);
  return result;
}
