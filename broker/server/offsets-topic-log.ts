/** __consumer_offsets as the group coordinator sees it: partitions that this broker leads. */

import { CONSUMER_OFFSETS } from '../cluster/topic-name.ts';
import type {
  OffsetsAppend,
  OffsetsLogRecord,
  OffsetsTopicLog,
} from '../coordinator/runtime/offsets-topic-port.ts';
import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { Payload } from '../model/payload.ts';
import {
  BATCH_OVERHEAD,
  peekBatchSize,
  peekLastOffset,
  readBatchHeader,
} from '../records/batch-header.ts';
import { buildBatch } from '../records/builder.ts';
import { readRecords } from '../records/record-reader.ts';
import type { Partition } from '../replication/partition.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import { isCommitted } from './committed-batches.ts';

const NO_HEADERS: readonly [] = [];

export class OffsetsTopicPartitions implements OffsetsTopicLog {
  readonly #replicas: Pick<ReplicaManager, 'get'>;
  readonly #minInSyncReplicas: () => number;
  readonly #loadBufferSize: number;

  constructor(options: {
    readonly replicas: Pick<ReplicaManager, 'get'>;
    readonly minInSyncReplicas: () => number;
    /** offsets.load.buffer.size: bytes per read. */
    readonly loadBufferSize: number;
  }) {
    this.#replicas = options.replicas;
    this.#minInSyncReplicas = options.minInSyncReplicas;
    this.#loadBufferSize = options.loadBufferSize;
  }

  async append({ partition, leaderEpoch, timestampMs, records }: OffsetsAppend): Promise<void> {
    const replica = this.#leader(partition, leaderEpoch);
    const buffer = buildBatch({
      records: records.map(({ key, value }) => ({ key, value, timestampMs, headers: NO_HEADERS })),
    });
    const { written } = replica.append(
      { buffer, headers: [readBatchHeader(buffer, 0)] },
      { allReplicas: true, minInSyncReplicas: this.#minInSyncReplicas() },
    );
    await written;
  }

  async *read(
    partition: number,
    leaderEpoch: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly OffsetsLogRecord[]> {
    const { log } = this.#leader(partition, leaderEpoch);
    const end = log.logEndOffset;
    const open = log.transactions.open();
    let offset = log.logStartOffset;
    while (offset < end) {
      signal.throwIfAborted();
      this.#leader(partition, leaderEpoch);
      const { payload } = await log.read({
        offset,
        maxBytes: this.#loadBufferSize,
        minOneBatch: true,
        upperBound: end,
      });
      const bytes = await readAll(payload);
      if (bytes.length === 0) return;
      const range = { from: offset, upperBound: endOf(bytes) };
      const aborted = await log.transactions.aborted(range);
      for (let position = 0; holdsBatch(bytes, position);) {
        const header = readBatchHeader(bytes, position);
        if (header.lastOffset >= offset && isCommitted(header, { aborted, open })) {
          yield await readRecords(bytes, position);
        }
        offset = header.lastOffset + 1;
        position += header.sizeInBytes;
      }
    }
  }

  #leader(partition: number, leaderEpoch: number): Partition {
    const replica = this.#replicas.get(CONSUMER_OFFSETS, partition);
    if (replica?.requireLeader().leaderEpoch !== leaderEpoch) {
      throw new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    }
    return replica;
  }
}

/** The offset after the last whole batch. */
function endOf(bytes: Buffer): number {
  let end = 0;
  for (let position = 0; holdsBatch(bytes, position); position += peekBatchSize(bytes, position)) {
    end = peekLastOffset(bytes, position) + 1;
  }
  return end;
}

/** The last batch of a read may be cut off: the next read begins with it. */
function holdsBatch(bytes: Buffer, position: number): boolean {
  if (bytes.length - position < BATCH_OVERHEAD) return false;
  return bytes.length - position >= peekBatchSize(bytes, position);
}

async function readAll(payload: Payload): Promise<Buffer> {
  const buffers: Buffer[] = [];
  for (const part of payload) {
    if (Buffer.isBuffer(part)) {
      buffers.push(part);
      continue;
    }
    try {
      buffers.push(await part.read());
    } finally {
      part.release();
    }
  }
  return Buffer.concat(buffers);
}
