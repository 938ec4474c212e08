/**
 * Who this broker is in which cluster: the cluster's id, made by its first broker, and the broker's
 * own id, given by configuration, remembered in meta.properties, or drawn from /brokers/seqid.
 */

import type { Random } from '../platform/random.ts';
import { uuidToText } from '../protocol/wire/uuid.ts';
import { paths } from '../zookeeper/paths.ts';
import { ensurePath } from '../zookeeper/persistent.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';
import { decodeClusterId, encodeClusterId } from '../zookeeper/znodes/cluster.ts';

export async function readOrMakeClusterId(
  session: ZooKeeperSession,
  random: Random,
): Promise<string> {
  await ensurePath(session, '/cluster');
  for (;;) {
    const node = await session.get(paths.clusterId);
    if (node !== null) return decodeClusterId(node.data, paths.clusterId);
    try {
      await session.create(paths.clusterId, encodeClusterId(uuidToText(random.uuid())));
    } catch (error) {
      if (!(error instanceof ZooKeeperError) || error.code !== 'NODE_EXISTS') throw error;
    }
  }
}

/** Ids from here on are drawn; those below are for people to give. */
export async function drawBrokerId(
  session: ZooKeeperSession,
  reservedBrokerIdMax: number,
): Promise<number> {
  await ensurePath(session, paths.brokerSequence);
  const stat = await session.set(paths.brokerSequence, null, -1);
  return reservedBrokerIdMax + stat.version;
}
