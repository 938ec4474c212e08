/**
 * Moves what the embedded store of a stopped broker holds to a real ZooKeeper, so that this broker, or
 * one of Apache Kafka's, goes on with the same folders there: `odradek move-store`.
 *
 * Order: the folder's lock · the target is empty, or holds an earlier attempt · nodes · the store's
 * file gets the suffix `.moved`, so that no broker goes on with it · the target's mark of a move under
 * way is removed. Whatever cuts this short, the same command takes it up again.
 */

import { STORE_FILE, STORE_LOCK_FILE } from './cluster-connection.ts';
import type { MetaProperties } from './log/checkpoint/meta-properties.ts';
import { decodeMetaProperties, META_PROPERTIES_FILE } from './log/checkpoint/meta-properties.ts';
import { LOCK_FILE } from './log/volume/log-directory.ts';
import { fileErrorCode } from './platform/file-system.ts';
import type { FileLock, FileSystem } from './platform/file-system.ts';
import {
  clusterIdAt,
  clusterIdOf,
  finishMove,
  inspectTarget,
  moveTree,
} from './zookeeper/embedded/move-tree.ts';
import { readStoreFile } from './zookeeper/embedded/store-file.ts';
import type { DataTree } from './zookeeper/embedded/tree.ts';
import type { OpenSession, ZooKeeperSession } from './zookeeper/port.ts';

const MOVED_FILE = `${STORE_FILE}.moved`;

export interface MoveStoreOptions {
  /** The first of log.dirs. */
  readonly folder: string;
  /** `host:port/chroot`, for messages. */
  readonly target: string;
  readonly openSession: OpenSession;
  readonly fileSystem: FileSystem;
}

export interface MovedStore {
  readonly clusterId: string;
  /** Null: the folder has no meta.properties that names one. */
  readonly brokerId: number | null;
  /** Null: it had been moved before. */
  readonly nodeCount: number | null;
}

interface Store {
  readonly tree: DataTree;
  readonly clusterId: string;
  readonly isMoved: boolean;
}

/** Rejects with an Error, a sentence for the user, where that must not or cannot be. */
export async function moveStore(options: MoveStoreOptions): Promise<MovedStore> {
  // Before the locks, which would make files in a folder that may be anything.
  if ((await findStore(options)) === null) throw nothingThere(options.folder);
  const locks = await lockFolder(options);
  try {
    const store = await readStore(options);
    const { brokerId } = await checkedMeta(options, store.clusterId);
    const session = await options.openSession();
    try {
      const nodeCount = store.isMoved
        ? await confirmMoved(options, store, session)
        : await move(options, store, session);
      return { clusterId: store.clusterId, brokerId, nodeCount };
    } finally {
      await session.close();
    }
  } finally {
    for (const lock of locks) await lock.release();
  }
}

async function lockFolder({ folder, fileSystem }: MoveStoreOptions): Promise<readonly FileLock[]> {
  const locks: FileLock[] = [];
  for (const name of [STORE_LOCK_FILE, LOCK_FILE]) {
    const lock = await fileSystem.lock(`${folder}/${name}`);
    if (lock === null) {
      for (const taken of locks) await taken.release();
      throw new Error(`A broker runs on ${folder}: it holds ${name}. Stop it first`);
    }
    locks.push(lock);
  }
  return locks;
}

async function move(
  { folder, target, fileSystem }: MoveStoreOptions,
  { tree, clusterId }: Store,
  session: ZooKeeperSession,
): Promise<number> {
  const state = await inspectTarget(session, clusterId);
  if (state.type === 'taken') {
    throw new Error(
      `${target} cannot be moved to: ${state.why}. Nothing was changed. Name a chroot that is ` +
        `empty or does not exist, such as --to ${withoutChroot(target)}/odradek`,
    );
  }
  const nodeCount = await moveTree(tree, session, clusterId);
  await fileSystem.rename(`${folder}/${STORE_FILE}`, `${folder}/${MOVED_FILE}`);
  await fileSystem.syncFolder(folder);
  await finishMove(session, clusterId);
  return nodeCount;
}

/** The same command again: true only if it is there that the store has gone. */
async function confirmMoved(
  { folder, target }: MoveStoreOptions,
  { clusterId }: Store,
  session: ZooKeeperSession,
): Promise<null> {
  const there = await clusterIdAt(session);
  if (there !== clusterId) {
    const what = there === null ? 'no cluster' : `cluster ${there}`;
    throw new Error(
      `${folder} has been moved before (${MOVED_FILE}), and not to ${target}, which holds ${what}. ` +
        `To move what the store held then once more, rename ${MOVED_FILE} to ${STORE_FILE}`,
    );
  }
  await finishMove(session, clusterId);
  return null;
}

async function findStore({
  folder,
  fileSystem,
}: MoveStoreOptions): Promise<typeof STORE_FILE | typeof MOVED_FILE | null> {
  if ((await fileSystem.stat(`${folder}/${STORE_FILE}`)) !== null) return STORE_FILE;
  return (await fileSystem.stat(`${folder}/${MOVED_FILE}`)) === null ? null : MOVED_FILE;
}

async function readStore(options: MoveStoreOptions): Promise<Store> {
  const { folder, fileSystem } = options;
  const name = await findStore(options);
  const tree = name === null ? null : await readStoreFile(fileSystem, `${folder}/${name}`);
  const clusterId = tree === null ? null : clusterIdOf(tree);
  if (tree === null || clusterId === null) throw nothingThere(folder);
  return { tree, clusterId, isMoved: name === MOVED_FILE };
}

function nothingThere(folder: string): Error {
  return new Error(
    `${folder} has no embedded store with a cluster in it (${STORE_FILE}): give the first folder of ` +
      'log.dirs of a broker that ran with zookeeper.connect=local:, or its server.properties',
  );
}

/** A store beside the data of another cluster would lead to a broker that refuses its folder. */
async function checkedMeta(
  { folder, fileSystem }: MoveStoreOptions,
  clusterId: string,
): Promise<MetaProperties> {
  const meta = await readMeta(folder, fileSystem);
  if (meta.clusterId === null || meta.clusterId === clusterId) return meta;
  throw new Error(
    `${folder} holds the data of cluster ${meta.clusterId} (${META_PROPERTIES_FILE}), but its ` +
      `${STORE_FILE} that of cluster ${clusterId}: one of the two came from elsewhere`,
  );
}

async function readMeta(folder: string, fileSystem: FileSystem): Promise<MetaProperties> {
  try {
    const text = await fileSystem.readFile(`${folder}/${META_PROPERTIES_FILE}`);
    return decodeMetaProperties(text.toString('utf8'));
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT') throw error;
    return { brokerId: null, clusterId: null, others: new Map() };
  }
}

function withoutChroot(target: string): string {
  return target.split('/')[0] ?? target;
}
