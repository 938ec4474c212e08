/** Everything that a topic has, read from the leaders, against what its producers were told. */

import { listOffsets } from '../../../broker/protocol/messages/list-offsets.ts';
import type { BrokerConnection } from '../../../broker/client/broker-connection.ts';
import type { LedgerRecord } from '../../support/ledger.ts';
import { fetchFrom, only, recordsOf } from '../../support/requests.ts';
import { withConnection } from '../takeover/connection.ts';
import type { MixedCluster } from './mixed-cluster.ts';
import { viewOf } from './cluster-view.ts';

const LATEST = -1n;

/** In the order of each partition. */
export async function readBack(
  cluster: MixedCluster,
  topic: string,
): Promise<readonly LedgerRecord[]> {
  const [first] = cluster.members;
  const { partitions } = await viewOf(first?.address ?? '');
  const records: LedgerRecord[] = [];
  for (const { partition, leader } of partitions.filter((each) => each.topic === topic)) {
    const { address } = cluster.member(leader);
    records.push(...(await withConnection(address, (it) => readPartition(it, topic, partition))));
  }
  return records;
}

async function readPartition(
  connection: BrokerConnection,
  topic: string,
  partition: number,
): Promise<readonly LedgerRecord[]> {
  const end = await endOf(connection, topic, partition);
  const records: LedgerRecord[] = [];
  for (let offset = 0; offset < end;) {
    const fetched = await fetchFrom(connection, topic, { partition, offset, maxWaitMs: 500 });
    const found = await recordsOf(fetched.records);
    if (fetched.errorCode !== 0 || found.length === 0)
      throw new Error(
        `${topic}-${String(partition)} at ${String(offset)}: ${String(fetched.errorCode)}`,
      );
    // The first batch may begin in front of the offset that was asked for.
    for (const record of found) if (record.offset >= offset) records.push({ partition, ...record });
    offset = (found.at(-1)?.offset ?? offset) + 1;
  }
  return records;
}

async function endOf(
  connection: BrokerConnection,
  topic: string,
  partitionIndex: number,
): Promise<number> {
  const partitions = [{ partitionIndex, currentLeaderEpoch: -1, timestamp: LATEST }];
  const answer = await connection.send(listOffsets, 6, {
    ...listOffsets.request.initial,
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions }],
  });
  return Number(only(only(answer.topics).partitions).offset);
}
