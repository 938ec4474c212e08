import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { noteUncleanStart } from '../../../broker/registration/unclean-start.ts';
import { uncleanStartPath } from '../../../broker/zookeeper/paths.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { ZooKeeperError } from '../../../broker/zookeeper/port.ts';
import { ControllerCluster } from '../controller/cluster-fixture.ts';

let cluster: ControllerCluster;
const path = uncleanStartPath(3);

beforeEach(async () => {
  cluster = await ControllerCluster.start();
});

afterEach(async () => {
  await cluster.stop();
});

/** The session, with some calls of another kind. */
function sessionLike(
  session: ZooKeeperSession,
  calls: Partial<Pick<ZooKeeperSession, 'create' | 'set'>>,
): ZooKeeperSession {
  return {
    id: session.id,
    timeoutMs: session.timeoutMs,
    ended: session.ended,
    connected: true,
    onConnection: (listener) => session.onConnection(listener),
    create: (node, data, options) => session.create(node, data, options),
    get: (node, watcher) => session.get(node, watcher),
    exists: (node, watcher) => session.exists(node, watcher),
    children: (node, watcher) => session.children(node, watcher),
    set: (node, data, version) => session.set(node, data, version),
    remove: (node, version) => session.remove(node, version),
    sync: (node) => session.sync(node),
    close: () => session.close(),
    ...calls,
  };
}

describe('the note of an unclean start', () => {
  it('names the broker, and has another version each time', async () => {
    const { session } = cluster;
    await noteUncleanStart(session, 3);
    const first = await session.get(path);
    expect(JSON.parse(String(first?.data))).toEqual({ version: 1, broker: 3 });
    await noteUncleanStart(session, 3);
    const second = await session.get(path);
    expect(second?.stat.version).toBeGreaterThan(first?.stat.version ?? Infinity);
  });

  it('is made anew where the controller takes it away in between', async () => {
    const { session } = cluster;
    await noteUncleanStart(session, 3);
    let isTaken = false;
    const racing = sessionLike(session, {
      set: async (node, data, version) => {
        if (!isTaken) await session.remove(path, -1);
        isTaken = true;
        return session.set(node, data, version);
      },
    });
    await noteUncleanStart(racing, 3);
    expect(isTaken).toBe(true);
    expect(await session.exists(path)).not.toBeNull();
  });

  it('fails where ZooKeeper does: the broker must not register without it', async () => {
    const { session } = cluster;
    await noteUncleanStart(session, 3);
    const lost = new ZooKeeperError('CONNECTION_LOSS', path);
    const failing = sessionLike(session, { create: () => Promise.reject(lost) });
    await expect(noteUncleanStart(failing, 3)).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
  });
});
