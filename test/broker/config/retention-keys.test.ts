/** Retention and rolling: which of several keys counts, in which unit, and what it may say. */

import { describe, expect, it } from '@jest/globals';
import { buildBrokerConfig, configurationNotes } from '../../../broker/config/broker-config.ts';
import { buildTopicConfig } from '../../../broker/config/topic-config.ts';

type Values = Readonly<Record<string, string>>;

interface Case {
  readonly what: string;
  readonly own?: Values;
  readonly broker?: Values;
  readonly all?: Values;
  readonly file?: Values;
  readonly expected: object;
}

const map = (values: Values = {}): ReadonlyMap<string, string> => new Map(Object.entries(values));

const cases: readonly Case[] = [
  { what: 'a week, where nobody says anything', expected: { retentionMs: 604_800_000 } },
  {
    what: 'hours',
    file: { 'log.retention.hours': '2' },
    expected: { retentionMs: 7_200_000 },
  },
  {
    what: 'minutes before hours',
    file: { 'log.retention.hours': '2', 'log.retention.minutes': '3' },
    expected: { retentionMs: 180_000 },
  },
  {
    what: 'milliseconds before minutes and hours',
    file: { 'log.retention.hours': '2', 'log.retention.minutes': '3', 'log.retention.ms': '4' },
    expected: { retentionMs: 4 },
  },
  {
    what: 'all brokers before the file, whatever the unit',
    all: { 'log.retention.ms': '5' },
    file: { 'log.retention.ms': '4', 'log.retention.hours': '2' },
    expected: { retentionMs: 5 },
  },
  {
    what: 'this broker before all brokers',
    broker: { 'log.retention.ms': '6' },
    all: { 'log.retention.ms': '5' },
    expected: { retentionMs: 6 },
  },
  {
    what: 'the topic before every broker',
    own: { 'retention.ms': '7' },
    broker: { 'log.retention.ms': '6' },
    expected: { retentionMs: 7 },
  },
  {
    what: 'no limit, by the topic against a limit of the broker',
    own: { 'retention.ms': '-1' },
    broker: { 'log.retention.ms': '6' },
    expected: { retentionMs: Infinity },
  },
  {
    what: 'a limit by the topic against none of the broker',
    own: { 'retention.ms': '7' },
    file: { 'log.retention.hours': '-1' },
    expected: { retentionMs: 7 },
  },
  ...['ms', 'minutes', 'hours'].flatMap((unit) =>
    ['-1', '-7'].map((value) => ({
      what: `no limit, in ${unit} as ${value}`,
      file: { [`log.retention.${unit}`]: value },
      expected: { retentionMs: Infinity },
    })),
  ),
  {
    what: 'everything at once, by the topic',
    own: { 'retention.ms': '0' },
    expected: { retentionMs: 0 },
  },
  {
    what: 'many hours',
    file: { 'log.retention.hours': '2147483647' },
    expected: { retentionMs: 2_147_483_647 * 3_600_000 },
  },
  {
    what: 'bytes of the broker, and none by default',
    file: { 'log.retention.bytes': '1000' },
    expected: { retentionBytes: 1000 },
  },
  {
    what: 'bytes without limit',
    own: { 'retention.bytes': '-1' },
    expected: { retentionBytes: Infinity },
  },
  {
    what: 'bytes below -1',
    own: { 'retention.bytes': '-9' },
    expected: { retentionBytes: Infinity },
  },
  {
    what: 'segments by the hours of the broker',
    file: { 'log.roll.hours': '2', 'log.roll.jitter.hours': '1', 'log.segment.bytes': '100' },
    expected: { segmentMs: 7_200_000, segmentJitterMs: 3_600_000, segmentBytes: 100 },
  },
  {
    what: 'segments by the milliseconds of the broker before its hours',
    file: {
      'log.roll.hours': '2',
      'log.roll.ms': '8',
      'log.roll.jitter.hours': '1',
      'log.roll.jitter.ms': '9',
    },
    expected: { segmentMs: 8, segmentJitterMs: 9 },
  },
  {
    what: 'segments by the topic before all',
    own: { 'segment.ms': '1', 'segment.jitter.ms': '2', 'segment.bytes': '14' },
    file: { 'log.roll.ms': '8', 'log.roll.jitter.ms': '9', 'log.segment.bytes': '100' },
    expected: { segmentMs: 1, segmentJitterMs: 2, segmentBytes: 14 },
  },
  {
    what: 'segments that never end by age',
    own: { 'segment.ms': '9223372036854775807' },
    expected: { segmentMs: Infinity },
  },
  {
    what: 'files that stay for a while',
    file: { 'log.segment.delete.delay.ms': '5' },
    expected: { fileDeleteDelayMs: 5 },
  },
  {
    what: 'files that stay for a while by the topic',
    own: { 'file.delete.delay.ms': '0' },
    file: { 'log.segment.delete.delay.ms': '5' },
    expected: { fileDeleteDelayMs: 0 },
  },
  {
    what: 'no tiered storage to keep anything beside',
    own: { 'local.retention.ms': '1', 'local.retention.bytes': '1' },
    file: { 'log.local.retention.ms': '1' },
    expected: { retentionMs: 604_800_000, retentionBytes: Infinity },
  },
];

describe('the configuration of a topic means', () => {
  it.each(cases)('$what', ({ own, broker, all, file, expected }) => {
    const layers = { dynamicBroker: map(broker), dynamicDefault: map(all), static: map(file) };
    expect(buildTopicConfig(map(own), layers)).toMatchObject(expected);
  });
});

describe('the configuration of a broker', () => {
  const zookeeper = { 'zookeeper.connect': 'local:' };

  it.each([
    ['log.retention.ms', '0'],
    ['log.retention.minutes', '0'],
    ['log.retention.hours', '0'],
    ['log.roll.ms', '0'],
    ['log.roll.hours', '0'],
    ['log.roll.jitter.ms', '-1'],
    ['log.segment.bytes', '13'],
    ['log.segment.delete.delay.ms', '-1'],
    ['log.local.retention.ms', '-3'],
  ])('refuses %s=%s', (key, value) => {
    expect(() => buildBrokerConfig(map({ ...zookeeper, [key]: value }))).toThrow(key);
  });

  it('says that the keys of tiered storage have no effect', () => {
    const properties = map({ 'log.local.retention.ms': '5', 'log.local.retention.bytes': '5' });
    expect(configurationNotes(properties)).toEqual({
      warnings: [],
      withoutEffect: ['log.local.retention.ms', 'log.local.retention.bytes'],
    });
  });
});
