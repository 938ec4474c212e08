/**
 * Says, before this broker registers, that its logs may lack records which others rely upon: by
 * /odradek/unclean/N. The controller then trusts no ISR membership of its former life, and takes the
 * node away when none is left. Written again it has another version, so that an answer to an earlier
 * one does not take it away.
 */

import { paths, uncleanStartPath } from '../zookeeper/paths.ts';
import { ensurePath } from '../zookeeper/persistent.ts';
import type { ZooKeeperSession } from '../zookeeper/port.ts';
import { ZooKeeperError } from '../zookeeper/port.ts';

export async function noteUncleanStart(session: ZooKeeperSession, brokerId: number): Promise<void> {
  await ensurePath(session, paths.uncleanStarts);
  const path = uncleanStartPath(brokerId);
  const data = Buffer.from(JSON.stringify({ version: 1, broker: brokerId }));
  for (;;) {
    try {
      await session.create(path, data);
      return;
    } catch (error) {
      if (!isCode(error, 'NODE_EXISTS')) throw error;
    }
    try {
      await session.set(path, data, -1);
      return;
    } catch (error) {
      // Taken away in between.
      if (!isCode(error, 'NO_NODE')) throw error;
    }
  }
}

function isCode(error: unknown, code: ZooKeeperError['code']): boolean {
  return error instanceof ZooKeeperError && error.code === code;
}
