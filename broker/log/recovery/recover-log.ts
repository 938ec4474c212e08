/**
 * Recovery of a log after an unclean stop: from the recovery point on, every batch is read and its
 * checksum verified. At the first one that is torn or damaged the log is cut and all later segments
 * go; so they do where a segment ends before the next begins, as the end of a file that was never
 * synced may be lost while a later file is there. (Compaction leaves such gaps too: in a compacted
 * log they mean nothing.)
 *
 * Of the segment that holds the recovery point, what lies before it was synced together with its
 * index entries. They are believed as after a clean stop, once the last of them has led to a whole
 * batch; the reading starts there. Behind that, and where there is no such entry from the start of
 * the segment, indexes, leader epochs and the producers' state are built anew.
 */

import type { BatchHeader } from '../../records/batch-header.ts';
import type { SegmentEnvironment } from '../log-environment.ts';
import type { TrustedPart } from '../segment/build-indexes.ts';
import { completeIndexes, rebuildSegment, trustedPart } from '../segment/recover-segment.ts';
import type { Segment } from '../segment/segment.ts';
import type { SegmentList } from '../segment/segment-list.ts';
import type { LeaderEpochs } from '../state/leader-epochs.ts';
import type { ProducerState } from '../state/producer-state.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import { readTransactionMarker } from '../state/transaction-marker.ts';
import type { AbortedTransaction } from '../transactions/aborted-transaction.ts';

export interface RecoverableLog {
  readonly folder: string;
  readonly environment: SegmentEnvironment;
  readonly segments: SegmentList;
  readonly producers: ProducerState;
  readonly snapshots: SnapshotFiles;
  readonly epochs: LeaderEpochs;
}

export interface RecoveryOptions {
  /** What lies before is trusted. */
  readonly recoveryPoint: number;
  /** What lies before is on the disk, trusted or not. */
  readonly syncedOffset: number;
  /** Compaction leaves holes between segments. */
  readonly mayHaveGaps: boolean;
  /** Told the size of every batch that was verified. May throw, which ends it. */
  readonly onBatch: (size: number) => void;
}

/**
 * Afterwards every segment is whole and the producers' state is that of the end of the log. The
 * epochs are still to be settled.
 */
export async function recoverFrom(log: RecoverableLog, options: RecoveryOptions): Promise<void> {
  const { segments, snapshots, producers } = log;
  const visited = segments.from(options.recoveryPoint);
  const trusted = await findStart(log, options.recoveryPoint);
  let endOffset = producers.endOffset;
  for (const segment of visited) {
    const isFirst = segment === visited[0];
    const end = await recoverSegment(log, segment, {
      ...options,
      trusted: isFirst ? trusted : null,
    });
    ({ endOffset } = end);
    const next = segments.at(segments.indexOf(segment.baseOffset) + 1);
    const problem = end.damage ?? problemOfNext(log, { segment, next, endOffset, ...options });
    if (problem !== null) {
      await dropBehind(log, { baseOffset: segment.baseOffset, path: segment.file.path, problem });
      break;
    }
    await saveSnapshot(log, next?.baseOffset);
  }
  if (endOffset <= options.syncedOffset) {
    // It may have been cut, and on the disk be longer: that must not come back after a loss of power.
    await segments.active.sync();
    await log.environment.fileSystem.syncFolder(log.folder);
  }
  if (endOffset < producers.endOffset) {
    // Damage in what was synced: the snapshot that was trusted speaks of batches that are gone.
    await snapshots.removeBehind(endOffset);
    await segments.active.transactions.truncateTo(endOffset);
    await loadProducers(log, endOffset);
  }
  await saveSnapshot(log, producers.endOffset);
}

/**
 * Where in its segment the recovery begins, null: at its start; and the producers' state there, or
 * at an offset behind it up to which the batches are verified, but no news.
 */
async function findStart(log: RecoverableLog, recoveryPoint: number): Promise<TrustedPart | null> {
  const { segments, snapshots, epochs, producers, environment } = log;
  const [first] = segments.from(recoveryPoint);
  if (first === undefined) return null;
  const before = segments.at(segments.indexOf(first.baseOffset) - 1);
  if (before !== undefined) await completeIndexes(before);
  const problem = await first.transactions.problem();
  const trusted = problem === null ? await trustedPart(first, recoveryPoint) : null;
  const start = trusted?.offset ?? first.baseOffset;
  await snapshots.removeBehind(trusted === null ? start : recoveryPoint);
  const snapshot = await snapshots.loadNewest(recoveryPoint);
  if (snapshot !== null && snapshot.offset > start) {
    const nowMs = environment.clock.nowMs();
    producers.restore(snapshot.producers, { endOffset: snapshot.offset, nowMs });
  } else await loadProducers(log, start);
  epochs.hold();
  epochs.truncateFromEnd(start);
  if (trusted !== null) await first.transactions.truncateTo(producers.endOffset);
  return trusted;
}

