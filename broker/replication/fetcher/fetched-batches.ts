/**
 * The records that a leader sent for one partition: whole batches, each verified before anything of
 * it reaches the log. A leader sends bytes of its files as they are, so what its disk has spoiled
 * shows here first.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { AppendBatches } from '../../log/partition-log.ts';
import type { BatchHeader } from '../../records/batch-header.ts';
import {
  BATCH_OVERHEAD,
  batchCrcIsValid,
  peekBatchSize,
  readBatchHeader,
} from '../../records/batch-header.ts';
import {
  isOldMessage,
  OLD_MESSAGE_CHECKED_FROM,
  oldMessageCrc,
  readOldMessageHeader,
} from '../../records/old-message.ts';

export interface FetchedBatches {
  /** In order, each with at least one batch, and of at most `chunkSizeMax` bytes if it has several. */
  readonly chunks: readonly AppendBatches[];
  /** Bytes of all chunks. */
  readonly size: number;
  /** What stands behind the chunks and must not be appended; null: nothing, or a batch cut off. */
  readonly problem: KafkaError | null;
}

export interface FetchedLimits {
  readonly chunkSizeMax: number;
  /** Of the leader: nothing that it has can be of a later one. */
  readonly leaderEpoch: number;
}

/** Views of `records`, which is neither copied nor changed. The last batch may be cut off. */
export function readFetchedBatches(records: Buffer, limits: FetchedLimits): FetchedBatches {
  const chunks: AppendBatches[] = [];
  let headers: BatchHeader[] = [];
  let chunkStart = 0;
  let position = 0;
  let problem: KafkaError | null = null;
  let previous: BatchHeader | null = null;
  const endChunk = (): void => {
    if (headers.length > 0)
      chunks.push({ buffer: records.subarray(chunkStart, position), headers });
    headers = [];
    chunkStart = position;
  };
  while (isWhole(records, position)) {
    const header = verified(records, position, previous, limits);
    if (header instanceof KafkaError) {
      problem = header;
      break;
    }
    if (position + header.sizeInBytes - chunkStart > limits.chunkSizeMax) endChunk();
    headers.push(header);
    position += header.sizeInBytes;
    previous = header;
  }
  endChunk();
  if (position === 0 && records.length > 0) problem ??= corrupt('not one batch of it is whole');
  return { chunks, size: position, problem };
}

function isWhole(records: Buffer, position: number): boolean {
  const left = records.length - position;
  // Sizes that cannot be are for the reading of the header to refuse.
  return left >= BATCH_OVERHEAD && peekBatchSize(records, position) <= left;
}

function verified(
  records: Buffer,
  position: number,
  previous: BatchHeader | null,
  { leaderEpoch }: FetchedLimits,
): BatchHeader | KafkaError {
  try {
    const isOld = isOldMessage(records, position);
    const header = isOld ? oldHeader(records, position) : readBatchHeader(records, position);
    const at = `offset ${String(header.baseOffset)}`;
    if (!isOld && !batchCrcIsValid(records, position)) {
      return corrupt(`the checksum of the batch at ${at} does not match`);
    }
    if (previous !== null && header.baseOffset <= previous.lastOffset) {
      return corrupt(`the batch at ${at} follows one that ends at ${String(previous.lastOffset)}`);
    }
    if (header.partitionLeaderEpoch > leaderEpoch) {
      const epoch = String(header.partitionLeaderEpoch);
      return corrupt(`the batch at ${at} is of leader epoch ${epoch}, which has not begun`);
    }
    return header;
  } catch (error) {
    if (error instanceof KafkaError) return error;
    throw error;
  }
}

/** Of topics that were written by brokers before 0.11, or for clients of that time. */
function oldHeader(records: Buffer, position: number): BatchHeader {
  const header = readOldMessageHeader(records, position);
  const checked = records.subarray(
    position + OLD_MESSAGE_CHECKED_FROM,
    position + header.sizeInBytes,
  );
  if (oldMessageCrc(checked) === header.crc) return header;
  throw corrupt(
    `the checksum of the message at offset ${String(header.baseOffset)} does not match`,
  );
}

function corrupt(what: string): KafkaError {
  return new KafkaError(ErrorCodes.CORRUPT_MESSAGE, `unreadable records from the leader: ${what}`);
}
