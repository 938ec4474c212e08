/**
 * Durations as people write them in a resource: `90s`, `10m`, `12h`, `7d`, also `250ms`. `-1` and
 * `unlimited` lift a limit. Parsed values are whole milliseconds; no limit is Infinity.
 */

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export const durationPattern = '^([0-9]{1,12}(ms|s|m|h|d)|unlimited|-1)$';

export const durationAllowed =
  'a number with ms, s, m, h or d, such as 90s, 10m, 12h or 7d, or unlimited (-1)';

/** Milliseconds, Infinity for unlimited, null if `value` is no duration. */
export function parseDuration(value: string | number): number | null {
  const text = String(value).trim();
  if (isUnlimited(text)) return Infinity;
  const match = /^([0-9]{1,12})(ms|s|m|h|d)$/.exec(text);
  const [, amount, unit] = match ?? [];
  const unitMs = unitsMs[unit ?? ''];
  if (amount === undefined || unitMs === undefined) return null;
  const ms = Number(amount) * unitMs;
  return Number.isSafeInteger(ms) ? ms : null;
}

/** Both spellings of "no limit", of durations and of sizes. */
export function isUnlimited(text: string): boolean {
  return text === '-1' || text === 'unlimited';
}