/** Returns where the segment ends now, and why it was cut there, or null. */
async function recoverSegment(
  log: RecoverableLog,
  segment: Segment,
  options: RecoveryOptions & { readonly trusted: TrustedPart | null },
): Promise<{ readonly endOffset: number; readonly damage: string | null }> {
  const { producers, epochs } = log;
  const { onBatch, trusted } = options;
  const knownOffset = producers.endOffset;
  // What the indexes say of what is on the disk is there too, and stays so. The rest
  // is left to the next flush: a sync takes longer than to build them again.
  const syncIndexes = trusted === null && segment.baseOffset < options.syncedOffset;
  let endOffset = trusted?.offset ?? segment.baseOffset;
  const { fileSystem } = log.environment;
  const damage = await rebuildSegment(
    segment,
    (header, _position, buffer, at) => {
      onBatch(header.sizeInBytes);
      epochs.assign(header.partitionLeaderEpoch, header.baseOffset);
      endOffset = header.lastOffset + 1;
      if (header.baseOffset < knownOffset) return true;
      const aborted = addProducer(producers, header, buffer, at);
      if (aborted !== null) segment.transactions.add(aborted);
      return true;
    },
    { fileSystem, trusted, syncIndexes },
  );
  return { endOffset, damage };
}

/**
 * Why the segments behind `segment` cannot be what followed it; null if they can. What was synced has
 * no torn end: a hole in it is one of a compaction, or of a file that somebody
 * removed, and stays.
 */
function problemOfNext(
  { environment }: RecoverableLog,
  facts: {
    readonly segment: Segment;
    readonly next: Segment | undefined;
    readonly endOffset: number;
    readonly syncedOffset: number;
    readonly mayHaveGaps: boolean;
  },
): string | null {
  const { segment, next, endOffset, syncedOffset, mayHaveGaps } = facts;
  if (next === undefined || next.baseOffset === endOffset) return null;
  const isTornEnd = next.baseOffset < endOffset || endOffset >= syncedOffset;
  if (isTornEnd && !mayHaveGaps) return `the next segment is ${next.file.path}`;
  if (!mayHaveGaps) {
    const fields = { segment: segment.file.path, endOffset, nextOffset: next.baseOffset };
    environment.logger.warn(fields, 'offsets are missing between two segments');
  }
  return null;
}

/**
 * Makes the producers' state that of `endOffset`: from the newest snapshot before it and the batch
 * headers in between.
 */
export async function loadProducers(log: RecoverableLog, endOffset: number): Promise<void> {
  const { segments, producers, snapshots, environment } = log;
  const nowMs = environment.clock.nowMs();
  const first = segments.first.baseOffset;
  const newest = await snapshots.loadNewest(endOffset);
  // One of before the first segment does not know what those that are gone have said: a transaction
  // that it has as open may have ended there, and would stay open for ever.
  const snapshot = newest !== null && newest.offset >= first ? newest : null;
  const from = snapshot?.offset ?? first;
  producers.restore(snapshot?.producers ?? [], { endOffset: from, nowMs });
  if (from >= endOffset) return;
  for (const segment of segments.from(from)) {
    if (segment.baseOffset >= endOffset) break;
    await segment.reader.scan(0, (header, _position, buffer, at) => {
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
  await log.snapshots.write(offset, log.producers.toSnapshot(), { sync: false });
}

/** Returns the transaction that the batch aborts, if it is such a marker. */
export function addProducer(
  producers: ProducerState,
  header: BatchHeader,
  buffer: Buffer,
  at: number,
): AbortedTransaction | null {
  const marker = header.isControl ? readTransactionMarker(buffer, at) : null;
  return producers.add(header, header.baseOffset, marker);
}

async function dropBehind(
  log: RecoverableLog,
  cut: { readonly baseOffset: number; readonly path: string; readonly problem: string },
): Promise<void> {
  const dropped = log.segments.removeBehind(cut.baseOffset);
  // From the last on: where it is interrupted no hole is left, which a compacted log would believe.
  for (const segment of dropped.toReversed()) {
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
