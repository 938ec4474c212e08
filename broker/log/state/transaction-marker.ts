/**
 * Reads the one record of a transaction's control batch: key version i16 and type i16 (0 abort,
 * 1 commit), value version i16 and coordinator epoch i32. Other control records are no markers.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { BATCH_HEADER_SIZE, BatchField } from '../../records/batch-header.ts';
import { VarintCursor } from '../../records/varint.ts';
import type { TransactionMarker } from './producer-state.ts';

const ABORT_TYPE = 0;
const MARKER_TYPE_MAX = 1;

/** Null where the batch holds no marker. Throws KafkaError CORRUPT_MESSAGE. */
export function readTransactionMarker(batch: Buffer, at: number): TransactionMarker | null {
  // Compaction has taken it out: all of its transaction is gone.
  if (batch.readInt32BE(at + BatchField.recordCount) === 0) return null;
  const cursor = new VarintCursor(ErrorCodes.CORRUPT_MESSAGE);
  cursor.reset(batch, at + BATCH_HEADER_SIZE, batch.length);
  cursor.varint();
  cursor.skip(1);
  cursor.varlong();
  cursor.varint();
  const keySize = cursor.varint();
  const key = cursor.position;
  if (keySize < 4) return null;
  cursor.skip(keySize);
  const valueSize = cursor.varint();
  const value = cursor.position;
  if (valueSize < 6) return null;
  cursor.skip(valueSize);
  const type = batch.readInt16BE(key + 2);
  if (type < 0 || type > MARKER_TYPE_MAX) return null;
  return { coordinatorEpoch: batch.readInt32BE(value + 2), isAbort: type === ABORT_TYPE };
}
