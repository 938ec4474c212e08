/**
 * What is in the files of the replicas, read past the brokers: no two replicas ever hold different
 * batches of one leader epoch at one offset, and after all is healed they hold the same to the byte.
 */

import assert from 'node:assert/strict';
import {
  BATCH_OVERHEAD,
  peekBatchSize,
  readBatchHeader,
} from '../../../broker/records/batch-header.ts';
import type { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';

interface HasFiles {
  readonly id: number;
  readonly host: string;
  readonly files: MemoryFileSystem;
}

interface Batch {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly bytes: Buffer;
}

export async function checkReplicas(cluster: {
  readonly brokers: readonly HasFiles[];
  /** Folders: `topic-0`. */
  readonly partitions: readonly string[];
  /** A broker that was dead when it lost its replica may have kept it. */
  readonly replicasOf: (partition: string) => readonly number[];
}): Promise<void> {
  for (const partition of cluster.partitions) {
    const replicas = cluster.replicasOf(partition);
    const holders = cluster.brokers.filter(({ id }) => replicas.includes(id));
    const logs = await Promise.all(
      holders.map(async (broker) => ({
        host: broker.host,
        batches: await batchesOf(broker.files, `/data/${partition}`),
      })),
    );
    const isComplete = logs.every(({ batches }) => batches !== null);
    assert(isComplete, `${partition} lacks a replica`);
    const [first, ...others] = logs;
    for (const other of others) compare(partition, first, other);
  }
}

/** How many brokers have everything before that offset in their files. */
export async function countCopies(
  brokers: readonly HasFiles[],
  partition: string,
  endOffset: number,
): Promise<number> {
  const logs = await Promise.all(
    brokers.map(({ files }) => batchesOf(files, `/data/${partition}`)),
  );
  const ends = logs.map((batches) => {
    const last = batches?.at(-1);
    return last === undefined ? 0 : readBatchHeader(last.bytes, 0).lastOffset + 1;
  });
  return ends.filter((end) => end >= endOffset).length;
}

interface ReplicaLog {
  readonly host: string;
  readonly batches: readonly Batch[] | null;
}

function compare(partition: string, one: ReplicaLog | undefined, other: ReplicaLog): void {
  const [left, right] = [one?.batches ?? [], other.batches ?? []];
  const where = `${partition} on ${String(one?.host)} and ${other.host}`;
  left.forEach((batch, index) => {
    const twin = right[index];
    assert(twin !== undefined, `${where}: the latter ends before ${String(batch.baseOffset)}`);
    assert(
      batch.bytes.equals(twin.bytes),
      `${where} differ at offsets ${String(batch.baseOffset)} (epoch ${String(batch.leaderEpoch)}) ` +
        `and ${String(twin.baseOffset)} (epoch ${String(twin.leaderEpoch)})`,
    );
  });
  assert(left.length === right.length, `${where}: the former ends before the latter`);
}

/** In order, without a hole; null where there is no such folder. */
async function batchesOf(
  files: MemoryFileSystem,
  folder: string,
): Promise<readonly Batch[] | null> {
  if ((await files.stat(folder)) === null) return null;
  const names = (await files.list(folder)).filter((name) => name.endsWith('.log'));
  const batches: Batch[] = [];
  for (const name of names) batches.push(...split(await files.readFile(`${folder}/${name}`)));
  let next = 0;
  let epoch = -1;
  for (const { bytes, baseOffset } of batches) {
    const header = readBatchHeader(bytes, 0);
    assert.equal(baseOffset, next, `${folder} has a hole`);
    assert(header.partitionLeaderEpoch >= epoch, `${folder}: the epoch falls at ${String(next)}`);
    next = header.lastOffset + 1;
    epoch = header.partitionLeaderEpoch;
  }
  return batches;
}

function split(segment: Buffer): readonly Batch[] {
  const batches: Batch[] = [];
  for (let position = 0; segment.length - position >= BATCH_OVERHEAD;) {
    const size = peekBatchSize(segment, position);
    const bytes = segment.subarray(position, position + size);
    const { baseOffset, partitionLeaderEpoch } = readBatchHeader(bytes, 0);
    batches.push({ baseOffset, leaderEpoch: partitionLeaderEpoch, bytes });
    position += size;
  }
  return batches;
}
