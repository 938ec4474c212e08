/** One broker after the other goes from one program to another on its folder, under load. */

import assert from 'node:assert/strict';
import type { Load } from '../../faults/load/load.ts';
import { administer } from './administration.ts';
import type { PartitionView } from './cluster-view.ts';
import { isUnderReplicated, viewOf } from './cluster-view.ts';
import { makeController } from './controllers.ts';
import { compareFolders } from './folders.ts';
import type { Member } from './member.ts';
import type { MixedCluster } from './mixed-cluster.ts';
import type { Program } from './program.ts';

export interface Rolling {
  readonly cluster: MixedCluster;
  readonly to: Program;
  readonly load: Load;
  readonly topic: string;
}

/** Gives one line per broker, for people. */
export async function rollAll(rolling: Rolling): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const member of rolling.cluster.members) lines.push(await rollOne(rolling, member));
  return lines;
}

async function rollOne(rolling: Rolling, member: Member): Promise<string> {
  const { cluster, to, load } = rolling;
  const startedAt = Date.now();
  const wasController = (await cluster.controllerId()) === member.id;
  await member.stop();
  await member.start(to);
  const mended = await settle(cluster, rolling.topic);
  const rolledMs = Date.now() - startedAt;
  const controllers: string[] = [];
  // Each program comes first at one time: it elects leaders that are not the preferred ones.
  const programs = [...cluster.programs];
  if (member.id % 2 === 0) programs.reverse();
  for (const program of programs) {
    const id = await makeController(cluster, program);
    controllers.push(`${program} as broker ${String(id)}`);
    await administer(cluster, id);
  }
  const batchCount = await expectReplication(rolling);
  return [
    `${cluster.makeUp}: broker ${String(member.id)}${wasController ? ', the controller,' : ''}`,
    `rolled in ${String(rolledMs)} ms${mended}; controllers ${controllers.join(', then ')};`,
    `${String(batchCount)} batches equal on all; ${String(load.ledger.size)} acknowledged so far;`,
    `${String(Date.now() - startedAt)} ms in all`,
  ].join(' ');
}

/**
 * A leader of 2.8.1 may stop to change the in-sync set of a partition until it is restarted: it answers a refusal by
 * queueing the change again before the first has left the queue, which fails, and takes it for pending from then on.
 */
const stuckLeader = 'Failed to enqueue ISR change state';

/** Says what had to be done by hand. */
async function settle(cluster: MixedCluster, topic: string): Promise<string> {
  try {
    await cluster.settled([topic]);
    return '';
  } catch (error) {
    const [first] = cluster.members;
    const { partitions } = await viewOf(first?.address ?? '');
    const leaders = partitions
      .filter(isUnderReplicated)
      .map(({ leader }) => cluster.member(leader));
    const stuck = leaders.find(
      (member) => member.program === '2.8.1' && member.logSinceStart.includes(stuckLeader),
    );
    if (stuck === undefined) throw error;
    await stuck.stop();
    await stuck.start('2.8.1');
    await cluster.settled([topic]);
    return ` (broker ${String(stuck.id)} of 2.8.1 was stuck with an in-sync set, and restarted)`;
  }
}

/** Leaders of each program have followers of each other in sync, all partitions are written to, and the files agree. */
async function expectReplication({ cluster, load, topic }: Rolling): Promise<number> {
  const [first] = cluster.members;
  const { partitions } = await viewOf(first?.address ?? '');
  const written = partitions.filter((each) => each.topic === topic);
  for (const leader of cluster.programs)
    for (const follower of cluster.programs) {
      const has = written.some((each) => isPair(cluster, each, { leader, follower }));
      assert(has, `${cluster.makeUp}: a leader of ${leader} has a follower of ${follower}`);
    }
  // Acknowledged by all replicas that are in sync, and all are.
  await load.flows(5);
  return expectEqualFolders(cluster);
}

export async function expectEqualFolders(cluster: MixedCluster): Promise<number> {
  const logDirs = cluster.members.map(({ logDir }) => logDir);
  const { batchCount, differences } = await compareFolders(logDirs, isCompared);
  assert.deepEqual(differences, [], `${cluster.makeUp}: replicas have the same batches`);
  assert(batchCount > 0, 'there are batches to compare');
  return batchCount;
}

function isCompared(partition: string): boolean {
  return partition.startsWith('load-') || partition.startsWith('__consumer_offsets-');
}

function isPair(
  cluster: MixedCluster,
  { leader, isr }: PartitionView,
  programs: { readonly leader: Program; readonly follower: Program },
): boolean {
  const isOf = (id: number, program: Program): boolean => cluster.member(id).program === program;
  const { follower } = programs;
  const isFollowed = isr.some((id) => id !== leader && isOf(id, follower));
  // A single broker of a program has no follower of its own kind.
  const isAlone = programs.leader === follower && countOf(cluster, follower) === 1;
  return isOf(leader, programs.leader) && (isFollowed || isAlone);
}

function countOf(cluster: MixedCluster, program: Program): number {
  return cluster.members.filter((member) => member.program === program).length;
}
