/**
 * Why a segment is still there, by the same rules by which retention drops segments. Asked from the
 * first segment of a log on, without a gap: each one can only go after those before it.
 */

import type { LogConfig } from '../log-config.ts';
import { deletesOldSegments } from './drop-old-segments.ts';
import type { RetentionMoment } from './drop-old-segments.ts';
import type { SegmentTimes } from './segment-expiry.ts';
import { expiryOf } from './segment-expiry.ts';

export type RetentionRule = 'log start offset' | 'retention.bytes' | 'retention.ms';

export interface SegmentVerdict {
  /** It goes with the first retention run at that time or later; null: nothing known lets it go. */
  readonly goesAtMs: number | null;
  readonly rule: RetentionRule | null;
  /** Base offset of an earlier segment that must go first, and goes later than this one would. */
  readonly heldBy: number | null;
  /** What the log lacks to let it go by retention.bytes; null where that is unlimited. */
  readonly bytesMissing: number | null;
  /** A sentence for people. */
  readonly why: string;
}

export interface JudgedLog extends RetentionMoment {
  readonly config: LogConfig;
  readonly logStartOffset: number;
  /** Of all segments. */
  readonly sizeInBytes: number;
}

export interface JudgedSegment extends SegmentTimes {
  readonly baseOffset: number;
  /** Exclusive: where the next one begins, or the end of the log. */
  readonly endOffset: number;
  readonly sizeInBytes: number;
  readonly isActive: boolean;
}

interface Own {
  readonly goesAtMs: number | null;
  readonly rule: RetentionRule | null;
  readonly why: string;
}

const never = (why: string): Own => ({ goesAtMs: null, rule: null, why });

export class RetentionJudge {
  readonly #log: JudgedLog;
  /** Bytes of the segments behind the one that is asked for. */
  #sizeBehind: number;
  /** The segment that goes last of those before. */
  #holder: { readonly goesAtMs: number; readonly baseOffset: number } | null = null;

  constructor(log: JudgedLog) {
    this.#log = log;
    this.#sizeBehind = log.sizeInBytes;
  }

  /** The next segment of the log. */
  judge(segment: JudgedSegment): SegmentVerdict {
    this.#sizeBehind -= segment.sizeInBytes;
    const { goesAtMs, rule, why } = this.#own(segment);
    const bytesMissing = this.#bytesMissing();
    const atMs = goesAtMs ?? Infinity;
    const holder = this.#holder;
    if (holder !== null && holder.goesAtMs > Math.max(atMs, this.#log.nowMs)) {
      const heldWhy = `${why}, but segment ${String(holder.baseOffset)} must go first`;
      const heldMs = finite(holder.goesAtMs);
      return { goesAtMs: heldMs, rule, heldBy: holder.baseOffset, bytesMissing, why: heldWhy };
    }
    if (holder === null || atMs > holder.goesAtMs) {
      this.#holder = { goesAtMs: atMs, baseOffset: segment.baseOffset };
    }
    return { goesAtMs, rule, heldBy: null, bytesMissing, why };
  }

  #own(segment: JudgedSegment): Own {
    const { config, nowMs, highWatermark, logStartOffset } = this.#log;
    const { endOffset, sizeInBytes, isActive } = segment;
    if (isActive && sizeInBytes === 0) return never('it is active and empty');
    if (endOffset > highWatermark) {
      return never(`the high watermark, ${String(highWatermark)}, has not passed it`);
    }
    if (endOffset <= logStartOffset) {
      const why = `all of it lies before the log start offset, ${String(logStartOffset)}`;
      return { goesAtMs: nowMs, rule: 'log start offset', why };
    }
    if (!deletesOldSegments(config)) return never(policyOf(config));
    if (this.#bytesMissing() === 0) {
      const why = `what is behind it is as large as retention.bytes, ${String(config.retentionBytes)}`;
      return { goesAtMs: nowMs, rule: 'retention.bytes', why };
    }
    if (config.retentionMs === Infinity) return never(this.#withoutTime());
    return this.#byTime(segment);
  }

  #byTime(segment: JudgedSegment): Own {
    const { config, nowMs } = this.#log;
    const { atMs, basis } = expiryOf(segment, config, nowMs);
    const parts = [`retention.ms, ${String(config.retentionMs)}, after ${spoken[basis]}`];
    if (basis === 'timestamp' && segment.largestTimestampMs > nowMs) {
      parts.push('which lies in the future');
    }
    if (segment.isActive) parts.push('unless more is appended to it: it is active');
    return { goesAtMs: atMs, rule: 'retention.ms', why: parts.join(', ') };
  }

  #withoutTime(): string {
    const { retentionBytes } = this.#log.config;
    return retentionBytes === Infinity
      ? 'retention.ms and retention.bytes are unlimited'
      : `retention.ms is unlimited and retention.bytes, ${String(retentionBytes)}, is not reached`;
  }

  #bytesMissing(): number | null {
    const { config } = this.#log;
    if (!deletesOldSegments(config) || config.retentionBytes === Infinity) return null;
    return Math.max(0, config.retentionBytes - this.#sizeBehind);
  }
}

const spoken = {
  timestamp: 'its largest timestamp',
  file: 'the last write to its file, as no record has a timestamp',
  'file, as the timestamp is not believed':
    'the last write to its file, as its largest timestamp is too far in the future to be believed',
} as const;

function policyOf({ deletes, compacts }: LogConfig): string {
  const policies = [...(compacts ? ['compact'] : []), ...(deletes ? ['delete'] : [])];
  return `cleanup.policy is "${policies.join(',')}": nothing is deleted by age or size`;
}

function finite(valueMs: number): number | null {
  return valueMs === Infinity ? null : valueMs;
}
