/**
 * Reads of one log: spans of files for fetches, and lookups by time. Nothing is copied, and where the
 * position is known nothing waits. Safe beside appends and retention: a segment that goes meanwhile
 * either still answers through its open file, or the read ends with OFFSET_OUT_OF_RANGE.
 */

import { ErrorCodes } from '../model/error-codes.ts';
import { KafkaError } from '../model/kafka-error.ts';
import type { Payload } from '../model/payload.ts';
import type { Timers } from '../platform/timers.ts';
import { findRecord } from '../records/record-search.ts';
import type { Descriptor } from './files/descriptor-cache.ts';
import { LogFileSpan } from './files/log-file-span.ts';
import type { BatchLocation } from './segment/recent-batches.ts';
import type { Segment } from './segment/segment.ts';
import type { SegmentList } from './segment/segment-list.ts';

export interface ReadOptions {
  readonly offset: number;
  readonly maxBytes: number;
  /** Whether the first batch is given whole even if it is larger than maxBytes. */
  readonly minOneBatch: boolean;
  /** Exclusive: batches that reach it are not given (the high watermark, for consumers). */
  readonly upperBound: number;
}

export interface LogRead {
  /** Empty, or one span; a part of a batch may stand at its end. The reader releases it. */
  readonly payload: Payload;
  readonly size: number;
  /** Base offset of the first batch given; the offset asked for where nothing is given. */
  readonly firstBatchBaseOffset: number;
  readonly segmentBaseOffset: number;
  readonly startPosition: number;
}

export interface TimestampAndOffset {
  readonly timestampMs: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

/** The offsets that may be read now. */
interface LogBounds {
  readonly logStartOffset: number;
  readonly writtenEndOffset: number;
  readonly logEndOffset: number;
}

type MaybeLocation = BatchLocation | null | Promise<BatchLocation | null>;

/** Where a read starts and ends in its first segment, as far as somebody has begun to look. */
interface BegunRead {
  readonly start?: MaybeLocation;
  readonly end?: number | Promise<number>;
}

export class LogReader {
  readonly #segments: SegmentList;
  readonly #bounds: LogBounds;
  readonly #timers: Pick<Timers, 'soon'>;

  constructor(segments: SegmentList, bounds: LogBounds, timers: Pick<Timers, 'soon'>) {
    this.#segments = segments;
    this.#bounds = bounds;
    this.#timers = timers;
  }

  read(options: ReadOptions): LogRead | Promise<LogRead> {
    const { offset, upperBound } = options;
    this.#checkRange(offset);
    if (offset >= Math.min(upperBound, this.#bounds.writtenEndOffset)) return emptyRead(offset);
    const index = this.#segments.indexOf(offset);
    const segment = this.#segments.at(index);
    if (segment === undefined) return this.#readSlowly(options);
    const start = segment.reader.locate(offset);
    if (start === null || start instanceof Promise) return this.#readSlowly(options, { start });
    const end = this.#endIn(segment, this.#segments.at(index + 1), upperBound);
    if (end instanceof Promise) return this.#readSlowly(options, { start, end });
    const descriptor = segment.file.tryAcquire(segment.mode);
    if (descriptor === null) return this.#readSlowly(options);
    return spanOf({ options, segment, start, end, descriptor });
  }

  /** The first record of that time or later; null if there is none. */
  async offsetForTimestamp(timestampMs: number): Promise<TimestampAndOffset | null> {
    for (const segment of this.#segments.from(this.#bounds.logStartOffset)) {
      if ((await segment.reader.largestTimestamp()).timestampMs < timestampMs) continue;
      const found = await this.#findInSegment(segment, timestampMs);
      if (found !== null) return found;
    }
    return null;
  }

  /** The first record among those with the largest timestamp; null if no record has one. */
  async offsetOfMaxTimestamp(): Promise<TimestampAndOffset | null> {
    const segments: { readonly segment: Segment; readonly largestMs: number }[] = [];
    for (const segment of this.#segments.from(this.#bounds.logStartOffset)) {
      const { timestampMs: largestMs } = await segment.reader.largestTimestamp();
      if (largestMs >= 0) segments.push({ segment, largestMs });
    }
    let best: TimestampAndOffset | null = null;
    for (const { segment, largestMs } of segments.sort((a, b) => b.largestMs - a.largestMs)) {
      if (best !== null && best.timestampMs >= largestMs) break;
      const found = await this.#findLargestIn(segment, largestMs);
      if (found !== null && found.timestampMs > (best?.timestampMs ?? -1)) best = found;
    }
    return best;
  }

  #checkRange(offset: number): void {
    const { logStartOffset, writtenEndOffset } = this.#bounds;
    if (offset >= logStartOffset && offset <= writtenEndOffset) return;
    throw new KafkaError(
      ErrorCodes.OFFSET_OUT_OF_RANGE,
      `offset ${String(offset)} is outside of ` +
        `${String(logStartOffset)} to ${String(writtenEndOffset)}`,
    );
  }

  /** The position in the segment at which `upperBound` lies. */
  #endIn(
    segment: Segment,
    next: Segment | undefined,
    upperBound: number,
  ): number | Promise<number> {
    const { writtenEndOffset, logEndOffset } = this.#bounds;
    const bound = Math.min(upperBound, writtenEndOffset);
    if (next !== undefined && bound >= next.baseOffset) return segment.writtenSize;
    // Else the file may hold more: batches whose group is not all written, or not synced yet where
    // flush.messages wants that.
    if (bound === logEndOffset) return segment.writtenSize;
    const found: MaybeLocation = segment.reader.locate(bound);
    if (!(found instanceof Promise)) return found?.position ?? segment.writtenSize;
    return found.then((location) => location?.position ?? segment.writtenSize);
  }

