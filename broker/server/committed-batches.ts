/**
 * Which batches of a log a reader of committed records takes: no control batches, nothing of aborted
 * transactions, nothing of those that are open. For readers inside the broker; consumers decide the
 * same by the list that a Fetch answers with.
 */

import type { AbortedTransaction } from '../log/partition-log.ts';
import type { BatchHeader } from '../records/batch-header.ts';

export interface UndecidedRecords {
  /** Those with records in what is read. */
  readonly aborted: readonly AbortedTransaction[];
  /** Producer to first offset of its open transaction. */
  readonly open: ReadonlyMap<number, number>;
}

export function isCommitted(header: BatchHeader, { aborted, open }: UndecidedRecords): boolean {
  if (header.isControl) return false;
  if (!header.isTransactional) return true;
  const { producerId, baseOffset } = header;
  const openFrom = open.get(producerId);
  if (openFrom !== undefined && openFrom <= baseOffset) return false;
  return !aborted.some(
    (it) =>
      it.producerId === producerId && it.firstOffset <= baseOffset && baseOffset < it.lastOffset,
  );
}
