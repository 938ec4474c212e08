/**
 * Reads back what a topic holds and holds it against the ledger, and the replicas against each other. Called when
 * the faults are over and nobody writes: a last acknowledged record in each partition stands behind all others, so
 * a reader that has got it has got everything.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kafkaJs } from '../../interop/support/kafkajs-client.ts';
import { runOrThrow } from '../../support/child.ts';
import type { Ledger, LedgerRecord } from '../../support/ledger.ts';
import { partitions } from '../load/load.ts';
import type { FaultCluster } from './fault-cluster.ts';
import { brokerIds } from './fault-cluster.ts';

export interface Verdict {
  readonly acknowledged: number;
  readonly read: number;
  readonly lost: readonly LedgerRecord[];
  /** Of idempotent producers; of the others it is no fault. */
  readonly duplicated: readonly string[];
  readonly outOfOrder: readonly string[];
  readonly duplicatedByPlain: number;
  readonly outOfOrderByPlain: number;
  /** Partitions whose replicas do not hold the same bytes. */
  readonly differing: readonly string[];
}

export async function verify(
  cluster: FaultCluster,
  topic: string,
  ledger: Ledger,
): Promise<Verdict> {
  await writeEnds(cluster, topic, ledger);
  const read = await readAll(cluster, topic);
  const audit = ledger.audit(read);
  const duplicated = audit.duplicated.filter(isIdempotent);
  const outOfOrder = audit.outOfOrder.filter(isIdempotent);
  return {
    acknowledged: audit.acknowledged,
    read: read.length,
    lost: audit.lost,
    duplicated,
    outOfOrder,
    duplicatedByPlain: audit.duplicated.length - duplicated.length,
    outOfOrderByPlain: audit.outOfOrder.length - outOfOrder.length,
    differing: await differingPartitions(cluster, topic),
  };
}

/** One line for people. */
export function describeVerdict(verdict: Verdict): string {
  const { acknowledged, read, lost, duplicated, outOfOrder, differing } = verdict;
  const plain = `plain producers: ${String(verdict.duplicatedByPlain)} duplicated, ${String(verdict.outOfOrderByPlain)} out of order`;
  return [
    `${String(acknowledged)} acknowledged`,
    `${String(read)} read`,
    `${String(lost.length)} lost`,
    `${String(duplicated.length)} duplicated`,
    `${String(outOfOrder.length)} out of order (${plain})`,
    `${String(differing.length)} partitions with unequal replicas`,
  ].join(', ');
}

function isIdempotent(value: string): boolean {
  return value.includes('idempotent');
}

let endCount = 0;

async function writeEnds(cluster: FaultCluster, topic: string, ledger: Ledger): Promise<void> {
  const producer = kafkaJs(cluster.bootstrap).producer();
  await producer.connect();
  try {
    for (const partition of partitions) {
      const value = `end:${String(partition)}:${String(endCount++)}`;
      const [written] = await producer.send({ topic, acks: -1, messages: [{ partition, value }] });
      const offset = Number(written?.baseOffset ?? -1);
      ledger.acknowledge([{ partition, offset, value }]);
    }
  } finally {
    await producer.disconnect();
  }
}

/** In the order of offsets within each partition. */
async function readAll(cluster: FaultCluster, topic: string): Promise<readonly LedgerRecord[]> {
  const options = ['-C', '-b', cluster.bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q'];
  const args = [...options, '-X', 'check.crcs=true', '-f', '%p %o %s\\n'];
  const { stdout } = await runOrThrow({ command: 'kcat', args });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [partition, offset, value = ''] = line.split(' ');
    return { partition: Number(partition), offset: Number(offset), value };
  });
}

async function differingPartitions(
  cluster: FaultCluster,
  topic: string,
): Promise<readonly string[]> {
  const differing: string[] = [];
  for (const partition of partitions) {
    const name = `${topic}-${String(partition)}`;
    const replicas = await Promise.all(
      brokerIds.map((id) => digestOf(join(cluster.logDir(id), name))),
    );
    if (new Set(replicas).size > 1) differing.push(`${name}: ${replicas.join(' | ')}`);
  }
  return differing;
}

/** Of the batches in order, whatever the segments they are in: each replica rolls in its own time. */
async function digestOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();
  const hash = createHash('sha256');
  let size = 0;
  for (const name of names)
    for await (const chunk of createReadStream(join(folder, name))) {
      assert(Buffer.isBuffer(chunk));
      hash.update(chunk);
      size += chunk.length;
    }
  return `${String(size)} bytes ${hash.digest('hex').slice(0, 12)}`;
}
