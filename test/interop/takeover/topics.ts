/** The topics that are taken over: every kind of content, most of it in many segments. */

import type { Program } from './place.ts';

export interface Topic {
  readonly name: string;
  readonly partitionCount: number;
  readonly configs: Readonly<Record<string, string>>;
  /** As java/TakeoverClient.java has it; null: not by that. */
  readonly kind: 'mixed' | 'keyed' | 'transactions' | 'open' | 'old' | null;
  /** Of records for each codec, or of transactions, in each round. */
  readonly count: number;
}

const forever = { 'retention.ms': '-1' };
const manySegments = { ...forever, 'segment.bytes': '16384', 'index.interval.bytes': '1024' };

/** Whose last batch a test cuts through. */
export const tornTopic = 'torn';
export const compactedTopic = 'compacted';
/** By an idempotent producer whose requests the test makes itself. */
export const sequenceTopic = 'sequences';
/** What is in front of `shortened` was deleted by DeleteRecords. */
export const shortenedTopic = 'shortened';
export const shortenedTo = 25;

const everywhere: readonly Topic[] = [
  { name: 'mixed', partitionCount: 3, configs: manySegments, kind: 'mixed', count: 200 },
  {
    name: 'stamped',
    partitionCount: 1,
    configs: {
      ...forever,
      'message.timestamp.type': 'LogAppendTime',
      'compression.type': 'gzip',
    },
    kind: 'mixed',
    count: 30,
  },
  { name: sequenceTopic, partitionCount: 1, configs: forever, kind: null, count: 0 },
  { name: shortenedTopic, partitionCount: 1, configs: forever, kind: 'mixed', count: 20 },
  { name: tornTopic, partitionCount: 1, configs: manySegments, kind: 'mixed', count: 40 },
  {
    name: compactedTopic,
    partitionCount: 2,
    configs: {
      'cleanup.policy': 'compact',
      'segment.bytes': '16384',
      'min.cleanable.dirty.ratio': '0.01',
    },
    kind: 'keyed',
    count: 300,
  },
];

/** What only Apache Kafka can make as yet: its folders are to be served as they are. */
const ofApache: readonly Topic[] = [
  {
    name: 'transactions',
    partitionCount: 2,
    configs: { ...forever, 'segment.bytes': '4096', 'index.interval.bytes': '512' },
    kind: 'transactions',
    count: 8,
  },
  { name: 'open', partitionCount: 1, configs: forever, kind: 'open', count: 3 },
];

/** Message formats that brokers since 3.0 no longer write. */
const ofApache2: readonly Topic[] = [
  {
    name: 'format0',
    partitionCount: 1,
    configs: { ...forever, 'segment.bytes': '8192', 'message.format.version': '0.9.0' },
    kind: 'old',
    count: 60,
  },
  {
    name: 'format1',
    partitionCount: 1,
    configs: { ...forever, 'segment.bytes': '8192', 'message.format.version': '0.10.0' },
    kind: 'old',
    count: 60,
  },
];

export function topicsOf(program: Program): readonly Topic[] {
  if (program === 'odradek') return everywhere;
  return program === '2.8.1'
    ? [...everywhere, ...ofApache, ...ofApache2]
    : [...everywhere, ...ofApache];
}

/**
 * What a broker writes to these topics when it goes on with them. Ours has no transactions yet: into
 * those topics it writes plain records. An open transaction stays open: another by the same producer
 * would end it.
 */
export function goingOn(topics: readonly Topic[], program: Program): readonly Topic[] {
  return topics.map((topic) => {
    const isTransactional = topic.kind === 'transactions' && program === 'odradek';
    return topic.kind === 'open' || isTransactional
      ? { ...topic, kind: 'mixed' as const, count: 10 }
      : topic;
  });
}
