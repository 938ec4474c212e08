/** What tests of transactions share: their batches, their markers, and readers of committed records. */

import type { AppendBatches, PartitionLog } from '../../../../broker/log/partition-log.ts';
import type { BatchHeader } from '../../../../broker/records/batch-header.ts';
import { readBatchHeader } from '../../../../broker/records/batch-header.ts';
import { buildBatch } from '../../../../broker/records/builder.ts';
import { readPlainRecords } from '../../../../broker/records/record-reader.ts';

const TIME_MS = 1_700_000_000_000;

export interface ProducerOfBatch {
  readonly id: number;
  readonly epoch?: number;
  readonly baseSequence: number;
}

/** Records of a transaction, or with `isTransactional` false outside of one. */
export function transactionalBatch(
  { id, epoch = 0, baseSequence }: ProducerOfBatch,
  values: readonly string[],
  isTransactional = true,
): AppendBatches {
  const records = values.map((value) => ({
    timestampMs: TIME_MS,
    key: null,
    value: Buffer.from(value),
  }));
  const producer = { id, epoch, baseSequence };
  return appended(buildBatch({ records, producer, isTransactional }));
}

export function marker(
  producer: { readonly id: number; readonly epoch?: number },
  kind: 'commit' | 'abort',
  coordinatorEpoch = 0,
): AppendBatches {
  const value = Buffer.alloc(6);
  value.writeInt32BE(coordinatorEpoch, 2);
  const key = Buffer.from([0, 0, 0, kind === 'commit' ? 1 : 0]);
  const { id, epoch = 0 } = producer;
  return appended(
    buildBatch({
      records: [{ timestampMs: TIME_MS, key, value }],
      producer: { id, epoch, baseSequence: -1 },
      isTransactional: true,
      isControl: true,
    }),
  );
}

function appended(buffer: Buffer): AppendBatches {
  return { buffer, headers: [readBatchHeader(buffer, 0)] };
}

/** What a partition tells its readers. */
export function lastStableOffset(log: PartitionLog, highWatermark: number): number {
  return Math.min(log.transactions.firstUnstableOffset ?? highWatermark, highWatermark);
}

/**
 * The values that a consumer with read_committed gets, as the Java client decides: the transaction of
 * a producer counts as aborted from its first offset on up to its abort marker.
 */
export async function readCommittedValues(
  log: PartitionLog,
  options: { readonly highWatermark: number; readonly from?: number; readonly maxBytes?: number },
): Promise<readonly string[]> {
  const upperBound = lastStableOffset(log, options.highWatermark);
  const values: string[] = [];
  let offset = options.from ?? log.logStartOffset;
  while (offset < upperBound) {
    const { maxBytes = 400 } = options;
    const read = await log.read({ offset, maxBytes, minOneBatch: true, upperBound });
    const aborted = await log.transactions.abortedIn(read, { from: offset, upperBound });
    const [span] = read.payload;
    if (span === undefined || Buffer.isBuffer(span)) break;
    const bytes = await span.read();
    span.release();
    const consumer = new Consumer(aborted);
    const start = offset;
    for (const { header, position } of wholeBatches(bytes)) {
      if (consumer.takes(header)) {
        const records = readPlainRecords(bytes, position).filter((it) => it.offset >= start);
        values.push(...records.map(({ value }) => String(value)));
      }
      offset = header.lastOffset + 1;
    }
  }
  return values;
}

class Consumer {
  #pending: { readonly producerId: number; readonly firstOffset: number }[];
  readonly #aborted = new Set<number>();

  constructor(aborted: readonly { readonly producerId: number; readonly firstOffset: number }[]) {
    this.#pending = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset);
  }

  takes(header: BatchHeader): boolean {
    while ((this.#pending[0]?.firstOffset ?? Infinity) <= header.lastOffset) {
      const next = this.#pending.shift();
      if (next !== undefined) this.#aborted.add(next.producerId);
    }
    if (header.isControl) {
      this.#aborted.delete(header.producerId);
      return false;
    }
    return !(header.isTransactional && this.#aborted.has(header.producerId));
  }
}

function* wholeBatches(
  bytes: Buffer,
): Iterable<{ readonly header: BatchHeader; readonly position: number }> {
  let position = 0;
  while (bytes.length - position >= 61) {
    const header = readBatchHeader(bytes, position);
    if (header.sizeInBytes > bytes.length - position) return;
    yield { header, position };
    position += header.sizeInBytes;
  }
}
