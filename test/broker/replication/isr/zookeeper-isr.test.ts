import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../../broker/platform/clock.ts';
import { silentLogger } from '../../../../broker/platform/logger.ts';
import type { IsrChange } from '../../../../broker/replication/isr/isr-changes.ts';
import { ZooKeeperIsr } from '../../../../broker/replication/isr/zookeeper-isr.ts';
import { openEmbeddedStore } from '../../../../broker/zookeeper/embedded/embedded-store.ts';
import {
  partitionStatePath,
  paths,
  persistentPaths,
  topicPath,
} from '../../../../broker/zookeeper/paths.ts';
import { ensurePaths } from '../../../../broker/zookeeper/persistent.ts';
import type { ZooKeeperSession } from '../../../../broker/zookeeper/port.ts';
import { ZooKeeperError } from '../../../../broker/zookeeper/port.ts';
import type { PartitionState } from '../../../../broker/zookeeper/znodes/partition-state.ts';
import {
  decodePartitionState,
  encodePartitionState,
} from '../../../../broker/zookeeper/znodes/partition-state.ts';
import { decodeIsrChange } from '../../../../broker/zookeeper/znodes/requests.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { MemoryFileSystem } from '../../../support/sim/memory-file-system.ts';

const path = partitionStatePath('t', 0);
const never = new AbortController().signal;
const state: PartitionState = {
  leader: 1,
  leaderEpoch: 3,
  isr: [1, 2, 3],
  controllerEpoch: 8,
  leaderRecoveryState: 0,
  eligible: [],
};
const members = (...ids: readonly number[]): IsrChange['isr'] =>
  ids.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
const change: IsrChange = {
  topic: 't',
  partition: 0,
  topicId: null,
  leaderEpoch: 3,
  partitionEpoch: 0,
  isr: members(1, 2),
};

const stores: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

async function setUp(): Promise<{
  session: ZooKeeperSession;
  time: ManualTime;
  isr: (session?: ZooKeeperSession) => ZooKeeperIsr;
  now: () => Promise<PartitionState>;
}> {
  const store = await openEmbeddedStore({
    fileSystem: new MemoryFileSystem(systemClock),
    path: '/store',
    logger: silentLogger,
  });
  stores.push(store);
  const session = await store.openSession();
  await ensurePaths(session, [
    ...persistentPaths,
    topicPath('t'),
    `${topicPath('t')}/partitions`,
    `${topicPath('t')}/partitions/0`,
  ]);
  await session.create(path, encodePartitionState(state));
  const time = new ManualTime();
  const isr = (used = session): ZooKeeperIsr =>
    new ZooKeeperIsr({
      brokerId: 1,
      session: () => used,
      minInSync: () => 2,
      timers: time,
      logger: silentLogger,
    });
  const now = async (): Promise<PartitionState> =>
    decodePartitionState((await session.get(path))?.data ?? null, path);
  return { session, time, isr, now };
}

function bound(session: ZooKeeperSession, name: keyof ZooKeeperSession): unknown {
  const member: unknown = Reflect.get(session, name);
  return typeof member === 'function' ? member.bind(session) : member;
}

describe('an ISR written by its leader', () => {
  it('replaces the state that it is based on, and tells the controller of all changes of a moment', async () => {
    const { session, time, isr, now } = await setUp();
    const writer = isr();
    expect(await writer.propose(change, never)).toEqual({
      kind: 'written',
      state: { leaderEpoch: 3, isr: [1, 2], partitionEpoch: 1 },
    });
    await writer.propose({ ...change, partitionEpoch: 1, isr: members(1) }, never);
    expect(await now()).toEqual({ ...state, isr: [1], eligible: [2] });
    expect(await session.children(paths.isrChanges)).toEqual([]);
    await time.advance(500);
    const names = (await session.children(paths.isrChanges)) ?? [];
    expect(names).toEqual(['isr_change_0000000000']);
    const node = await session.get(`${paths.isrChanges}/${names[0] ?? ''}`);
    expect(decodeIsrChange(node?.data ?? null, '')).toEqual([
      { topic: 't', partition: 0 },
      { topic: 't', partition: 0 },
    ]);
    expect(time.count).toBe(0);
  });

  it.each([
    ['another version', { partitionEpoch: 4 }],
    ['another leader epoch', { leaderEpoch: 4 }],
    ['another partition', { partition: 1 }],
  ])('is outdated at %s', async (_, difference) => {
    const { isr, now } = await setUp();
    const outcome = await isr().propose({ ...change, ...difference }, never);
    expect(outcome.kind).toBe('outdated');
    expect(await now()).toEqual(state);
  });

  it('is found to be written after an answer that was lost', async () => {
    const { session, time, isr, now } = await setUp();
    let isLost = false;
    const losing = new Proxy(session, {
      get(target, name: keyof ZooKeeperSession) {
        if (name !== 'set') return bound(target, name);
        return async (...args: Parameters<ZooKeeperSession['set']>) => {
          const stat = await target.set(...args);
          if (isLost) return stat;
          isLost = true;
          throw new ZooKeeperError('CONNECTION_LOSS', path);
        };
      },
    });
    const outcome = isr(losing).propose(change, never);
    // Until the wait has begun.
    while (time.count < 2) await new Promise((resolve) => setImmediate(resolve));
    await time.advance(200);
    expect(await outcome).toMatchObject({ kind: 'written', state: { partitionEpoch: 1 } });
    expect((await now()).isr).toEqual([1, 2]);
  });

  it('is told to nobody after the broker has stopped', async () => {
    const { session, time, isr } = await setUp();
    const changes = isr();
    await changes.propose(change, never);
    changes.close();
    await session.close();
    await time.advance(5000);
    expect(time.count).toBe(0);
  });

  it('ends with its signal while ZooKeeper is away', async () => {
    const { session, time, isr } = await setUp();
    await session.close();
    const term = new AbortController();
    const outcome = isr().propose(change, term.signal);
    await time.advance(10_000);
    term.abort(new Error('over'));
    await expect(outcome).rejects.toThrow('over');
  });
});
