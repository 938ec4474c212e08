/**
 * Looks up aborted transactions in the indexes of a log's segments. At once where they are in memory,
 * which they are for a log without any: most readers ask for committed records only.
 *
 * Safe beside appends and retention: the segments are looked up anew after every wait.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import { KafkaError } from '../../model/kafka-error.ts';
import { AbortedInRange } from './aborted-in-range.ts';
import type { OffsetRange } from './aborted-in-range.ts';
import type { AbortedTransaction } from './aborted-transaction.ts';
import type { IndexedLog } from './rebuild-index.ts';
import { rebuildTransactionIndex } from './rebuild-index.ts';
import { DamagedTransactionIndex } from './transaction-index.ts';
import type { Segment } from '../segment/segment.ts';

type Found = readonly AbortedTransaction[];

/**
 * Those that have records in the range, in the order of their markers. Rejects with KafkaError
 * KAFKA_STORAGE_ERROR.
 */
export function findAborted(log: IndexedLog, range: OffsetRange): Found | Promise<Found> {
  if (range.from >= range.upperBound) return [];
  const start = log.segments.at(Math.max(0, log.segments.indexOf(range.from)));
  const finding = walk(log, start, new AbortedInRange(range));
  if (!(finding instanceof Promise)) return finding;
  return finding.catch((cause: unknown) => {
    const message = 'the transaction indexes of the log cannot be read';
    throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, message, { cause });
  });
}

function walk(
  log: IndexedLog,
  start: Segment | undefined,
  found: AbortedInRange,
): Found | Promise<Found> {
  let segment = start;
  while (segment !== undefined && !found.isComplete) {
    const current = segment;
    const collecting = current.transactions.collect(found);
    if (collecting instanceof Promise) {
      return collecting
        .catch((error: unknown) => collectAgain(log, current, { found, error }))
        .then(() => walk(log, nextOf(log, current), found));
    }
    segment = nextOf(log, current);
  }
  return found.transactions;
}

function nextOf({ segments }: IndexedLog, segment: Segment): Segment | undefined {
  return segments.at(segments.indexOf(segment.baseOffset) + 1);
}

/** Whoever comes first builds a damaged index anew, the others wait. */
async function collectAgain(
  log: IndexedLog,
  segment: Segment,
  { found, error }: { found: AbortedInRange; error: unknown },
): Promise<void> {
  if (!(error instanceof DamagedTransactionIndex)) throw error;
  const { message } = error;
  await log.maintenance.run(async () => {
    const isThere = log.segments.at(log.segments.indexOf(segment.baseOffset)) === segment;
    if (isThere && segment.transactions.isDamaged)
      await rebuildTransactionIndex(log, segment, message);
  });
  await segment.transactions.collect(found);
}

/** For a log that was cut: what aborts lie at `endOffset` or behind is gone. */
export async function cutTransactionIndex(
  log: IndexedLog,
  segment: Segment,
  endOffset: number,
): Promise<void> {
  try {
    await segment.transactions.truncateTo(endOffset);
  } catch (error) {
    if (!(error instanceof DamagedTransactionIndex)) throw error;
    await rebuildTransactionIndex(log, segment, error.message);
  }
}