  /** `begun`: what was looked up of the first segment already, or still is. */
  async #readSlowly(options: ReadOptions, begun: BegunRead = {}): Promise<LogRead> {
    const { offset, upperBound } = options;
    const segments = this.#segments.from(offset);
    let known = begun;
    try {
      for (const [index, segment] of segments.entries()) {
        const start = await (known.start ?? segment.reader.locate(offset));
        if (start !== null) {
          const end = await (known.end ?? this.#endIn(segment, segments[index + 1], upperBound));
          const descriptor = await segment.file.acquire(segment.mode);
          return spanOf({ options, segment, start, end, descriptor });
        }
        known = {};
      }
      return emptyRead(offset);
    } catch (error) {
      this.#checkRange(offset);
      if (error instanceof KafkaError) throw error;
      // Compaction has put others in their place: those have the records too.
      const isReplaced = segments.some((segment) => !this.#segments.holds([segment]));
      if (isReplaced) return await this.#readSlowly(options);
      throw new KafkaError(ErrorCodes.KAFKA_STORAGE_ERROR, 'the log cannot be read', {
        cause: error,
      });
    }
  }

  async #findInSegment(segment: Segment, timestampMs: number): Promise<TimestampAndOffset | null> {
    const { logStartOffset } = this.#bounds;
    let position = await segment.reader.positionForTimestamp(timestampMs, logStartOffset);
    for (;;) {
      const batch = await nextBatch(segment, position, timestampMs, logStartOffset);
      if (batch === null) return null;
      const bytes = await segment.reader.readBytes(batch.position, batch.size);
      const found = await findRecord(bytes, { timestampMs, offset: logStartOffset }, this.#pause);
      if (found !== null) return { ...found, leaderEpoch: batch.leaderEpoch };
      position = batch.position + batch.size;
    }
  }

  /** Compaction may have left nothing but the header of the batch that had the largest timestamp. */
  async #findLargestIn(segment: Segment, largestMs: number): Promise<TimestampAndOffset | null> {
    const found = await this.#findInSegment(segment, largestMs);
    if (found !== null) return found;
    const { logStartOffset } = this.#bounds;
    let restMs = -1;
    await segment.reader.scan(0, ({ recordCount, lastOffset, maxTimestampMs }) => {
      if (recordCount > 0 && lastOffset >= logStartOffset)
        restMs = Math.max(restMs, maxTimestampMs);
    });
    return restMs < 0 ? null : this.#findInSegment(segment, restMs);
  }

  readonly #pause = (): Promise<void> => new Promise((resolve) => this.#timers.soon(resolve));
}

interface FoundBatch {
  readonly position: number;
  readonly size: number;
  readonly leaderEpoch: number;
}

/** The next batch from `position` on that reaches both the time and the offset. */
async function nextBatch(
  segment: Segment,
  from: number,
  timestampMs: number,
  offset: number,
): Promise<FoundBatch | null> {
  let found: FoundBatch | null = null;
  await segment.reader.scan(from, (header, position) => {
    if (header.maxTimestampMs < timestampMs || header.lastOffset < offset) return true;
    const { sizeInBytes: size, partitionLeaderEpoch: leaderEpoch } = header;
    found = { position, size, leaderEpoch };
    return false;
  });
  return found;
}

/** Takes over the reference to the descriptor. */
function spanOf(found: {
  readonly options: ReadOptions;
  readonly segment: Segment;
  readonly start: BatchLocation;
  readonly end: number;
  readonly descriptor: Descriptor;
}): LogRead {
  const { options, segment, start, end, descriptor } = found;
  const { maxBytes, minOneBatch } = options;
  const wanted = minOneBatch ? Math.max(maxBytes, start.size) : maxBytes;
  const available = end - start.position;
  if (available <= 0 || wanted < start.size) {
    descriptor.release();
    return emptyRead(options.offset);
  }
  const size = Math.min(wanted, available);
  return {
    payload: [new LogFileSpan(descriptor, start.position, size)],
    size,
    firstBatchBaseOffset: start.baseOffset,
    segmentBaseOffset: segment.baseOffset,
    startPosition: start.position,
  };
}

function emptyRead(offset: number): LogRead {
  const nowhere = { segmentBaseOffset: offset, startPosition: 0 };
  return { payload: [], size: 0, firstBatchBaseOffset: offset, ...nowhere };
}
