/**
 * Walks over the batches of a segment file, chunk by chunk: headers alone, or with the checksum of
 * every batch. Memory is bounded by the chunk, whatever length a damaged batch claims to have.
 * Messages of the formats 0 and 1 count as batches.
 */

import { KafkaError } from '../../model/kafka-error.ts';
import type { FileHandle } from '../../platform/file-system.ts';
import type { BatchHeader } from '../../records/batch-header.ts';
import {
  BATCH_HEADER_SIZE,
  BATCH_MAGIC,
  BatchField,
  readBatchHeader,
} from '../../records/batch-header.ts';
import { crc32c } from '../../records/crc32c.ts';
import {
  isOldMessage,
  OLD_MESSAGE_CHECKED_FROM,
  oldMessageCrc,
  readOldMessageHeader,
} from '../../records/old-message.ts';

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

/** Throws the file system's errors. Anything invalid ends the scan, with its problem. */
export async function scanBatches(
  handle: FileHandle,
  options: ScanOptions,
  visit: BatchVisitor,
): Promise<ScanEnd> {
  const { from, to, verify } = options;
  const size = Math.min(verify ? VERIFY_CHUNK_SIZE : HEADER_CHUNK_SIZE, to - from);
  const chunk = new Chunk(handle, Math.max(BATCH_HEADER_SIZE, size), { from, to });
  let position = from;
  while (position < to) {
    if (!chunk.holds(position, BATCH_HEADER_SIZE)) await chunk.fill(position);
    const header = parse(chunk.bytes, chunk.at(position));
    if (typeof header === 'string') return { position, problem: header };
    const { sizeInBytes } = header;
    if (sizeInBytes > to - position) return { position, problem: 'the last batch is cut off' };
    if ((verify || header.isControl) && !chunk.holds(position, sizeInBytes)) {
      await chunk.fill(position);
    }
    const { bytes } = chunk;
    const at = chunk.at(position);
    if (verify && (await crcOf(handle, header, { position, bytes, at })) !== header.crc) {
      return { position, problem: 'the checksum of a batch does not fit its bytes' };
    }
    if (visit(header, position, bytes, at) === false) return { position, problem: null };
    position += sizeInBytes;
  }
  return { position, problem: null };
}

/** A window on the file. */
class Chunk {
  readonly #handle: FileHandle;
  readonly #memory: Buffer;
  readonly #to: number;
  #start: number;
  /** What the window shows. */
  bytes: Buffer;

  constructor(handle: FileHandle, size: number, range: { readonly from: number; to: number }) {
    this.#handle = handle;
    this.#memory = Buffer.allocUnsafe(size);
    this.#to = range.to;
    this.#start = range.from;
    this.bytes = this.#memory.subarray(0, 0);
  }

  at(position: number): number {
    return position - this.#start;
  }

  /** Whether so many bytes from there on, or all up to the end, are in it, as far as it can be. */
  holds(position: number, size: number): boolean {
    const at = this.at(position);
    if (at === 0 && this.bytes.length === this.#memory.length) return true;
    return at + Math.min(size, this.#to - position) <= this.bytes.length;
  }

  async fill(position: number): Promise<void> {
    const wanted = this.#memory.subarray(0, Math.min(this.#memory.length, this.#to - position));
    this.#start = position;
    this.bytes = wanted.subarray(0, await this.#handle.read(wanted, position));
  }
}

function parse(chunk: Buffer, at: number): BatchHeader | string {
  try {
    return isOldMessage(chunk, at) ? readOldMessageHeader(chunk, at) : readBatchHeader(chunk, at);
  } catch (error) {
    if (error instanceof KafkaError) return error.message;
    throw error;
  }
}

/** The checksum that the batch should have; of one that is larger than the chunk piece by piece. */
async function crcOf(
  handle: FileHandle,
  { magic, sizeInBytes }: BatchHeader,
  {
    position,
    bytes,
    at,
  }: { readonly position: number; readonly bytes: Buffer; readonly at: number },
): Promise<number> {
  const isOld = magic !== BATCH_MAGIC;
  const checkedFrom = isOld ? OLD_MESSAGE_CHECKED_FROM : BatchField.attributes;
  const sum = isOld ? oldMessageCrc : crc32c;
  if (sizeInBytes <= bytes.length - at)
    return sum(bytes.subarray(at + checkedFrom, at + sizeInBytes));
  const piece = Buffer.allocUnsafe(VERIFY_CHUNK_SIZE);
  const end = position + sizeInBytes;
  let result = 0;
  for (let from = position + checkedFrom; from < end; from += piece.length) {
    const wanted = Math.min(piece.length, end - from);
    const size = await handle.read(piece.subarray(0, wanted), from);
    if (size < wanted) return -1;
    result = sum(piece.subarray(0, size), result);
  }
  return result;
}
