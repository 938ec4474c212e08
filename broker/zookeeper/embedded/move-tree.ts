/**
 * Carries the tree of an embedded store over to an ensemble: everything that lasts. Ephemerals and
 * notifications belong to brokers that are gone; the next ones read all there is when they start.
 *
 * The target is to be empty. A node of our own, made first and removed last by finishMove(), marks a
 * move under way, so that one which was cut short is taken up again, and nothing else is written over.
 * /cluster/id comes last of the data: without it no broker takes the folder's data for its own.
 */

import assert from 'node:assert/strict';
import { paths } from '../paths.ts';
import type { ZooKeeperSession } from '../port.ts';
import { ZooKeeperError } from '../port.ts';
import { decodeClusterId } from '../znodes/cluster.ts';
import { encodeZnode, parseZnode } from '../znodes/json.ts';
import type { DataTree, NodeRecord } from './tree.ts';

const MARKER = '/odradek_move';
/** ZooKeeper's own, where there is no chroot. */
const ZOOKEEPER = 'zookeeper';
const QUEUES = [paths.configChanges, paths.isrChanges, paths.logDirEvents];
const CALLS_MAX = 200;

export type TargetState =
  | { readonly type: 'empty' }
  /** By a move of this cluster that was not finished. */
  | { readonly type: 'begun' }
  | { readonly type: 'taken'; readonly why: string };

/** The cluster whose tree it is; null before its first broker has started. */
export function clusterIdOf(tree: DataTree): string | null {
  const node = tree.get(paths.clusterId);
  return node === null ? null : decodeClusterId(node.data, paths.clusterId);
}

/** Null if there is none. */
export async function clusterIdAt(session: ZooKeeperSession): Promise<string | null> {
  const node = await session.get(paths.clusterId);
  return node === null ? null : decodeClusterId(node.data, paths.clusterId);
}

export async function inspectTarget(
  session: ZooKeeperSession,
  clusterId: string,
): Promise<TargetState> {
  const marker = await session.get(MARKER);
  if (marker === null) return untouched(session);
  const other = parseZnode(marker.data, MARKER).text('cluster');
  if (other !== clusterId) {
    return { type: 'taken', why: `a move of cluster ${other} to it was begun and not finished` };
  }
  const brokers = (await session.children(paths.brokerIds)) ?? [];
  if (brokers.length === 0) return { type: 'begun' };
  return {
    type: 'taken',
    why: `broker ${brokers.join(', ')} runs on it although the move is not finished: stop it`,
  };
}

/** The number of nodes. Also takes up a move that was begun. */
export async function moveTree(
  tree: DataTree,
  session: ZooKeeperSession,
  clusterId: string,
): Promise<number> {
  const marker = encodeZnode({ version: 1, cluster: clusterId });
  await put(session, { path: MARKER, data: marker, version: 0 });
  const nodes = [...tree.records()].filter(lasts);
  const [last] = nodes.filter(({ path }) => path === paths.clusterId);
  assert(last !== undefined, `the tree has ${paths.clusterId}`);
  for (const level of byDepth(nodes.filter((node) => node !== last))) {
    for (let start = 0; start < level.length; start += CALLS_MAX) {
      const calls = level.slice(start, start + CALLS_MAX);
      await Promise.all(calls.map((node) => put(session, node)));
    }
  }
  await put(session, last);
  return nodes.length;
}

/** The target is an ordinary one from now on. Idempotent. */
export async function finishMove(session: ZooKeeperSession, clusterId: string): Promise<void> {
  const marker = await session.get(MARKER);
  if (marker === null || parseZnode(marker.data, MARKER).text('cluster') !== clusterId) return;
  await session.remove(MARKER, marker.stat.version);
}

async function untouched(session: ZooKeeperSession): Promise<TargetState> {
  const found = (await session.children('/')) ?? [];
  const names = found.filter((name) => name !== ZOOKEEPER).sort();
  if (names.length === 0) return { type: 'empty' };
  const clusterId = await clusterIdAt(session);
  const what = clusterId === null ? names.slice(0, 5).join(', ') : `cluster ${clusterId}`;
  return { type: 'taken', why: `it holds ${what} already` };
}

function lasts({ path, owner }: NodeRecord): boolean {
  if (owner !== null || path === '/') return false;
  return !QUEUES.some((queue) => path.startsWith(`${queue}/`));
}

/** Parents before their children. */
function byDepth(nodes: readonly NodeRecord[]): readonly (readonly NodeRecord[])[] {
  const depths = [...new Set(nodes.map(depthOf))].sort((one, other) => one - other);
  return depths.map((depth) => nodes.filter((node) => depthOf(node) === depth));
}

function depthOf({ path }: NodeRecord): number {
  return path.split('/').length;
}

async function put(
  session: ZooKeeperSession,
  { path, data, version }: Pick<NodeRecord, 'path' | 'data' | 'version'>,
): Promise<void> {
  try {
    await session.create(path, data);
  } catch (error) {
    if (!(error instanceof ZooKeeperError) || error.code !== 'NODE_EXISTS') throw error;
    await correct(session, path, data);
  }
  if (path === paths.brokerSequence) await raiseVersion(session, path, version);
}

/** It was made by the move that was cut short. */
async function correct(
  session: ZooKeeperSession,
  path: string,
  data: Buffer | null,
): Promise<void> {
  const there = await session.get(path);
  const [is, wanted] = [there?.data ?? Buffer.alloc(0), data ?? Buffer.alloc(0)];
  if (!is.equals(wanted)) await session.set(path, data, -1);
}

/** Broker ids are drawn from the version of /brokers/seqid: none must be given twice. */
async function raiseVersion(
  session: ZooKeeperSession,
  path: string,
  version: number,
): Promise<void> {
  const stat = await session.exists(path);
  for (let now = stat?.version ?? 0; now < version; now += 1) await session.set(path, null, -1);
}
