import { describe, expect, it } from '@jest/globals';
import { expiryOf, FUTURE_MS_MAX } from '../../../../broker/log/retention/segment-expiry.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOT_BELIEVED = 'file, as the timestamp is not believed';

interface Case {
  readonly what: string;
  readonly largestMs: number;
  readonly modifiedMs?: number;
  readonly afterMaxMs?: number;
  readonly retentionMs?: number;
  readonly goesAtMs: number;
  readonly basis: string;
}

const cases: readonly Case[] = [
  {
    what: 'counts from the largest timestamp, whatever the time of the file',
    largestMs: NOW - DAY,
    modifiedMs: NOW - 9 * DAY,
    goesAtMs: NOW - DAY + HOUR + 1,
    basis: 'timestamp',
  },
  {
    what: 'counts from the file where no record has a timestamp',
    largestMs: -1,
    modifiedMs: NOW - DAY,
    goesAtMs: NOW - DAY + HOUR + 1,
    basis: 'file',
  },
  {
    what: 'knows the beginning of time as a timestamp',
    largestMs: 0,
    goesAtMs: HOUR + 1,
    basis: 'timestamp',
  },
  {
    what: 'never ends where retention.ms is unlimited',
    largestMs: NOW + 50 * FUTURE_MS_MAX,
    retentionMs: Infinity,
    goesAtMs: Infinity,
    basis: 'timestamp',
  },
  {
    what: 'believes a year of the future where nobody set a limit, as Kafka does',
    largestMs: NOW + 365 * DAY,
    goesAtMs: NOW + 365 * DAY + HOUR + 1,
    basis: 'timestamp',
  },
  {
    what: 'believes exactly ten years where nobody set a limit',
    largestMs: NOW + FUTURE_MS_MAX,
    goesAtMs: NOW + FUTURE_MS_MAX + HOUR + 1,
    basis: 'timestamp',
  },
  {
    what: 'does not believe more than ten years, such as microseconds',
    largestMs: NOW * 1000,
    modifiedMs: NOW - DAY,
    goesAtMs: NOW - DAY + HOUR + 1,
    basis: NOT_BELIEVED,
  },
  {
    what: 'believes what message.timestamp.after.max.ms allows',
    largestMs: NOW + 2 * HOUR,
    afterMaxMs: 2 * HOUR,
    goesAtMs: NOW + 3 * HOUR + 1,
    basis: 'timestamp',
  },
  {
    what: 'does not believe what message.timestamp.after.max.ms would have refused',
    largestMs: NOW + 4 * HOUR,
    afterMaxMs: 2 * HOUR,
    goesAtMs: NOW + HOUR + 1,
    basis: NOT_BELIEVED,
  },
  {
    what: 'counts as in Kafka if the timestamp has come by the time that the file is old enough',
    largestMs: NOW + 4 * HOUR,
    afterMaxMs: 2 * HOUR,
    retentionMs: DAY,
    goesAtMs: NOW + 4 * HOUR + DAY + 1,
    basis: 'timestamp',
  },
  {
    what: 'keeps the records of today in a file that says 1970, which a copy may do',
    largestMs: NOW + 1000,
    modifiedMs: 0,
    afterMaxMs: HOUR,
    goesAtMs: NOW + 1000 + HOUR + 1,
    basis: 'timestamp',
  },
];

describe('the time of a segment', () => {
  it.each(cases)('$what', ({ largestMs, modifiedMs = NOW, goesAtMs, basis, ...rules }) => {
    const { retentionMs = HOUR, afterMaxMs: messageTimestampAfterMaxMs = Infinity } = rules;
    const times = { largestTimestampMs: largestMs, modifiedMs };
    const expiry = expiryOf(times, { retentionMs, messageTimestampAfterMaxMs }, NOW);
    expect(expiry).toEqual({ atMs: goesAtMs, basis });
  });
});
