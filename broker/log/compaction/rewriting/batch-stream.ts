/**
 * Reads a sealed segment from its start, batch by batch, each whole and with a valid checksum: what
 * compaction writes again must not make damage look valid. Messages of the formats 0 and 1 count as
 * batches.
 */

import { ErrorCodes } from '../../../model/error-codes.ts';
import { KafkaError } from '../../../model/kafka-error.ts';
import type { FileHandle } from '../../../platform/file-system.ts';
import type { BatchHeader } from '../../../records/batch-header.ts';
import {
  BATCH_HEADER_SIZE,
  BATCH_MAGIC,
  batchCrcIsValid,
  readBatchHeader,
} from '../../../records/batch-header.ts';
import {
  isOldMessage,
  OLD_MESSAGE_CHECKED_FROM,
  OLD_MESSAGE_SIZE_MIN,
  oldMessageCrc,
  readOldMessageHeader,
} from '../../../records/old-message.ts';

export interface StreamedBatch {
  readonly header: BatchHeader;
  /** In the file. */
  readonly position: number;
  /** All of it; valid until the next one is asked for. */
  readonly bytes: Buffer;
}

interface BatchStreamOptions {
  readonly handle: FileHandle;
  /** Names the segment in errors. */
  readonly path: string;
  readonly size: number;
  /** More is used for a batch that is larger. */
  readonly bufferSize: number;
  /** Told of what was read. */
  readonly onRead: (bytes: number) => Promise<void>;
}

const HEADER_SIZE_MIN = OLD_MESSAGE_SIZE_MIN;

export class BatchStream {
  readonly #options: BatchStreamOptions;
  #memory: Buffer;
  /** What the memory holds of the file, from `#start` on. */
  #chunk: Buffer;
  #start = 0;
  #position = 0;

  constructor(options: BatchStreamOptions) {
    this.#options = options;
    this.#memory = Buffer.allocUnsafe(
      Math.max(BATCH_HEADER_SIZE, Math.min(options.bufferSize, options.size)),
    );
    this.#chunk = this.#memory.subarray(0, 0);
  }

  /** Null at the end. Throws KafkaError CORRUPT_MESSAGE, and the file system's errors. */
  async next(): Promise<StreamedBatch | null> {
    const position = this.#position;
    const left = this.#options.size - position;
    if (left === 0) return null;
    if (left < HEADER_SIZE_MIN) throw this.#corrupt('bytes are left that are no batch');
    await this.#hold(Math.min(BATCH_HEADER_SIZE, left));
    const header = this.#readHeader(position - this.#start);
    if (header.sizeInBytes > left) throw this.#corrupt('a batch is cut off');
    await this.#hold(header.sizeInBytes);
    const at = position - this.#start;
    const bytes = this.#chunk.subarray(at, at + header.sizeInBytes);
    if (!isValid(bytes, header)) throw this.#corrupt('a checksum does not fit the bytes');
    this.#position += header.sizeInBytes;
    return { header, position, bytes };
  }

  #readHeader(at: number): BatchHeader {
    try {
      return isOldMessage(this.#chunk, at)
        ? readOldMessageHeader(this.#chunk, at)
        : readBatchHeader(this.#chunk, at);
    } catch (error) {
      if (error instanceof KafkaError) throw this.#corrupt(error.message);
      throw error;
    }
  }

  /** So many bytes from the position on are in the chunk afterwards. */
  async #hold(size: number): Promise<void> {
    const { handle, onRead } = this.#options;
    if (this.#position - this.#start + size <= this.#chunk.length) return;
    if (size > this.#memory.length) this.#memory = Buffer.allocUnsafe(size);
    const wanted = Math.min(this.#memory.length, this.#options.size - this.#position);
    this.#start = this.#position;
    const count = await handle.read(this.#memory.subarray(0, wanted), this.#start);
    this.#chunk = this.#memory.subarray(0, count);
    if (count < size) throw this.#corrupt('the file is shorter than it was');
    await onRead(count);
  }

  #corrupt(what: string): KafkaError {
    const where = `${this.#options.path} at ${String(this.#position)}`;
    return new KafkaError(ErrorCodes.CORRUPT_MESSAGE, `${where}: ${what}`);
  }
}

function isValid(bytes: Buffer, header: BatchHeader): boolean {
  if (header.magic === BATCH_MAGIC) return batchCrcIsValid(bytes, 0);
  return oldMessageCrc(bytes.subarray(OLD_MESSAGE_CHECKED_FROM)) === header.crc;
}
