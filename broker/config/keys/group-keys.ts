/** Consumer groups, offsets, transactions and producer ids. */

import { anything, atLeast, between, oneOf } from '../allowed.ts';
import type { ConfigKey } from '../config-key.ts';
import { bool, clusterWide, int, intMax, keysOf, long, short, string, unused } from './define.ts';

export const groupKeys: readonly ConfigKey[] = keysOf({
  'group.min.session.timeout.ms': int(6000, atLeast(0), 'Shortest session of a member.'),
  'group.max.session.timeout.ms': int(1_800_000, atLeast(0), 'Longest session of a member.'),
  'group.initial.rebalance.delay.ms': int(3000, atLeast(0), 'Wait for members of a new group.'),
  'group.max.size': int(intMax, atLeast(1), 'Members of a group at most.'),
  'group.coordinator.new.enable': unused(bool(false, 'The coordinator of KIP-848.')),
  'group.coordinator.threads': unused(int(1, atLeast(1), 'Threads of the coordinator.')),

  'offset.metadata.max.bytes': int(4096, atLeast(0), 'Bytes of text with an offset.'),
  'offsets.retention.minutes': int(10_080, atLeast(1), 'Time that offsets of empty groups stay.'),
  'offsets.retention.check.interval.ms': long(600_000, atLeast(1), 'Time between such runs.'),
  'offsets.commit.timeout.ms': int(5000, atLeast(1), 'Time to replicate committed offsets.'),
  'offsets.commit.required.acks': unused(short(-1, between(-1, 1), 'Always all replicas.')),
  'offsets.load.buffer.size': int(5_242_880, atLeast(1), 'Bytes read at once when loading.'),
  'offsets.topic.num.partitions': int(50, atLeast(1), 'Partitions of __consumer_offsets.'),
  'offsets.topic.replication.factor': short(3, atLeast(1), 'Replicas of __consumer_offsets.'),
  'offsets.topic.segment.bytes': int(104_857_600, atLeast(1), 'Segments of __consumer_offsets.'),
  'offsets.topic.compression.codec': unused(int(0, between(0, 4), 'Codec for the above.')),

  'transaction.max.timeout.ms': unused(int(900_000, atLeast(1), 'Longest transaction.')),
  'transaction.state.log.num.partitions': int(50, atLeast(1), 'Partitions of the state topic.'),
  'transaction.state.log.replication.factor': short(3, atLeast(1), 'Replicas of the state topic.'),
  'transaction.state.log.min.isr': unused(
    int(2, atLeast(1), 'min.insync.replicas of the state topic.'),
  ),
  'transaction.state.log.segment.bytes': int(104_857_600, atLeast(1), 'Segments of that topic.'),
  'transaction.state.log.load.buffer.size': unused(
    int(5_242_880, atLeast(1), 'Bytes read at once.'),
  ),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': unused(
    int(10_000, atLeast(1), 'Time between looks for transactions that took too long.'),
  ),
  'transaction.remove.expired.transaction.cleanup.interval.ms': unused(
    int(
      3_600_000,
      atLeast(1),
      'Time between looks for transactional ids that are not used any more.',
    ),
  ),
  'transaction.partition.verification.enable': unused(
    clusterWide(bool(true, 'Whether a leader verifies a new transaction (KIP-890).')),
  ),
  'transactional.id.expiration.ms': unused(
    int(604_800_000, atLeast(1), 'Time until such an id is dropped.'),
  ),
  'producer.id.expiration.ms': clusterWide(
    int(86_400_000, atLeast(1), 'Time that the last sequence of a silent producer is kept.'),
  ),
  'producer.id.expiration.check.interval.ms': int(600_000, atLeast(1), 'Time between such looks.'),

  'group.consumer.migration.policy': unused(
    string('disabled', oneOf('disabled', 'downgrade', 'upgrade', 'bidirectional'), 'Of KIP-848.'),
  ),
  'group.consumer.assignors': unused(string(null, anything, 'Of KIP-848.')),
});
