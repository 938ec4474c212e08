import { describe, expect, it } from '@jest/globals';
import type { AppendBatches, PartitionLog } from '../../../broker/log/partition-log.ts';
import { readBatchHeader } from '../../../broker/records/batch-header.ts';
import { buildBatch } from '../../../broker/records/builder.ts';
import { Partition } from '../../../broker/replication/partition.ts';
import { OffsetsTopicPartitions } from '../../../broker/server/offsets-topic-log.ts';
import { leaderPorts } from '../../support/leader-ports.ts';
import { settled } from '../../support/manual-time.ts';
import { LogFixture } from '../log/log-fixture.ts';
import { marker } from '../log/transactions/transaction-fixture.ts';

const state = { leader: 1, leaderEpoch: 0, isr: [1], replicas: [1], partitionEpoch: 0 };

function keyed(value: string, producerId = -1, baseSequence = -1): AppendBatches {
  const records = [{ timestampMs: 1, key: Buffer.from(value), value: Buffer.from(value) }];
  const isTransactional = producerId >= 0;
  const epoch = isTransactional ? 0 : -1;
  const buffer = buildBatch({
    records,
    isTransactional,
    producer: { id: producerId, epoch, baseSequence },
  });
  return { buffer, headers: [readBatchHeader(buffer, 0)] };
}

function partitionOf(log: PartitionLog): Partition {
  const place = { topic: 'topic', index: 0, brokerId: 1 };
  return new Partition({ ...place, log, highWatermark: 0, leaderPorts: leaderPorts() });
}

async function keysOf(log: PartitionLog, loadBufferSize: number): Promise<readonly string[]> {
  const partition = partitionOf(log);
  partition.becomeLeader(state);
  return keysIn(partition, { loadBufferSize });
}

async function keysIn(
  partition: Partition,
  { loadBufferSize = 1000, signal = new AbortController().signal } = {},
): Promise<readonly string[]> {
  const offsets = new OffsetsTopicPartitions({
    replicas: { get: () => partition },
    minInSyncReplicas: () => 1,
    loadBufferSize,
  });
  const keys: string[] = [];
  for await (const records of offsets.read(0, partition.tenure, signal)) {
    keys.push(...records.map(({ key }) => String(key)));
  }
  return keys;
}

describe('the offsets topic as the group coordinator reads it', () => {
  it('has no records of aborted or open transactions, and no markers', async () => {
    const log = await new LogFixture().open({ segmentBytes: 300 });
    const batches = [
      keyed('plain'),
      keyed('aborted', 1, 0),
      keyed('committed', 2, 0),
      keyed('between'),
      marker({ id: 1 }, 'abort'),
      keyed('again', 1, 1),
      marker({ id: 2 }, 'commit'),
      marker({ id: 1 }, 'commit'),
      keyed('open', 3, 0),
      keyed('last'),
    ];
    for (const batch of batches) await log.append(batch, { leaderEpoch: 0 }).written;
    for (const loadBufferSize of [1, 250, 1 << 20]) {
      expect(await keysOf(log, loadBufferSize)).toEqual([
        'plain',
        'committed',
        'between',
        'again',
        'last',
      ]);
    }
  });

  it('is read when all that its leader found is committed, and given up when it leads no more', async () => {
    const log = await new LogFixture().open({ segmentBytes: 300 });
    await log.append(keyed('found'), { leaderEpoch: 0 }).written;
    const partition = partitionOf(log);
    partition.becomeLeader({ ...state, leaderEpoch: 1, isr: [1, 2], replicas: [1, 2] });
    let isRead = false;
    const abort = new AbortController();
    const given = keysIn(partition, { signal: abort.signal });
    const read = keysIn(partition).finally(() => (isRead = true));
    await settled();
    expect(isRead).toBe(false);
    abort.abort();
    await expect(given).rejects.toThrow('the load was given up');
    const follower = { replicaId: 2, brokerEpoch: -1, logStartOffset: 0, lastFetchedEpoch: -1 };
    partition.acceptFollowerFetch(follower, { offset: 1, currentLeaderEpoch: 1 }, true);
    expect(await read).toEqual(['found']);
  });
});
