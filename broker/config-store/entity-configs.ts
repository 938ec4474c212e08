/** /config/{topics,brokers}/E: reads and writes what is set there. */

import type { Properties } from '../config/resolve.ts';
import type { Logger } from '../platform/logger.ts';
import { configPath, configTypePath, paths, topicEntity } from '../zookeeper/paths.ts';
import { ensurePath } from '../zookeeper/persistent.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import {
  decodeEntityConfig,
  encodeConfigChange,
  encodeEntityConfig,
} from '../zookeeper/znodes/entity-config.ts';
import { ZnodeFormatError } from '../zookeeper/znodes/json.ts';

/** Requests in flight while everything is read: enough to hide the round trip. */
const readsAtOnce = 64;
const triesMax = 10;

/**
 * Empty where there is nothing, or nothing that can be read: that is logged. `entityPath` is that of
 * paths.ts, such as `topics/orders`.
 */
export async function readEntity(
  session: ZooKeeperSession,
  entityPath: string,
  logger: Logger,
): Promise<Properties> {
  const path = configPath(entityPath);
  const node = await session.get(path);
  try {
    return decodeEntityConfig(node?.data ?? null, path);
  } catch (error) {
    if (!(error instanceof ZnodeFormatError)) throw error;
    logger.error({ err: error, path }, 'a configuration is damaged: defaults are used');
    return new Map();
  }
}

/** All topics that have a configuration of their own. */
export async function readTopics(
  session: ZooKeeperSession,
  logger: Logger,
): Promise<Map<string, Properties>> {
  const names = (await session.children(configTypePath('topics'))) ?? [];
  const topics = new Map<string, Properties>();
  for (let start = 0; start < names.length; start += readsAtOnce) {
    const some = names.slice(start, start + readsAtOnce);
    await Promise.all(
      some.map(async (name) => {
        topics.set(name, await readEntity(session, topicEntity(name), logger));
      }),
    );
  }
  return topics;
}

/**
 * Replaces what is set by what `change` makes of it, then notifies every broker: in this order, so
 * that who is notified reads the new values. `change` runs again if somebody else was faster.
 */
export async function changeEntity(
  session: ZooKeeperSession,
  entityPath: string,
  change: (current: Properties) => Properties,
): Promise<Properties> {
  const path = configPath(entityPath);
  for (let tries = 1; ; tries += 1) {
    const node = await session.get(path);
    const altered = change(decodeEntityConfig(node?.data ?? null, path));
    const data = encodeEntityConfig(altered);
    try {
      if (node === null) await createBelowFolder(session, path, data);
      else await session.set(path, data, node.stat.version);
    } catch (error) {
      if (!isLostRace(error) || tries === triesMax) throw error;
      continue;
    }
    await notify(session, entityPath);
    return altered;
  }
}

/** For a topic that is about to be made: nobody has its configuration yet, nobody is notified. */
export async function writeNewEntity(
  session: ZooKeeperSession,
  entityPath: string,
  config: Properties,
): Promise<void> {
  const path = configPath(entityPath);
  const data = encodeEntityConfig(config);
  try {
    await createBelowFolder(session, path, data);
  } catch (error) {
    if (!(error instanceof ZooKeeperError) || error.code !== 'NODE_EXISTS') throw error;
    // Left over from a topic of that name whose creation or deletion was cut short.
    await session.set(path, data, -1);
  }
}

async function notify(session: ZooKeeperSession, entityPath: string): Promise<void> {
  await ensurePath(session, paths.configChanges);
  await session.create(paths.configChangePrefix, encodeConfigChange(entityPath), {
    sequential: true,
  });
}

async function createBelowFolder(
  session: ZooKeeperSession,
  path: string,
  data: Buffer,
): Promise<void> {
  await ensurePath(session, path.slice(0, path.lastIndexOf('/')));
  await session.create(path, data);
}

function isLostRace(error: unknown): boolean {
  return (
    error instanceof ZooKeeperError &&
    ['BAD_VERSION', 'NODE_EXISTS', 'NO_NODE'].includes(error.code)
  );
}
