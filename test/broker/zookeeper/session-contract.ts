/* eslint-disable jest/no-export, jest/valid-title -- a suite that two test files name and run */
/**
 * What every session has to do, whatever is behind it. Two test files run it: one on the embedded
 * store, one on a real server.
 */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type {
  WatchEvent,
  Watcher,
  ZooKeeperErrorCode,
  ZooKeeperSession,
} from '../../../broker/zookeeper/port.ts';
import { ZooKeeperError } from '../../../broker/zookeeper/port.ts';

export interface SessionHarness {
  /** Sessions of one harness see one tree, which is empty at first. */
  open(signal?: AbortSignal): Promise<ZooKeeperSession>;
  openDoomed(): Promise<DoomedSession>;
  stop(): Promise<void>;
}

export interface DoomedSession {
  readonly session: ZooKeeperSession;
  /** Lets the session expire; resolves when the servers have ended it and it has been told. */
  readonly expire: () => Promise<void>;
}

export function describeSessions(name: string, start: () => Promise<SessionHarness>): void {
  describe(name, () => {
    let harness: SessionHarness;
    let session: ZooKeeperSession;
    let other: ZooKeeperSession;

    beforeEach(async () => {
      harness = await start();
      session = await harness.open();
      other = await harness.open();
    });

    afterEach(async () => {
      await session.close();
      await other.close();
      await harness.stop();
    });

    describe('data', () => {
      it('is read back as it was written, with the stat of the node', async () => {
        expect(await session.create('/a', bytes('one'))).toBe('/a');
        const node = await other.get('/a');
        expect(node?.data?.toString()).toBe('one');
        expect(node?.stat).toMatchObject({ version: 0, ephemeralOwner: null, childCount: 0 });
        expect(node?.stat.mzxid).toBe(node?.stat.czxid);
      });

      it('is null where a node was made without, and where it was made of no bytes', async () => {
        await session.create('/null', null);
        await session.create('/empty', Buffer.alloc(0));
        expect((await session.get('/null'))?.data).toBeNull();
        expect((await session.get('/empty'))?.data).toBeNull();
      });

      it('can be taken away from a node', async () => {
        await session.create('/a', bytes('one'));
        await session.set('/a', null, 0);
        expect((await session.get('/a'))?.data).toBeNull();
      });

      it('may be any bytes', async () => {
        const every = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
        await session.create('/a', every);
        expect((await other.get('/a'))?.data?.equals(every)).toBe(true);
      });

      it('may be as long as the assignment of a topic with thousands of partitions', async () => {
        const long = Buffer.alloc(500_000, 'x');
        await session.create('/a', long);
        expect((await other.get('/a'))?.data?.equals(long)).toBe(true);
      });

      it('is not that of the buffer once the call is made', async () => {
        const data = bytes('one');
        const created = session.create('/a', data);
        data.fill('x');
        await created;
        expect((await session.get('/a'))?.data?.toString()).toBe('one');
      });
    });

    describe('versions', () => {
      it('rise with every change of the data', async () => {
        await session.create('/a', null);
        expect((await session.set('/a', bytes('1'), 0)).version).toBe(1);
        expect((await session.set('/a', bytes('2'), -1)).version).toBe(2);
        const stat = await session.exists('/a');
        expect(stat?.version).toBe(2);
        expect(stat?.mzxid).toBeGreaterThan(stat?.czxid ?? Infinity);
      });

      it('that are not the expected one refuse a change and a removal', async () => {
        await session.create('/a', bytes('0'));
        await session.set('/a', bytes('1'), 0);
        expect(await codeOf(other.set('/a', bytes('x'), 0))).toBe('BAD_VERSION');
        expect(await codeOf(other.remove('/a', 0))).toBe('BAD_VERSION');
        expect((await session.get('/a'))?.data?.toString()).toBe('1');
        await other.remove('/a', 1);
        expect(await session.exists('/a')).toBeNull();
      });

      it('let one of two writers win', async () => {
        await session.create('/a', null);
        const results = await Promise.allSettled([
          session.set('/a', bytes('1'), 0),
          other.set('/a', bytes('2'), 0),
        ]);
        expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      });

      it('begin anew with a node that is made again, under a higher czxid', async () => {
        await session.create('/a', null);
        const before = await session.set('/a', bytes('1'), -1);
        await session.remove('/a', -1);
        await session.create('/a', null);
        const after = await session.exists('/a');
        expect(after?.version).toBe(0);
        expect(after?.czxid).toBeGreaterThan(before.czxid);
      });
    });

    describe('the tree', () => {
      it('makes no node whose parent is missing, and none twice', async () => {
        expect(await codeOf(session.create('/a/b', null))).toBe('NO_NODE');
        await session.create('/a', null);
        expect(await codeOf(other.create('/a', null))).toBe('NODE_EXISTS');
      });

      it('names children, and removes only nodes that have none', async () => {
        await session.create('/a', null);
        await session.create('/a/x', null);
        await session.create('/a/y', null);
        expect(sorted(await session.children('/a'))).toEqual(['x', 'y']);
        expect((await session.exists('/a'))?.childCount).toBe(2);
        expect(await codeOf(session.remove('/a', -1))).toBe('NOT_EMPTY');
        await session.remove('/a/x', -1);
        expect(await session.children('/a')).toEqual(['y']);
      });

      it('answers null for what is not there, and NO_NODE to a change of it', async () => {
        expect(await session.get('/a')).toBeNull();
        expect(await session.exists('/a')).toBeNull();
        expect(await session.children('/a')).toBeNull();
        expect(await codeOf(session.set('/a', null, -1))).toBe('NO_NODE');
        expect(await codeOf(session.remove('/a', -1))).toBe('NO_NODE');
      });

      it('refuses what is not a path', async () => {
        expect(await codeOf(session.create('/a//b', null))).toBe('OTHER');
        expect(await codeOf(session.create('/a/', null))).toBe('OTHER');
        expect(await codeOf(session.create('a', null))).toBe('OTHER');
      });

      it('numbers sequential nodes upwards, removed ones included', async () => {
        await session.create('/s', null);
        expect(await session.create('/s/n_', null, { sequential: true })).toBe('/s/n_0000000000');
        expect(await other.create('/s/n_', null, { sequential: true })).toBe('/s/n_0000000001');
        await session.remove('/s/n_0000000001', -1);
        expect(await session.create('/s/n_', null, { sequential: true })).toBe('/s/n_0000000002');
      });

      it('keeps the order of calls that are not waited for', async () => {
        const calls = [session.create('/a', null), session.create('/a/b', bytes('1'))];
        const read = session.get('/a/b');
        await Promise.all(calls);
        expect((await read)?.data?.toString()).toBe('1');
      });

      it('shows after a sync what another session has written before', async () => {
        await session.create('/a', null);
        await session.set('/a', bytes('new'), -1);
        await other.sync('/a');
        expect((await other.get('/a'))?.data?.toString()).toBe('new');
      });
    });

    describe('ephemeral nodes', () => {
      it('name their session and have no children', async () => {
        await session.create('/e', null, { ephemeral: true });
        expect((await other.exists('/e'))?.ephemeralOwner).toBe(session.id);
        expect(await codeOf(session.create('/e/x', null))).toBe('NO_CHILDREN_FOR_EPHEMERALS');
      });

      it('go when their session is closed; those of other sessions and persistent nodes stay', async () => {
        await session.create('/e', null, { ephemeral: true });
        await session.create('/p', null);
        await other.create('/o', null, { ephemeral: true });
        await other.sync('/e');
        const gone = nextEvent((watcher) => other.exists('/e', watcher));
        await gone.set;
        await session.close();
        expect(await gone.event).toEqual({ type: 'deleted', path: '/e' });
        expect(await other.exists('/p')).not.toBeNull();
        expect(await other.exists('/o')).not.toBeNull();
      });

      it('go when their session expires', async () => {
        const doomed = await harness.openDoomed();
        await doomed.session.create('/e', null, { ephemeral: true });
        await other.sync('/e');
        const gone = nextEvent((watcher) => other.exists('/e', watcher));
        await gone.set;
        await doomed.expire();
        expect(await gone.event).toEqual({ type: 'deleted', path: '/e' });
      });

      it('can be sequential too', async () => {
        await session.create('/s', null);
        const made = await session.create('/s/m_', null, { ephemeral: true, sequential: true });
        expect(made).toBe('/s/m_0000000000');
        expect((await session.exists(made))?.ephemeralOwner).toBe(session.id);
      });

      it('can be removed like any other', async () => {
        await session.create('/e', null, { ephemeral: true });
        await other.remove('/e', -1);
        expect(await session.exists('/e')).toBeNull();
      });
    });

    describe('sessions', () => {
      it('have identities of their own and are connected', () => {
        expect(session.id).toMatch(/^[0-9a-f]+$/);
        expect(session.id).not.toBe(other.id);
        expect(session.connected).toBe(true);
        expect(session.timeoutMs).toBeGreaterThan(0);
      });

      it('that were closed say so, and refuse every call', async () => {
        await session.close();
        await session.close();
        expect(await session.ended).toBe('closed');
        expect(session.connected).toBe(false);
        expect(await codeOf(session.get('/a'))).toBe('SESSION_ENDED');
        expect(await codeOf(session.create('/a', null))).toBe('SESSION_ENDED');
        expect(await other.exists('/a')).toBeNull();
      });

      it('that expired say so, refuse every call and never come back', async () => {
        const { session: doomed, expire } = await harness.openDoomed();
        await doomed.create('/a', null);
        const { events, watcher } = recorder();
        await doomed.get('/a', watcher);
        await expire();
        expect(await doomed.ended).toBe('expired');
        expect(doomed.connected).toBe(false);
        expect(await codeOf(doomed.set('/a', bytes('late'), -1))).toBe('SESSION_ENDED');
        expect(await codeOf(doomed.children('/'))).toBe('SESSION_ENDED');
        await doomed.close();
        expect(await doomed.ended).toBe('expired');
        expect((await other.get('/a'))?.data).toBeNull();
        await other.set('/a', bytes('1'), -1);
        expect(events).toEqual([]);
      });

      it('can be closed from a watcher and between two answers', async () => {
        await session.create('/a', null);
        const told = nextEvent((watcher) => session.get('/a', watcher));
        await told.set;
        const closed = told.event.then(() => session.close());
        await other.set('/a', bytes('1'), -1);
        await closed;
        expect(await session.ended).toBe('closed');
      });

      it('are not opened for a signal that has aborted', async () => {
        const reason = new Error('not any more');
        await expect(harness.open(AbortSignal.abort(reason))).rejects.toBe(reason);
      });
    });

    describe('watches', () => {
      beforeEach(async () => {
        await session.create('/w', bytes('0'));
      });

      it('of data tell of the next change, and only of that', async () => {
        const { events, watcher } = recorder();
        await session.get('/w', watcher);
        await other.set('/w', bytes('1'), -1);
        await other.set('/w', bytes('2'), -1);
        await session.sync('/w');
        await session.get('/w');
        expect(events).toEqual([{ type: 'changed', path: '/w' }]);
      });

      it('of a node that is not there tell of its creation', async () => {
        const byGet = recorder();
        const byExists = recorder();
        expect(await session.get('/new', byGet.watcher)).toBeNull();
        expect(await session.exists('/new', byExists.watcher)).toBeNull();
        await other.create('/new', null);
        await session.sync('/new');
        await session.get('/new');
        expect(byGet.events).toEqual([{ type: 'created', path: '/new' }]);
        expect(byExists.events).toEqual([{ type: 'created', path: '/new' }]);
      });

      it('of children tell of one made or removed, not of its data', async () => {
        const first = recorder();
        await session.create('/w/a', null);
        await session.children('/w', first.watcher);
        await other.set('/w/a', bytes('x'), -1);
        await other.set('/w', bytes('x'), -1);
        await session.sync('/w');
        await session.get('/w');
        expect(first.events).toEqual([]);
        await other.create('/w/b', null);
        await session.sync('/w');
        await session.get('/w');
        expect(first.events).toEqual([{ type: 'children', path: '/w' }]);
        const second = recorder();
        await session.children('/w', second.watcher);
        await other.remove('/w/a', -1);
        await session.sync('/w');
        await session.get('/w');
        expect(second.events).toEqual([{ type: 'children', path: '/w' }]);
      });

      it('of data and of children both tell of the deletion, each watcher once', async () => {
        const both = recorder();
        await session.get('/w', both.watcher);
        await session.children('/w', both.watcher);
        await other.remove('/w', -1);
        await session.sync('/w');
        await session.exists('/w');
        expect(both.events).toEqual([{ type: 'deleted', path: '/w' }]);
      });

      it('are not set on the children of a node that is not there', async () => {
        const { events, watcher } = recorder();
        expect(await session.children('/none', watcher)).toBeNull();
        await other.create('/none', null);
        await other.create('/none/a', null);
        await session.sync('/none');
        await session.get('/none');
        expect(events).toEqual([]);
      });

      it('tell before a later read shows the change', async () => {
        const order: string[] = [];
        await session.get('/w', () => order.push('told'));
        await other.set('/w', bytes('1'), -1);
        await session.sync('/w');
        const node = await session.get('/w');
        order.push(`read ${node?.data?.toString() ?? ''}`);
        expect(order).toEqual(['told', 'read 1']);
      });

      it('tell of what the session itself does, before the call returns', async () => {
        const order: string[] = [];
        await session.get('/w', () => order.push('told'));
        await session.set('/w', bytes('1'), -1);
        order.push('returned');
        expect(order).toEqual(['told', 'returned']);
      });

      it('of several readers are all told', async () => {
        const recorders = [recorder(), recorder(), recorder()];
        await Promise.all(recorders.map(({ watcher }) => session.get('/w', watcher)));
        await other.set('/w', bytes('1'), -1);
        await session.sync('/w');
        await session.get('/w');
        expect(recorders.map(({ events }) => events.length)).toEqual([1, 1, 1]);
      });

      it('are silent once the session is over', async () => {
        const { events, watcher } = recorder();
        await session.get('/w', watcher);
        await session.close();
        await other.set('/w', bytes('1'), -1);
        await other.get('/w');
        expect(events).toEqual([]);
      });
    });
  });
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** The code of the ZooKeeperError with which the call fails; fails the test if it does not. */
export async function codeOf(call: Promise<unknown>): Promise<ZooKeeperErrorCode> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ZooKeeperError) return error.code;
    throw error;
  }
  throw new Error('the call did not fail');
}

function sorted(names: readonly string[] | null): readonly string[] {
  return [...(names ?? [])].sort();
}

interface Recorder {
  readonly events: readonly WatchEvent[];
  readonly watcher: Watcher;
}

function recorder(): Recorder {
  const events: WatchEvent[] = [];
  return { events, watcher: (event) => events.push(event) };
}

interface NextEvent {
  /** The watch is set. */
  readonly set: Promise<unknown>;
  readonly event: Promise<WatchEvent>;
}

function nextEvent(read: (watcher: Watcher) => Promise<unknown>): NextEvent {
  let told: (event: WatchEvent) => void = () => undefined;
  const event = new Promise<WatchEvent>((resolve) => (told = resolve));
  return { set: read((next) => told(next)), event };
}
