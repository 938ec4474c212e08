/**
 * The way to the cluster's znodes: a real ZooKeeper, or with `zookeeper.connect=local:` the embedded
 * store, which is one file in the first log.dir.
 */

import type { BrokerConfig } from './config/broker-config.ts';
import { META_PROPERTIES_FILE, decodeMetaProperties } from './log/checkpoint/meta-properties.ts';
import { fileErrorCode } from './platform/file-system.ts';
import type { FileSystem } from './platform/file-system.ts';
import type { Platform } from './platform/platform.ts';
import type { EmbeddedStore } from './zookeeper/embedded/embedded-store.ts';
import { openEmbeddedStore } from './zookeeper/embedded/embedded-store.ts';
import type { OpenSession } from './zookeeper/port.ts';

/** In the first folder of log.dirs. */
export const STORE_FILE = '.odradek-store';
/** Of its own: the store is opened, and written, before the folders of log.dirs are locked. */
export const STORE_LOCK_FILE = '.odradek-store.lock';

export interface ClusterConnection {
  readonly openSession: OpenSession;
  close(): Promise<void>;
}

export async function connectCluster(
  config: BrokerConfig,
  platform: Platform,
): Promise<ClusterConnection> {
  if (config.zookeeperIsEmbedded) return openLocal(config, platform);
  // Loaded only here: the package is compiled at install, and a local broker does without it.
  const { openZooKeeper } = await import('./zookeeper/zookeeper-session.ts');
  const openSession = openZooKeeper({
    connect: config.zookeeperConnect,
    sessionTimeoutMs: config.zookeeperSessionTimeoutMs,
    connectTimeoutMs: config.zookeeperConnectionTimeoutMs,
    logger: platform.logger.child({ component: 'zookeeper' }),
    timers: platform.timers,
  });
  return { openSession, close: () => Promise.resolve() };
}

async function openLocal(
  { logDirs }: BrokerConfig,
  { fileSystem, logger, timers }: Platform,
): Promise<ClusterConnection> {
  const [folder = '.'] = logDirs;
  await fileSystem.makeFolder(folder);
  const lock = await fileSystem.lock(`${folder}/${STORE_LOCK_FILE}`);
  if (lock === null) {
    throw new Error(
      `${folder} is in use: another broker holds ${STORE_LOCK_FILE}. Stop it, or set another log.dirs`,
    );
  }
  try {
    const store: EmbeddedStore = await openEmbeddedStore({
      fileSystem,
      path: `${folder}/${STORE_FILE}`,
      logger: logger.child({ component: 'embedded-store' }),
      timers,
    });
    const close = (): Promise<void> => store.close().finally(() => lock.release());
    return { openSession: store.openSession, close };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * The id that the first log.dir with a meta.properties names; null if there is none. A log.dir that
 * cannot be read is passed over, but rejects where no other one knows the id: it may be there, and
 * with another id the broker would be another one.
 */
export async function storedBrokerId(
  logDirs: readonly string[],
  fileSystem: FileSystem,
): Promise<number | null> {
  const failures: unknown[] = [];
  for (const folder of logDirs) {
    try {
      const text = await fileSystem.readFile(`${folder}/${META_PROPERTIES_FILE}`);
      const { brokerId } = decodeMetaProperties(text.toString('utf8'));
      if (brokerId !== null) return brokerId;
    } catch (error) {
      const code = fileErrorCode(error);
      if (code === undefined) throw error;
      if (code !== 'ENOENT') failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return null;
}
