/**
 * Walks over the batches of a segment file, chunk by chunk: headers alone, or with the checksum of
 * every batch. Memory is bounded by the chunk, whatever length a damaged batch claims to have.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import type { FileHandle } from '../../platform/file-system.ts';
import type { BatchHeader } from '../../records/batch-header.ts';
import {
  BATCH_HEADER_SIZE,
  BatchField,
  batchCrcIsValid,
  peekBatchSize,
  readBatchHeader,
} from '../../records/batch-header.ts';
import { crc32c } from '../../records/crc32c.ts';

interface ScanOptions {
  readonly from: number;
  /** Exclusive; batches that reach past it count as cut off. */
  readonly to: number;
  /** Whether the checksums are verified; else only headers are read. */
  readonly verify: boolean;
}

/**
 * Is shown each batch: `buffer` holds its header at `at`, and all of it if it is no longer than the
 * chunk; both are only valid during the call. False ends the scan before the next batch.
 */
export type BatchVisitor = (
  header: BatchHeader,
  position: number,
  buffer: Buffer,
  at: number,
) => boolean | undefined;

export interface ScanEnd {
  /** Behind the last batch that was whole and valid. */
  readonly position: number;
  /** Why the scan ended there; null if it came to `to` or the visitor ended it. */
  readonly problem: string | null;
}

const VERIFY_CHUNK_SIZE = 1 << 20;
/** Large enough for the header and for a transaction's marker as a whole, small enough to be cheap. */
const HEADER_CHUNK_SIZE = 1 << 14;
/** A message of format 0 without key and value. */
const OLD_MESSAGE_SIZE_MIN = 26;

/**
 * Throws KafkaError UNSUPPORTED_FOR_MESSAGE_FORMAT where the segment starts with magic 0 or 1, and
 * the file system's errors. Anything invalid ends the scan, with its problem.
 */
export async function scanBatches(
  handle: FileHandle,
  options: ScanOptions,
  visit: BatchVisitor,
): Promise<ScanEnd> {
  const { to, verify } = options;
  const chunk = Buffer.allocUnsafe(
    Math.max(
      BATCH_HEADER_SIZE,
      Math.min(verify ? VERIFY_CHUNK_SIZE : HEADER_CHUNK_SIZE, to - options.from),
    ),
  );
  let chunkStart = options.from;
  let chunkSize = 0;
  let position = options.from;
  while (position < to) {
    const wanted = verify ? BATCH_HEADER_SIZE + 12 : BATCH_HEADER_SIZE;
    if (
      position + Math.min(wanted, to - position) > chunkStart + chunkSize ||
      position < chunkStart
    ) {
      chunkStart = position;
      chunkSize = await fill(handle, chunk, position, to);
    }
    let at = position - chunkStart;
    const header = parse(chunk.subarray(0, chunkSize), at, position === 0);
    if (typeof header === 'string') return { position, problem: header };
    if (header.sizeInBytes > to - position)
      return { position, problem: 'the last batch is cut off' };
    if (at > 0 && header.sizeInBytes > chunkSize - at && (verify || header.isControl)) {
      chunkStart = position;
      chunkSize = await fill(handle, chunk, position, to);
      at = 0;
    }
    if (verify && !(await crcIsValid(handle, header, position, chunk.subarray(0, chunkSize), at))) {
      return { position, problem: 'the checksum of a batch does not fit its bytes' };
    }
    if (visit(header, position, chunk.subarray(0, chunkSize), at) === false) {
      return { position, problem: null };
    }
    position += header.sizeInBytes;
  }
  return { position, problem: null };
}

async function fill(
  handle: FileHandle,
  chunk: Buffer,
  position: number,
  to: number,
): Promise<number> {
  return handle.read(chunk.subarray(0, Math.min(chunk.length, to - position)), position);
}

function parse(chunk: Buffer, at: number, isFirst: boolean): BatchHeader | string {
  try {
    return readBatchHeader(chunk, at);
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    // Behind valid batches an old format is more likely garbage than a producer's downgrade; and the
    // zeros of a file that was only preallocated look like format 0.
    const isOld = error.code === ErrorCodes.UNSUPPORTED_FOR_MESSAGE_FORMAT;
    if (isOld && isFirst && peekBatchSize(chunk, at) >= OLD_MESSAGE_SIZE_MIN) throw error;
    return error.message;
  }
}

async function crcIsValid(
  handle: FileHandle,
  header: BatchHeader,
  position: number,
  chunk: Buffer,
  at: number,
): Promise<boolean> {
  if (header.sizeInBytes <= chunk.length - at) return batchCrcIsValid(chunk, at);
  const piece = Buffer.allocUnsafe(VERIFY_CHUNK_SIZE);
  const end = position + header.sizeInBytes;
  let sum = 0;
  for (let from = position + BatchField.attributes; from < end; from += piece.length) {
    const wanted = Math.min(piece.length, end - from);
    const size = await handle.read(piece.subarray(0, wanted), from);
    if (size < wanted) return false;
    sum = crc32c(piece.subarray(0, size), sum);
  }
  return sum === header.crc;
}
