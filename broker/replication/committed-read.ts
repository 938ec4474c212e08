/**
 * Reads for consumers that want committed records only (read_committed, KIP-98): nothing at or behind
 * the last stable offset, and with the records a list of the aborted transactions among them, which
 * the consumer leaves out. The records themselves stay what they are in the file.
 *
 * Invariant: where the list cannot be had, the span that was read is released.
 */

import type { AbortedTransaction, LogRead, PartitionLog } from '../log/partition-log.ts';
import { releasePayload } from '../model/payload.ts';

export interface ReadLimits {
  readonly offset: number;
  readonly maxBytes: number;
  readonly minOneBatch: boolean;
}

export interface CommittedRead extends LogRead {
  /** In the order of their markers. */
  readonly abortedTransactions: readonly AbortedTransaction[];
}

/** Rejects and throws as PartitionLog.read. */
export function readCommitted(
  log: Pick<PartitionLog, 'read' | 'transactions'>,
  limits: ReadLimits,
  lastStableOffset: number,
): CommittedRead | Promise<CommittedRead> {
  const range = { from: limits.offset, upperBound: lastStableOffset };
  const reading = log.read({ ...limits, upperBound: lastStableOffset });
  if (reading instanceof Promise) return reading.then((read) => withAborted(log, read, range));
  return withAborted(log, reading, range);
}

function withAborted(
  log: Pick<PartitionLog, 'transactions'>,
  read: LogRead,
  range: { readonly from: number; readonly upperBound: number },
): CommittedRead | Promise<CommittedRead> {
  let finding: ReturnType<PartitionLog['transactions']['abortedIn']>;
  try {
    finding = log.transactions.abortedIn(read, range);
  } catch (error) {
    releasePayload(read.payload);
    throw error;
  }
  if (!(finding instanceof Promise)) return { ...read, abortedTransactions: finding };
  return finding.then(
    (abortedTransactions) => ({ ...read, abortedTransactions }),
    (error: unknown) => {
      releasePayload(read.payload);
      throw error;
    },
  );
}
