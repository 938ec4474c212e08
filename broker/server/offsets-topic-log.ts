/** __consumer_offsets as the group coordinator sees it: partitions that this broker leads. */

import { CONSUMER_OFFSETS } from '../cluster/topic-name.ts';
import type {
  OffsetsAppend,
  OffsetsLogRecord,
  OffsetsTopicLog,
} from '../coordinator/runtime/offsets-topic-port.ts';
import type { ErrorCode } from '../model/error-codes.ts';
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
import type { Appended } from '../replication/leader/commit-waits.ts';
import type { Partition } from '../replication/partition.ts';
import type { ReplicaManager } from '../replication/replica-manager.ts';
import { isCommitted } from './committed-batches.ts';

const NO_HEADERS: readonly [] = [];

interface LoadOptions {
  readonly partition: number;
  readonly tenure: number;
  readonly signal: AbortSignal;
}

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

  async append({ partition, tenure, timestampMs, records }: OffsetsAppend): Promise<void> {
    const replica = this.#leader(partition, tenure);
    const buffer = buildBatch({
      records: records.map(({ key, value }) => ({ key, value, timestampMs, headers: NO_HEADERS })),
    });
    const { written, lastOffset } = replica.append(
      { buffer, headers: [readBatchHeader(buffer, 0)] },
      { allReplicas: true, minInSyncReplicas: this.#minInSyncReplicas() },
    );
    await written;
    // Once it is committed it stays so, however many replicas are in sync by then.
    await committed(replica, { endOffset: lastOffset + 1, tenure, minInSyncReplicas: 0 });
  }

  async *read(
    partition: number,
    tenure: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly OffsetsLogRecord[]> {
    const replica = this.#leader(partition, tenure);
    const end = replica.log.logEndOffset;
    yield* this.#readUpTo(end, { partition, tenure, signal });
    // Of what is not committed yet nobody may be told: the next leader may not have it. Who leads no
    // more is told so by `signal`.
    while (replica.highWatermark < end) {
      signal.throwIfAborted();
      await nextChange((listener) => replica.onProgress(listener), signal);
    }
    this.#leader(partition, tenure);
  }

  async *#readUpTo(
    end: number,
    { partition, tenure, signal }: LoadOptions,
  ): AsyncIterable<readonly OffsetsLogRecord[]> {
    const replica = this.#leader(partition, tenure);
    const { log } = replica;
    const open = log.transactions.open();
    let offset = log.logStartOffset;
    while (offset < end) {
      signal.throwIfAborted();
      this.#leader(partition, tenure);
      const { writtenEndOffset } = log;
      const { payload } = await log.read({
        offset,
        maxBytes: this.#loadBufferSize,
        minOneBatch: true,
        upperBound: end,
      });
      const bytes = await readAll(payload);
      if (bytes.length === 0) {
        if (offset < writtenEndOffset) return;
        // It took appends as a follower that are still on their way to the file.
        if (offset >= log.writtenEndOffset) {
          await nextChange((listener) => replica.onWritten(listener), signal);
        }
        continue;
      }
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

  #leader(partition: number, tenure: number): Partition {
    const replica = this.#replicas.get(CONSUMER_OFFSETS, partition);
    replica?.requireLeader();
    if (replica?.tenure !== tenure) throw new KafkaError(ErrorCodes.NOT_LEADER_OR_FOLLOWER);
    return replica;
  }
}

/** Resolves when all in-sync replicas have it; rejects when this replica leads no more. */
async function committed(replica: Partition, appended: Appended): Promise<void> {
  const known = replica.commitOutcome(appended);
  const outcome =
    known ??
    (await new Promise<ErrorCode>((finish) => replica.commits.add({ ...appended, finish })));
  if (outcome !== ErrorCodes.NONE) throw new KafkaError(outcome);
}

/** Resolves when the listener is called; rejects when `signal` aborts. */
function nextChange(
  listen: (listener: () => void) => () => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      stop();
      signal.removeEventListener('abort', finish);
      if (signal.aborted) reject(new Error('the load was given up', { cause: signal.reason }));
      else resolve();
    };
    const stop = listen(finish);
    signal.addEventListener('abort', finish);
  });
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
