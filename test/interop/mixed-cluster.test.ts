/**
 * Three brokers of Apache Kafka are rolled to ours, one by one on their folders, and back, at
 * inter.broker.protocol.version=2.8, while producers with acks=all and a consumer group work. Each program is the
 * controller in every mixture. `--peer kafka` rolls to the other version of Apache Kafka instead.
 */

import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { compileLibrdkafkaLoad } from '../faults/load/librdkafka-load.ts';
import { Load, partitionCount } from '../faults/load/load.ts';
import { until } from './support/until.ts';
import { createTopic } from './mixed-cluster/administration.ts';
import { makeController } from './mixed-cluster/controllers.ts';
import { GroupReader } from './mixed-cluster/group-reader.ts';
import { MixedCluster } from './mixed-cluster/mixed-cluster.ts';
import type { Program } from './mixed-cluster/program.ts';
import { peerOf } from './mixed-cluster/program.ts';
import { readBack } from './mixed-cluster/read-back.ts';
import { expectEqualFolders, rollAll } from './mixed-cluster/rolling.ts';

jest.setTimeout(240_000);

const thereTopic = 'load-there';
const backTopic = 'load-back';
const apacheVersions = ['2.8.1', '3.9.1'] as const;

describe.each(apacheVersions)('three brokers of Apache Kafka %s', (apache) => {
  const peer = peerOf(apache);
  const loads = new Map<string, Load>();
  let cluster: MixedCluster | null = null;
  let group: GroupReader | null = null;
  let librdkafkaProgram = '';

  beforeAll(async () => {
    cluster = await MixedCluster.create();
    librdkafkaProgram = await compileLibrdkafkaLoad(cluster.folder);
    // The first makes the nodes that all need.
    const [first, ...others] = cluster.members;
    await first?.start(apache);
    await Promise.all(others.map((member) => member.start(apache)));
    const controllerId = await makeController(cluster, apache);
    for (const topic of [thereTopic, backTopic])
      await createTopic(cluster, controllerId, topic, partitionCount);
    const topics = [thereTopic, backTopic];
    group = await GroupReader.start(cluster.bootstrap, { group: 'mixed-group', topics });
  });

  afterAll(async () => {
    for (const load of loads.values()) load.kill();
    await group?.stop().catch(() => undefined);
    await cluster?.stop();
  });

  /** Rolls under load, and gives what the load's ledger says then. */
  async function roll(topic: string, to: Program): Promise<Verdict> {
    assert(cluster !== null && group !== null);
    const load = Load.start({ bootstrap: cluster.bootstrap, topic }, librdkafkaProgram);
    loads.set(topic, load);
    await load.flows();
    let lines: readonly string[] = [];
    try {
      lines = await keepingLogs(cluster, (it) => rollAll({ cluster: it, to, load, topic }));
    } finally {
      await load.stop();
    }
    const verdict = await verdictOf(cluster, topic, load);
    print([`${apache} with ${peer}, to ${to}: ${JSON.stringify(verdict)}`, ...lines].join('\n  '));
    const { ledger } = load;
    const reader = group;
    await until('the group has read all that was acknowledged', () => {
      if (reader.count(topic) < ledger.size) return false;
      return ledger.audit(reader.records(topic)).lost.length === 0;
    });
    return verdict;
  }

  it('become three of the peer', async () => {
    expect(await roll(thereTopic, peer)).toMatchObject(nothingWrong);
  });

  it('and three of Apache Kafka again', async () => {
    expect(await roll(backTopic, apache)).toMatchObject(nothingWrong);
  });

  it('have kept everything from the beginning, and the group did not give up', async () => {
    assert(cluster !== null);
    const load = loads.get(thereTopic);
    assert(load !== undefined);
    expect(await verdictOf(cluster, thereTopic, load)).toMatchObject(nothingWrong);
    expect(await expectEqualFolders(cluster)).toBeGreaterThan(0);
    expect(group?.crashes).toEqual([]);
  });
});

interface Verdict {
  readonly acknowledged: number;
  readonly lost: number;
  /** By idempotent producers. */
  readonly duplicated: number;
  readonly duplicatedByPlain: number;
  readonly outOfOrder: number;
  /** After all retries of a client. */
  readonly failed: number;
}

const nothingWrong = { lost: 0, duplicated: 0, outOfOrder: 0, failed: 0 };

async function verdictOf(cluster: MixedCluster, topic: string, load: Load): Promise<Verdict> {
  const audit = load.ledger.audit(await readBack(cluster, topic));
  const duplicated = audit.duplicated.filter((value) => value.includes('idempotent')).length;
  return {
    acknowledged: audit.acknowledged,
    lost: audit.lost.length,
    duplicated,
    duplicatedByPlain: audit.duplicated.length - duplicated,
    outOfOrder: audit.outOfOrder.length,
    failed: load.failures.length,
  };
}

/** The logs of a cluster that failed are for the one who looks for the reason. */
async function keepingLogs<T>(
  cluster: MixedCluster,
  run: (cluster: MixedCluster) => Promise<T>,
): Promise<T> {
  try {
    return await run(cluster);
  } catch (error) {
    const folder = await mkdtemp(join(tmpdir(), 'mixed-cluster-logs-'));
    for (const { id, log } of cluster.members)
      await writeFile(join(folder, `broker-${String(id)}.log`), log);
    print(`FAILED; the logs of all brokers are in ${folder}`);
    throw error;
  }
}

/** Not by console.log, to which jest adds where it was called. */
function print(line: string): void {
  process.stdout.write(`\n${line}\n`);
}
