/** Time. Wall-clock time only labels things; what has to run out is measured by the monotonic clock. */

export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start, with fractions; never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** RFC 3339 in UTC and whole seconds, as Kubernetes writes times: `2024-05-01T12:00:00Z`. */
export function rfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Milliseconds since the epoch; null if the text is no time. */
export function timeOfRfc3339(text: string): number | null {
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** With milliseconds, for people who compare; null outside of the years that a date can have. */
export function isoTime(timeMs: number): string | null {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : null;
}
