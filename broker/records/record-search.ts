/**
 * Finds a record by its time in one batch, however large that is: the codec works in the thread pool,
 * and the records are walked in steps with a pause after each, without making an object of any.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import type { BatchHeader } from './batch-header.ts';
import { BATCH_HEADER_SIZE, batchCrcIsValid, readBatchHeader } from './batch-header.ts';
import { decompress } from './compression.ts';
import { isOldMessage, readOldMessages } from './old-message.ts';
import { VarintCursor } from './varint.ts';

export interface RecordPlace {
  readonly timestampMs: number;
  readonly offset: number;
}

/** Records that are walked before other work gets its turn: some milliseconds at most. */
const STEP_COUNT = 20_000;

/**
 * The first record at `least.offset` or behind with `least.timestampMs` or a later time; null if there
 * is none. `batch` is one whole batch, or message of format 0 or 1. Throws KafkaError CORRUPT_MESSAGE.
 */
export async function findRecord(
  batch: Buffer,
  least: RecordPlace,
  pause: () => Promise<void>,
): Promise<RecordPlace | null> {
  if (isOldMessage(batch, 0)) return findOldMessage(await readOldMessages(batch, 0), least);
  const header = readBatchHeader(batch, 0);
  const cursor = new VarintCursor(ErrorCodes.CORRUPT_MESSAGE);
  if (!batchCrcIsValid(batch, 0)) throw cursor.failure('the checksum does not match');
  const content = batch.subarray(BATCH_HEADER_SIZE, header.sizeInBytes);
  const bytes = await decompress(header.compression, content);
  cursor.reset(bytes, 0, bytes.length);
  for (let index = 0; index < header.recordCount; index += 1) {
    if (index > 0 && index % STEP_COUNT === 0) await pause();
    const found = nextRecord(header, cursor, least);
    if (found !== null) return found;
  }
  return null;
}

function findOldMessage(messages: readonly RecordPlace[], least: RecordPlace): RecordPlace | null {
  const found = messages.find(
    ({ timestampMs, offset }) => timestampMs >= least.timestampMs && offset >= least.offset,
  );
  return found === undefined ? null : { timestampMs: found.timestampMs, offset: found.offset };
}

/** Moves behind the next record; gives it if it is the one. */
function nextRecord(
  header: BatchHeader,
  cursor: VarintCursor,
  least: RecordPlace,
): RecordPlace | null {
  const size = cursor.varint();
  const start = cursor.position;
  cursor.skip(1);
  const createMs = header.baseTimestampMs + cursor.varlong();
  const timestampMs = header.timestampType === 'append' ? header.maxTimestampMs : createMs;
  const offset = header.baseOffset + cursor.varint();
  if (timestampMs >= least.timestampMs && offset >= least.offset) return { timestampMs, offset };
  const read = cursor.position - start;
  cursor.skip(size - read);
  return null;
}
