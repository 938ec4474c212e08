/**
 * Retention of one log: ends an active segment that has got old, drops what has had its time, and says
 * of every segment why it is still there. Owner: the log, which runs it in its queue of maintenance.
 *
 * A segment whose largest timestamp lies in the future keeps all behind it until then. It is named in
 * the broker's log once, whether its timestamp is believed or not, and counted while it is in the way.
 */

import type { LogState } from '../log-state.ts';
import type { SegmentRoller } from '../segment-roller.ts';
import type { Segment } from '../segment/segment.ts';
import type { RetentionMoment } from './drop-old-segments.ts';
import { deletesOldSegments, dropOldSegments, segmentExpiry } from './drop-old-segments.ts';
import type { LogRetentionReport, ReportPage } from './retention-report.ts';
import { reportRetention } from './retention-report.ts';

export class LogRetention {
  readonly #state: LogState;
  readonly #roller: SegmentRoller;
  readonly #named = new WeakSet<Segment>();
  #blockedSegmentCount = 0;

  constructor(state: LogState, roller: SegmentRoller) {
    this.#state = state;
    this.#roller = roller;
  }

  /** Segments whose files are older than retention.ms, and stay for a timestamp in the future. */
  get blockedSegmentCount(): number {
    return this.#blockedSegmentCount;
  }

  /** Returns how many segments it dropped. */
  async run(moment: RetentionMoment): Promise<number> {
    await this.#endOldActive(moment.nowMs);
    await this.#noteFuture(moment.nowMs);
    const count = await dropOldSegments(this.#state, this.#roller, moment);
    if (count > 0) await this.#noteFuture(moment.nowMs);
    return count;
  }

  /** Safe beside everything: what goes or comes meanwhile may be missing. */
  report(moment: RetentionMoment, page: ReportPage): Promise<LogRetentionReport> {
    return reportRetention({ state: this.#state, idleEndMs: this.#roller.idleEndMs }, moment, page);
  }

  /** Where no file can be made, those that have had their time can still go. */
  async #endOldActive(nowMs: number): Promise<void> {
    const { folder, isBroken, environment } = this.#state;
    const { idleEndMs } = this.#roller;
    if (idleEndMs === null || nowMs <= idleEndMs || isBroken) return;
    try {
      await this.#roller.rollIdle();
    } catch (error) {
      environment.logger.warn({ folder, err: error }, 'files of a new segment cannot be made');
    }
  }

  /** Only the first segment counts: it is in the way of all others. */
  async #noteFuture(nowMs: number): Promise<void> {
    const { config, segments, folder, environment } = this.#state;
    this.#blockedSegmentCount = 0;
    if (!deletesOldSegments(config) || config.retentionMs === Infinity) return;
    const { first } = segments;
    const { timestampMs: largestTimestampMs } = await first.reader.largestTimestamp();
    if (largestTimestampMs <= nowMs) return;
    const { atMs, basis } = await segmentExpiry(first, config, nowMs);
    if (basis === 'timestamp') {
      const isOld = ({ modifiedMs }: Segment): boolean => nowMs - modifiedMs > config.retentionMs;
      this.#blockedSegmentCount = segments.all.filter(isOld).length;
    }
    if (this.#named.has(first)) return;
    this.#named.add(first);
    environment.logger.warn(
      { folder, baseOffset: first.baseOffset, largestTimestampMs, goesAtMs: atMs, basis },
      'a segment has a timestamp in the future: see /retention and message.timestamp.after.max.ms',
    );
  }
}
