/** Where records are kept, for how long, and how they reach the disk. */

import type { Allowed } from '../allowed.ts';
import { anything, atLeast, between, oneOf, orExactly } from '../allowed.ts';
import type { ConfigKey } from '../config-key.ts';
import {
  bool,
  choice,
  clusterWide,
  double,
  int,
  keysOf,
  list,
  long,
  longMax,
  orElse,
  string,
  unused,
} from './define.ts';
import { kafkaVersion } from './version-key.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** As in Kafka, which takes every negative number for -1. */
const unlimitedOrPositive: Allowed = {
  description: '-1 or at least 1',
  accepts: (text) => Number(text) !== 0,
};

export const compressionTypes = [
  'uncompressed',
  'zstd',
  'lz4',
  'snappy',
  'gzip',
  'producer',
] as const;

export const logKeys: readonly ConfigKey[] = keysOf({
  'log.dir': string('/tmp/kafka-logs', anything, 'Folder of the partitions; log.dirs goes before.'),
  'log.dirs': orElse(string(null, anything, 'Folders of the partitions.'), ['log.dir', 1]),

  'log.segment.bytes': clusterWide(int(1_073_741_824, atLeast(14), 'Size of a segment at most.')),
  'log.roll.ms': clusterWide(
    orElse(long(null, atLeast(1), 'Age at which a segment is closed.'), ['log.roll.hours', hourMs]),
  ),
  'log.roll.hours': int(168, atLeast(1), 'log.roll.ms in hours.'),
  'log.roll.jitter.ms': clusterWide(
    orElse(long(null, atLeast(0), 'Random part of log.roll.ms, so that not all close at once.'), [
      'log.roll.jitter.hours',
      hourMs,
    ]),
  ),
  'log.roll.jitter.hours': int(0, atLeast(0), 'log.roll.jitter.ms in hours.'),

  'log.retention.ms': clusterWide(
    orElse(
      long(null, unlimitedOrPositive, 'Age at which a segment may be deleted; -1: never.'),
      ['log.retention.minutes', minuteMs],
      ['log.retention.hours', hourMs],
    ),
  ),
  'log.retention.minutes': int(null, unlimitedOrPositive, 'log.retention.ms in minutes.'),
  'log.retention.hours': int(168, unlimitedOrPositive, 'log.retention.ms in hours.'),
  'log.retention.bytes': clusterWide(long(-1, anything, 'Bytes kept of a partition; -1: all.')),
  'log.local.retention.ms': unused(
    long(-2, atLeast(-2), 'Age of segments kept beside tiered storage, which is not here.'),
  ),
  'log.local.retention.bytes': unused(
    long(-2, atLeast(-2), 'Bytes kept beside tiered storage, which is not here.'),
  ),
  'log.retention.check.interval.ms': long(300_000, atLeast(1), 'Time between two retention runs.'),
  'log.cleanup.policy': clusterWide(
    list('delete', oneOf('compact', 'delete'), 'What becomes of old segments.'),
  ),
  'log.segment.delete.delay.ms': clusterWide(
    long(60_000, atLeast(0), 'Wait before the files of a deleted segment go.'),
  ),
  'log.initial.task.delay.ms': unused(
    long(30_000, atLeast(0), 'Wait after the start before such work.'),
  ),

  'log.index.interval.bytes': clusterWide(int(4096, atLeast(0), 'Bytes between index entries.')),
  'log.index.size.max.bytes': clusterWide(int(10_485_760, atLeast(4), 'Size of an index at most.')),
  'log.preallocate': clusterWide(bool(false, 'Whether segments are made in full size.')),
  'log.flush.interval.messages': clusterWide(
    long(longMax, atLeast(1), 'Records after which a partition is synced to disk.'),
  ),
  'log.flush.interval.ms': clusterWide(
    orElse(long(null, atLeast(0), 'Time after which a partition is synced to disk.'), [
      'log.flush.scheduler.interval.ms',
      1,
    ]),
  ),
  'log.flush.scheduler.interval.ms': long(longMax, atLeast(1), 'Time between looks at the above.'),
  'log.flush.offset.checkpoint.interval.ms': int(
    60_000,
    atLeast(0),
    'Time between checkpoints of where recovery starts.',
  ),
  'log.flush.start.offset.checkpoint.interval.ms': unused(
    int(60_000, atLeast(0), 'Time between checkpoints of log start offsets.'),
  ),
  'num.recovery.threads.per.data.dir': unused(
    clusterWide(int(1, atLeast(1), 'Threads that recover logs.')),
  ),
  'log.dir.failure.timeout.ms': unused(
    long(30_000, atLeast(1), 'For failed folders in KRaft mode.'),
  ),

  'message.max.bytes': clusterWide(int(1_048_588, atLeast(0), 'Size of a record batch at most.')),
  'compression.type': clusterWide(
    choice('producer', compressionTypes, 'Codec on disk; producer keeps what was sent.'),
  ),
  'compression.gzip.level': clusterWide(int(-1, orExactly(-1, between(1, 9)), 'Level of gzip.')),
  'compression.lz4.level': unused(clusterWide(int(9, between(1, 17), 'Level of lz4.'))),
  'compression.zstd.level': clusterWide(int(3, between(-131_072, 22), 'Level of zstd.')),
  'log.message.timestamp.type': clusterWide(
    choice('CreateTime', ['CreateTime', 'LogAppendTime'], 'Whose time a record carries.'),
  ),
  'log.message.timestamp.difference.max.ms': clusterWide(
    long(longMax, atLeast(0), 'Old name for the two limits below, in both directions.'),
  ),
  'log.message.timestamp.before.max.ms': clusterWide(
    orElse(long(longMax, atLeast(0), 'How far in the past a record may be.'), [
      'log.message.timestamp.difference.max.ms',
      1,
    ]),
  ),
  'log.message.timestamp.after.max.ms': clusterWide(
    orElse(long(longMax, atLeast(0), 'How far in the future a record may be.'), [
      'log.message.timestamp.difference.max.ms',
      1,
    ]),
  ),
  'log.message.format.version': unused(
    string('3.0-IV1', kafkaVersion, 'Record format; always the one since 0.11.'),
  ),
  'log.message.downconversion.enable': unused(
    clusterWide(bool(true, 'Conversion for clients before 0.11, which are not served.')),
  ),

  'log.cleaner.enable': bool(true, 'Whether compaction runs.'),
  'log.cleaner.threads': clusterWide(
    int(1, atLeast(0), 'Compactions run one at a time, in a thread of their own; 0: none.'),
  ),
  'log.cleaner.backoff.ms': clusterWide(long(15_000, atLeast(0), 'Wait when all is clean.')),
  'log.cleaner.dedupe.buffer.size': clusterWide(
    long(134_217_728, atLeast(1), 'Memory for the keys of a compaction.'),
  ),
  'log.cleaner.io.buffer.size': clusterWide(
    int(524_288, atLeast(0), 'Memory for reading and for writing.'),
  ),
  'log.cleaner.io.buffer.load.factor': clusterWide(
    double(0.9, between(0, 1), 'How full the table of keys may get.'),
  ),
  'log.cleaner.io.max.bytes.per.second': clusterWide(
    double('1.7976931348623157E308', atLeast(0), 'Bytes read and written in a second.'),
  ),
  'log.cleaner.min.cleanable.ratio': clusterWide(
    double(0.5, between(0, 1), 'Share of a log that is not compacted yet, to start.'),
  ),
  'log.cleaner.min.compaction.lag.ms': clusterWide(
    long(0, atLeast(0), 'Age that a record reaches before it is compacted.'),
  ),
  'log.cleaner.max.compaction.lag.ms': clusterWide(
    long(longMax, atLeast(1), 'Age at which a record is compacted whatever the share.'),
  ),
  'log.cleaner.delete.retention.ms': clusterWide(
    long(86_400_000, atLeast(0), 'Time that tombstones stay.'),
  ),
});
