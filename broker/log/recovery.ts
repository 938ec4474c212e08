/**
 * Recovery of a log after an unclean stop: from the segment that holds the recovery point on, every
 * batch is read and its checksum verified. At the first one that is torn or damaged the log is cut
 * and all later segments go; so they do where a segment ends before the next begins, as the end of a
 * file that was never synced may be lost while a later file is there. (Compaction leaves such gaps
 * too: in a compacted log they mean nothing.) Indexes, leader epochs and the producers' state are built anew from what
 * is left; nothing in the index files of these segments is believed.
 */

import type { BatchHeader } from '../records/batch-header.ts';
import type { LogEnvironment } from './log-environment.ts';
import type { SegmentList } from './segment/segment-list.ts';
import type { LeaderEpochs } from './state/leader-epochs.ts';
import type { ProducerState } from './state/producer-state.ts';
import type { SnapshotFiles } from './state/snapshot-files.ts';
import { readTransactionMarker } from './state/transaction-marker.ts';

interface RecoverableLog {
  readonly folder: string;
  readonly environment: LogEnvironment;
  readonly segments: SegmentList;
  readonly producers: ProducerState;
  readonly snapshots: SnapshotFiles;
  readonly epochs: LeaderEpochs;
}

/** Afterwards every segment is whole and the producers' state is that of the end of the log. */
export async function recoverFrom(
  log: RecoverableLog,
  options: { readonly recoveryPoint: number; readonly mayHaveGaps: boolean },
): Promise<void> {
  const { segments, snapshots, epochs } = log;
  const { recoveryPoint, mayHaveGaps } = options;
  const visited = segments.from(recoveryPoint);
  const start = visited[0]?.baseOffset ?? 0;
  await segments.at(segments.indexOf(start) - 1)?.completeIndexes();
  await snapshots.removeBehind(start);
  await loadProducers(log, start);
  epochs.truncateFromEnd(start);
  for (const segment of visited) {
    let endOffset = segment.baseOffset;
    const damage = await segment.rebuild((header, _position, buffer, at) => {
      addProducer(log.producers, header, buffer, at);
      epochs.assign(header.partitionLeaderEpoch, header.baseOffset);
      endOffset = header.lastOffset + 1;
    });
    const next = segments.at(segments.indexOf(segment.baseOffset) + 1);
    const isGap = !mayHaveGaps && next !== undefined && next.baseOffset !== endOffset;
    const problem = damage ?? (isGap ? `the next segment is ${next.file.path}` : null);
    if (problem !== null) {
      await dropBehind(log, { baseOffset: segment.baseOffset, path: segment.file.path, problem });
      break;
    }
    await saveSnapshot(log, next?.baseOffset);
  }
  await saveSnapshot(log, log.producers.endOffset);
}

/**
 * Makes the producers' state that of `endOffset`: from the newest snapshot before it and the batch
 * headers in between.
 */
export async function loadProducers(log: RecoverableLog, endOffset: number): Promise<void> {
  const { segments, producers, snapshots, environment } = log;
  const nowMs = environment.clock.nowMs();
  const snapshot = await snapshots.loadNewest(endOffset);
  const from = Math.max(snapshot?.offset ?? 0, segments.first.baseOffset);
  producers.restore(snapshot?.producers ?? [], { endOffset: from, nowMs });
  if (from >= endOffset) return;
  for (const segment of segments.from(from)) {
    if (segment.baseOffset >= endOffset) break;
    await segment.scan(0, (header, _position, buffer, at) => {
      if (header.baseOffset >= endOffset) return false;
      if (header.baseOffset >= from) addProducer(producers, header, buffer, at);
      return true;
    });
  }
  producers.expire(nowMs);
}

/** Not if it would say what the latest one says, and not at the offset 0. */
async function saveSnapshot(log: RecoverableLog, offset: number | undefined): Promise<void> {
  if (offset === undefined || offset <= 0 || offset <= log.snapshots.latestOffset) return;
  await log.snapshots.write(offset, log.producers.toSnapshot());
}

function addProducer(
  producers: ProducerState,
  header: BatchHeader,
  buffer: Buffer,
  at: number,
): void {
  const marker = header.isControl ? readTransactionMarker(buffer, at) : null;
  producers.add(header, header.baseOffset, marker);
}

async function dropBehind(
  log: RecoverableLog,
  cut: { readonly baseOffset: number; readonly path: string; readonly problem: string },
): Promise<void> {
  const dropped = log.segments.removeBehind(cut.baseOffset);
  for (const segment of dropped) {
    await segment.markDeleted();
    await segment.file.removeDeleted();
  }
  await log.environment.fileSystem.syncFolder(log.folder);
  log.environment.logger.warn(
    {
      segment: cut.path,
      problem: cut.problem,
      endOffset: log.producers.endOffset,
      droppedSegments: dropped.map((segment) => segment.file.path),
    },
    'the log was cut back to its last whole batch',
  );
}
