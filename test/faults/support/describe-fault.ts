/* eslint-disable jest/no-export -- the frame of every scenario of this folder */
/**
 * One fault against a cluster of its own, under load: `--minutes M` repeats it for so long. After each time the
 * cluster has to become whole by itself, to be written to again, and to have lost nothing of what it acknowledged,
 * now or in the times before.
 */

import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kafkaJs } from '../../interop/support/kafkajs-client.ts';
import { compileLibrdkafkaLoad } from '../load/librdkafka-load.ts';
import { Load, partitionCount } from '../load/load.ts';
import { engine } from './engine.ts';
import type { FaultClusterOptions } from './fault-cluster.ts';
import { brokerIds, FaultCluster } from './fault-cluster.ts';
import type { Verdict } from './verifier.ts';
import { describeVerdict, verify } from './verifier.ts';

export interface FaultContext {
  readonly cluster: FaultCluster;
  readonly topic: string;
  readonly load: Load;
  /** Printed with the verdict. */
  readonly note: (fact: string) => void;
}

export interface Fault {
  readonly name: string;
  readonly cluster?: FaultClusterOptions;
  /** A client may give a record up, after all its retries. */
  readonly mayGiveUp?: boolean;
  /** Begins when everything is written to, and resolves when the fault is over and nothing is down any more. */
  readonly inject: (context: FaultContext) => Promise<void>;
}

export function describeFault(fault: Fault): void {
  describe(`${fault.name}, on ${engine}`, () => {
    let cluster: FaultCluster | null = null;
    let librdkafkaProgram = '';
    const rounds: Round[] = [];

    beforeAll(async () => {
      cluster = await FaultCluster.start(fault.cluster);
      librdkafkaProgram = await compileLibrdkafkaLoad(cluster.folder);
    });

    afterAll(async () => {
      for (const { load } of rounds) load.kill();
      await cluster?.stop();
    });

    it(
      'loses nothing that was acknowledged',
      async () => {
        const until = Date.now() + minutes * 60_000;
        do {
          const round = await startRound(
            started(cluster),
            `fault-${String(rounds.length + 1)}`,
            librdkafkaProgram,
          );
          rounds.push(round);
          await keepingLogs(fault, started(cluster), () =>
            runFault(fault, started(cluster), round),
          );
        } while (Date.now() < until);
        await keepingLogs(fault, started(cluster), () => expectAllKept(started(cluster), rounds));
      },
      timeLimitMs,
    );
  });
}

interface Round {
  readonly topic: string;
  readonly load: Load;
}

const minutes = Number(process.env.ODRADEK_MINUTES ?? 0);
const timeLimitMs = 240_000 + minutes * 60_000;

function started(cluster: FaultCluster | null): FaultCluster {
  if (cluster === null) throw new Error('the cluster has started');
  return cluster;
}

async function startRound(
  cluster: FaultCluster,
  topic: string,
  librdkafkaProgram: string,
): Promise<Round> {
  const admin = kafkaJs(cluster.bootstrap).admin();
  await admin.connect();
  const copies = { numPartitions: partitionCount, replicationFactor: brokerIds.length };
  await admin.createTopics({ topics: [{ topic, ...copies }], waitForLeaders: true });
  await admin.disconnect();
  return { topic, load: Load.start({ bootstrap: cluster.bootstrap, topic }, librdkafkaProgram) };
}

async function runFault(fault: Fault, cluster: FaultCluster, round: Round): Promise<void> {
  const { topic, load } = round;
  const facts: string[] = [];
  await load.flows();
  await fault.inject({ cluster, topic, load, note: (fact) => facts.push(fact) });
  await cluster.isWhole();
  await load.flows();
  await load.stop();
  const verdict = await verify(cluster, topic, load.ledger);
  facts.push(`${String(load.failures.length)} given up by clients`);
  print(`${fault.name} (${engine}): ${describeVerdict(verdict)}; ${facts.join('; ')}`);
  expectNothingWrong(verdict);
  if (fault.mayGiveUp !== true) expect(load.failures).toEqual([]);
}

/** What was acknowledged in the first round is still there after the last. */
async function expectAllKept(cluster: FaultCluster, rounds: readonly Round[]): Promise<void> {
  for (const { topic, load } of rounds.slice(0, -1))
    expectNothingWrong(await verify(cluster, topic, load.ledger));
}

function expectNothingWrong(verdict: Verdict): void {
  const { lost, duplicated, outOfOrder, differing } = verdict;
  expect({
    lost: lost.slice(0, 10),
    duplicated: duplicated.slice(0, 10),
    outOfOrder: outOfOrder.slice(0, 10),
    differing,
  }).toEqual({ lost: [], duplicated: [], outOfOrder: [], differing: [] });
}

async function keepingLogs(
  fault: Fault,
  cluster: FaultCluster,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    const folder = join(tmpdir(), `faults-logs-${fault.name}-${String(Date.now())}`);
    await cluster.keepLogs(folder);
    print(`${fault.name} (${engine}) FAILED; the logs of all servers are in ${folder}`);
    throw error;
  }
}

/** Not by console.log, to which jest adds where it was called. */
function print(line: string): void {
  process.stdout.write(`\n${line}\n`);
}
