/**
 * Builds the transaction index of a segment anew from its batches: where the file that a clean stop
 * left is damaged. (After other stops recovery does so for every segment that it visits.)
 */

import type { SerialQueue } from '../../platform/serial-queue.ts';
import type { LogEnvironment } from '../log-environment.ts';
import { addProducer, loadProducers } from '../recovery/recover-log.ts';
import type { Segment } from '../segment/segment.ts';
import type { SegmentList } from '../segment/segment-list.ts';
import type { LeaderEpochs } from '../state/leader-epochs.ts';
import { ProducerState } from '../state/producer-state.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import type { AbortedTransaction } from './aborted-transaction.ts';

export interface IndexedLog {
  readonly folder: string;
  readonly environment: LogEnvironment;
  readonly segments: SegmentList;
  readonly snapshots: SnapshotFiles;
  readonly epochs: LeaderEpochs;
  readonly maintenance: SerialQueue;
}

/** To be called by what owns the end of the log: nothing else may write its files meanwhile. */
export async function rebuildTransactionIndex(
  log: IndexedLog,
  segment: Segment,
  problem: string,
): Promise<void> {
  const { logger, producerIdExpirationMs: expirationMs } = log.environment;
  logger.warn({ segment: segment.file.path, problem }, 'a transaction index is built anew');
  const producers = new ProducerState({ endOffset: segment.baseOffset, expirationMs });
  await loadProducers({ ...log, producers }, segment.baseOffset);
  const { transactions } = segment;
  const found: AbortedTransaction[] = [];
  await segment.reader.scan(0, (header, _position, buffer, at) => {
    const aborted = addProducer(producers, header, buffer, at);
    if (aborted !== null) found.push(aborted);
    return true;
  });
  await transactions.replaceBy(found);
}
