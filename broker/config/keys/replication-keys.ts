/** Topics, replication, the controller, and leaving the cluster. */

import { anything, atLeast, between, oneOf, orExactly } from '../allowed.ts';
import type { ConfigKey } from '../config-key.ts';
import { bool, clusterWide, int, keysOf, long, longMax, string, unused } from './define.ts';

const REPLICA_SELECTORS = [
  'org.apache.kafka.common.replica.LeaderSelector',
  'org.apache.kafka.common.replica.RackAwareReplicaSelector',
];

export const replicationKeys: readonly ConfigKey[] = keysOf({
  'auto.create.topics.enable': bool(true, 'Whether asking for a topic makes it.'),
  'num.partitions': int(1, atLeast(1), 'Partitions of a topic that is made without a count.'),
  'default.replication.factor': int(1, atLeast(1), 'Replicas of such a topic.'),
  'delete.topic.enable': bool(true, 'Whether topics may be deleted.'),
  'min.insync.replicas': clusterWide(
    int(1, atLeast(1), 'Replicas in sync that a write with acks=all needs.'),
  ),
  'unclean.leader.election.enable': clusterWide(
    bool(false, 'Whether a replica that was not in sync may lead when no other is left.'),
  ),
  'unclean.leader.election.interval.ms': unused(long(300_000, atLeast(1), 'Of KRaft mode.')),
  'auto.leader.rebalance.enable': bool(true, 'Whether leadership returns to preferred replicas.'),
  'leader.imbalance.check.interval.seconds': long(300, atLeast(1), 'Time between such looks.'),
  'leader.imbalance.per.broker.percentage': int(
    10,
    atLeast(0),
    'Share of partitions led by another than the preferred replica that is let be.',
  ),

  'num.replica.fetchers': clusterWide(int(1, atLeast(1), 'Fetchers for each leading broker.')),
  'replica.fetch.min.bytes': int(1, atLeast(0), 'Bytes that a leader waits for.'),
  'replica.fetch.max.bytes': int(1_048_576, atLeast(0), 'Bytes fetched of one partition.'),
  'replica.fetch.response.max.bytes': int(10_485_760, atLeast(0), 'Bytes of one such answer.'),
  'replica.fetch.wait.max.ms': int(500, atLeast(0), 'Time that a leader waits for them.'),
  'replica.fetch.backoff.ms': int(1000, atLeast(0), 'Wait after a failed fetch.'),
  'replica.lag.time.max.ms': long(30_000, atLeast(1), 'Time behind after which a replica is out.'),
  'replica.socket.timeout.ms': int(30_000, atLeast(1), 'Time that such a fetch may take.'),
  'replica.socket.receive.buffer.bytes': unused(
    int(65_536, orExactly(-1, atLeast(1)), 'SO_RCVBUF of fetchers.'),
  ),
  'replica.high.watermark.checkpoint.interval.ms': long(
    5000,
    atLeast(1),
    'Time between checkpoints of high watermarks.',
  ),
  'replica.selector.class': string(
    null,
    oneOf(...REPLICA_SELECTORS),
    'Which replica a consumer reads from: the leader, or one in its own rack.',
  ),
  'fetch.purgatory.purge.interval.requests': unused(int(1000, atLeast(0), 'Of the purgatory.')),
  'producer.purgatory.purge.interval.requests': unused(int(1000, atLeast(0), 'Of the purgatory.')),
  'delete.records.purgatory.purge.interval.requests': unused(
    int(1, atLeast(0), 'Of the purgatory.'),
  ),

  'controller.socket.timeout.ms': int(30_000, atLeast(1), 'Time of the controller for a request.'),
  'controlled.shutdown.enable': bool(true, 'Whether leadership moves before a broker stops.'),
  'controlled.shutdown.max.retries': int(3, atLeast(0), 'Tries to move it.'),
  'controlled.shutdown.retry.backoff.ms': long(5000, atLeast(0), 'Wait between them.'),
  'control.plane.listener.name': unused(
    string(null, anything, 'Listener of the controller alone.'),
  ),

  'quota.window.num': unused(int(11, atLeast(1), 'Windows of client quotas.')),
  'quota.window.size.seconds': unused(int(1, between(1, 3600), 'Length of such a window.')),
  'replication.quota.window.num': int(11, atLeast(1), 'Windows of replication quotas.'),
  'replication.quota.window.size.seconds': int(1, atLeast(1), 'Length of such a window.'),
  'leader.replication.throttled.rate': clusterWide(
    long(longMax, atLeast(0), 'Bytes per second that throttled followers get from this broker.'),
  ),
  'follower.replication.throttled.rate': clusterWide(
    long(longMax, atLeast(0), 'Bytes per second that throttled replicas here fetch.'),
  ),
  'replica.alter.log.dirs.io.max.bytes.per.second': unused(
    clusterWide(long(longMax, atLeast(0), 'Of moves between log.dirs, which are not made.')),
  ),
});
