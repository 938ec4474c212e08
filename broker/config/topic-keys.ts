/** The table of a topic's configuration keys: those of Kafka 3.9, and the broker keys behind them. */

import assert from 'node:assert/strict';
import { anything, atLeast, between, matching, oneOf, orExactly } from './allowed.ts';
import type { TopicKey } from './config-key.ts';
import { compressionTypes } from './keys/log-keys.ts';
import type { Definition } from './keys/define.ts';
import { bool, choice, double, int, list, long, longMax, string, unused } from './keys/define.ts';
import { kafkaVersion } from './keys/version-key.ts';

const throttled = matching('* or [partition]:[broker] pairs separated by commas', /^(\*|\d+:\d+)$/);
const onlyFalse = oneOf('false');

const definitions: Readonly<Record<string, readonly [Definition, brokerKey: string | null]>> = {
  'cleanup.policy': [
    list('delete', oneOf('compact', 'delete'), 'What becomes of old segments.'),
    'log.cleanup.policy',
  ],
  'compression.gzip.level': [
    int(-1, orExactly(-1, between(1, 9)), 'Level of gzip.'),
    'compression.gzip.level',
  ],
  'compression.lz4.level': [
    unused(int(9, between(1, 17), 'Level of lz4.')),
    'compression.lz4.level',
  ],
  'compression.type': [
    choice('producer', compressionTypes, 'Codec on disk; producer keeps what was sent.'),
    'compression.type',
  ],
  'compression.zstd.level': [
    int(3, between(-131_072, 22), 'Level of zstd.'),
    'compression.zstd.level',
  ],
  'delete.retention.ms': [
    long(86_400_000, atLeast(0), 'Time that tombstones stay.'),
    'log.cleaner.delete.retention.ms',
  ],
  'file.delete.delay.ms': [
    long(60_000, atLeast(0), 'Wait before the files of a deleted segment go.'),
    'log.segment.delete.delay.ms',
  ],
  'flush.messages': [
    long(longMax, atLeast(1), 'Records after which the log is synced to disk.'),
    'log.flush.interval.messages',
  ],
  'flush.ms': [
    long(longMax, atLeast(0), 'Time after which the log is synced to disk.'),
    'log.flush.interval.ms',
  ],
  'follower.replication.throttled.replicas': [
    list('', throttled, 'Replicas whose fetching is throttled.'),
    null,
  ],
  'index.interval.bytes': [
    int(4096, atLeast(0), 'Bytes between two index entries.'),
    'log.index.interval.bytes',
  ],
  'leader.replication.throttled.replicas': [
    list('', throttled, 'Replicas whose followers are throttled.'),
    null,
  ],
  'local.retention.bytes': [
    unused(long(-2, atLeast(-2), 'Bytes kept beside tiered storage, which is not here.')),
    'log.local.retention.bytes',
  ],
  'local.retention.ms': [
    unused(long(-2, atLeast(-2), 'Age of segments kept beside tiered storage, which is not here.')),
    'log.local.retention.ms',
  ],
  'max.compaction.lag.ms': [
    long(longMax, atLeast(1), 'Age at which a record is compacted whatever the share.'),
    'log.cleaner.max.compaction.lag.ms',
  ],
  'max.message.bytes': [
    int(1_048_588, atLeast(0), 'Size of a record batch at most.'),
    'message.max.bytes',
  ],
  'message.downconversion.enable': [
    unused(bool(true, 'Conversion for clients before 0.11, which are not served.')),
    'log.message.downconversion.enable',
  ],
  'message.format.version': [
    unused(string('3.0-IV1', kafkaVersion, 'Record format; always the one since 0.11.')),
    'log.message.format.version',
  ],
  'message.timestamp.after.max.ms': [
    long(longMax, atLeast(0), 'How far in the future a record may be.'),
    'log.message.timestamp.after.max.ms',
  ],
  'message.timestamp.before.max.ms': [
    long(longMax, atLeast(0), 'How far in the past a record may be.'),
    'log.message.timestamp.before.max.ms',
  ],
  'message.timestamp.difference.max.ms': [
    long(longMax, atLeast(0), 'Old name for the two limits above, in both directions.'),
    'log.message.timestamp.difference.max.ms',
  ],
  'message.timestamp.type': [
    choice('CreateTime', ['CreateTime', 'LogAppendTime'], 'Whose time a record carries.'),
    'log.message.timestamp.type',
  ],
  'min.cleanable.dirty.ratio': [
    double(0.5, between(0, 1), 'Share of the log that is not compacted yet, to start.'),
    'log.cleaner.min.cleanable.ratio',
  ],
  'min.compaction.lag.ms': [
    long(0, atLeast(0), 'Age that a record reaches before it is compacted.'),
    'log.cleaner.min.compaction.lag.ms',
  ],
  'min.insync.replicas': [
    int(1, atLeast(1), 'Replicas in sync that a write with acks=all needs.'),
    'min.insync.replicas',
  ],
  preallocate: [bool(false, 'Whether segments are made in full size.'), 'log.preallocate'],
  'remote.log.copy.disable': [unused(bool(false, 'Of tiered storage, which is not here.')), null],
  'remote.log.delete.on.disable': [
    unused(bool(false, 'Of tiered storage, which is not here.')),
    null,
  ],
  'remote.storage.enable': [
    { ...bool(false, 'Tiered storage, which is not here.'), allowed: onlyFalse },
    null,
  ],
  'retention.bytes': [
    long(-1, anything, 'Bytes kept of a partition; -1: all.'),
    'log.retention.bytes',
  ],
  'retention.ms': [
    long(604_800_000, atLeast(-1), 'Age at which a segment may be deleted; -1: never.'),
    'log.retention.ms',
  ],
  'segment.bytes': [
    int(1_073_741_824, atLeast(14), 'Size of a segment at most.'),
    'log.segment.bytes',
  ],
  'segment.index.bytes': [
    int(10_485_760, atLeast(4), 'Size of an index at most.'),
    'log.index.size.max.bytes',
  ],
  'segment.jitter.ms': [
    long(0, atLeast(0), 'Random part of segment.ms, so that not all close at once.'),
    'log.roll.jitter.ms',
  ],
  'segment.ms': [long(604_800_000, atLeast(1), 'Age at which a segment is closed.'), 'log.roll.ms'],
  'unclean.leader.election.enable': [
    bool(false, 'Whether a replica that was not in sync may lead when no other is left.'),
    'unclean.leader.election.enable',
  ],
};

/** By name, in alphabetical order. */
export const topicKeys: ReadonlyMap<string, TopicKey> = new Map(
  Object.entries(definitions).map(([name, [definition, brokerKey]]) => [
    name,
    { name, ...definition, scope: 'cluster-wide', brokerKey },
  ]),
);

/** A key that the code itself names: it is in the table. */
export function topicKey(name: string): TopicKey {
  const key = topicKeys.get(name);
  assert(key !== undefined, `no configuration key ${name} of topics`);
  return key;
}
