/** Writes where replicas are into /brokers/topics/T, and leaves the rest as others wrote it. */

import { topicPath } from '../../zookeeper/paths.ts';
import type { NodeData, ZooKeeperSession } from '../../zookeeper/port.ts';
import { ZooKeeperError } from '../../zookeeper/port.ts';
import {
  decodeTopicAssignment,
  encodeTopicAssignment,
} from '../../zookeeper/znodes/topic-assignment.ts';
import type { Placement } from './placement.ts';
import { withPlacements } from './placement.ts';

/** False: the topic is gone. */
export async function writePlacements(
  session: ZooKeeperSession,
  topic: string,
  placements: ReadonlyMap<number, Placement>,
): Promise<boolean> {
  const path = topicPath(topic);
  // Each further round means that somebody added partitions in between.
  for (;;) {
    const node = await session.get(path);
    if (node === null) return false;
    if (await tryWrite(session, { path, node, placements })) return true;
  }
}

async function tryWrite(
  session: ZooKeeperSession,
  {
    path,
    node,
    placements,
  }: {
    readonly path: string;
    readonly node: NodeData;
    readonly placements: ReadonlyMap<number, Placement>;
  },
): Promise<boolean> {
  const written = withPlacements(decodeTopicAssignment(node.data, path), placements);
  try {
    await session.set(path, encodeTopicAssignment(written), node.stat.version);
    return true;
  } catch (error) {
    const isOutdated =
      error instanceof ZooKeeperError && ['BAD_VERSION', 'NO_NODE'].includes(error.code);
    if (isOutdated) return false;
    throw error;
  }
}
