/** Batches of the model test: how they are built, and what the model remembers of each. */

import { readBatchHeader } from '../../../../broker/records/batch-header.ts';
import { buildBatch } from '../../../../broker/records/builder.ts';
import type { AppendBatches } from '../../../../broker/log/partition-log.ts';

export interface BatchProducer {
  readonly id: number;
  readonly epoch: number;
  /** -1 for markers. */
  readonly baseSequence: number;
}

/** What is known of a batch before it has an offset. */
export interface BatchFacts {
  readonly count: number;
  readonly size: number;
  /** Of its first record; each record is a millisecond later than the one before. */
  readonly timestampMs: number;
  readonly tag: string;
  readonly producer: BatchProducer | null;
  readonly isTransactional: boolean;
  readonly marker: 'commit' | 'abort' | null;
}

export interface ModelBatch extends BatchFacts {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly leaderEpoch: number;
  /** As they must be in the file. */
  readonly bytes: Buffer;
}

const COORDINATOR_EPOCH = 3;

export function plainFacts(
  facts: Pick<BatchFacts, 'count' | 'size' | 'timestampMs' | 'tag'>,
): BatchFacts {
  return { ...facts, producer: null, isTransactional: false, marker: null };
}

/** With the offsets and the epoch that a leader would give it, for followers. */
export function batchBytes(
  facts: BatchFacts,
  place: { readonly baseOffset: number; readonly partitionLeaderEpoch: number },
): Buffer {
  const { producer, marker, isTransactional } = facts;
  return buildBatch({
    ...place,
    records: marker === null ? dataRecords(facts) : [markerRecord(facts, marker)],
    isTransactional,
    isControl: marker !== null,
    ...(producer === null ? {} : { producer }),
  });
}

export function appendOf(facts: BatchFacts): AppendBatches {
  return readBack(batchBytes(facts, { baseOffset: 0, partitionLeaderEpoch: -1 }));
}

/** The headers of whole batches. */
export function readBack(buffer: Buffer): AppendBatches {
  const headers = [];
  for (let at = 0; at < buffer.length; at += headers.at(-1)?.sizeInBytes ?? buffer.length) {
    headers.push(readBatchHeader(buffer, at));
  }
  return { buffer, headers };
}

function dataRecords({ count, size, timestampMs, tag }: BatchFacts) {
  return Array.from({ length: count }, (_, index) => ({
    timestampMs: timestampMs + index,
    key: Buffer.from(`key${String((tag.length + index) % 5)}`),
    value: Buffer.from(`${tag}-${String(index)}`.padEnd(size, '.')),
  }));
}

function markerRecord({ timestampMs }: BatchFacts, marker: 'commit' | 'abort') {
  const key = Buffer.alloc(4);
  key.writeInt16BE(marker === 'commit' ? 1 : 0, 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(COORDINATOR_EPOCH, 2);
  return { timestampMs, key, value };
}
