/**
 * When retention.ms lets a segment go: that long after its largest timestamp, or where no record has
 * one, after the last write to its file.
 *
 * A timestamp too far in the future is not believed, as it would keep its segment, and with it all
 * behind it, until that time has come: then the file's time counts. Too far is more than
 * message.timestamp.after.max.ms, which would have refused the record; where that is unlimited, more
 * than ten years, which no clock is wrong by and microseconds taken for milliseconds always are.
 */

export const FUTURE_MS_MAX = 10 * 365 * 86_400_000;

export interface SegmentTimes {
  /** -1: no record has a timestamp. */
  readonly largestTimestampMs: number;
  /** Of the file. */
  readonly modifiedMs: number;
}

export interface ExpiryRules {
  readonly retentionMs: number;
  readonly messageTimestampAfterMaxMs: number;
}

export interface SegmentExpiry {
  /** The first moment at which it may go; Infinity: never. */
  readonly atMs: number;
  /** What counts: the largest timestamp, or the file's time, for want of one or instead of it. */
  readonly basis: 'timestamp' | 'file' | 'file, as the timestamp is not believed';
}

export function expiryOf(times: SegmentTimes, rules: ExpiryRules, nowMs: number): SegmentExpiry {
  const { largestTimestampMs, modifiedMs } = times;
  const byFileMs = modifiedMs + rules.retentionMs + 1;
  if (largestTimestampMs < 0) return { atMs: byFileMs, basis: 'file' };
  // Not by the file's time alone: copied folders may say 1970 of records that are of today.
  const believedFromMs = largestTimestampMs - futureMsMax(rules);
  if (nowMs < believedFromMs && byFileMs < believedFromMs) {
    return { atMs: byFileMs, basis: 'file, as the timestamp is not believed' };
  }
  return { atMs: largestTimestampMs + rules.retentionMs + 1, basis: 'timestamp' };
}

function futureMsMax({ messageTimestampAfterMaxMs }: ExpiryRules): number {
  return messageTimestampAfterMaxMs === Infinity ? FUTURE_MS_MAX : messageTimestampAfterMaxMs;
}
