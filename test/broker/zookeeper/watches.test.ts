import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../broker/platform/clock.ts';
import { silentLogger } from '../../../broker/platform/logger.ts';
import type { EmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import { openEmbeddedStore } from '../../../broker/zookeeper/embedded/embedded-store.ts';
import type { ZooKeeperSession } from '../../../broker/zookeeper/port.ts';
import { ZooKeeperError } from '../../../broker/zookeeper/port.ts';
import { watchChildren, watchData } from '../../../broker/zookeeper/watches.ts';
import { MemoryFileSystem } from '../../support/sim/memory-file-system.ts';
import { bytes } from './session-contract.ts';

let store: EmbeddedStore;
let session: ZooKeeperSession;
let other: ZooKeeperSession;

beforeEach(async () => {
  const fileSystem = new MemoryFileSystem(systemClock);
  await fileSystem.makeFolder('/data');
  store = await openEmbeddedStore({ fileSystem, path: '/data/store', logger: silentLogger });
  session = await store.openSession();
  other = await store.openSession();
});

afterEach(() => store.close());

/** Values in the order in which a callback got them; next() waits for one more. */
class Values<T> {
  readonly all: T[] = [];
  #wake: () => void = () => undefined;
  #read = 0;

  readonly add = (value: T): void => {
    this.all.push(value);
    this.#wake();
  };

  async next(): Promise<T | undefined> {
    if (this.#read === this.all.length) await new Promise<void>((done) => (this.#wake = done));
    this.#read += 1;
    return this.all[this.#read - 1];
  }
}

describe('watchData', () => {
  it('tells what is there now, every later state, the deletion and the new beginning', async () => {
    const seen = new Values<string | null | undefined>();
    watchData(session, '/a', (node) => seen.add(node === null ? null : node.data?.toString()));
    expect(await seen.next()).toBeNull();
    await other.create('/a', bytes('1'));
    expect(await seen.next()).toBe('1');
    await other.set('/a', bytes('2'), -1);
    expect(await seen.next()).toBe('2');
    await other.remove('/a', -1);
    expect(await seen.next()).toBeNull();
    await other.create('/a', bytes('3'));
    expect(await seen.next()).toBe('3');
  });

  it('sees the last of changes that come while a callback runs, one callback at a time', async () => {
    await other.create('/a', bytes('0'));
    const seen = new Values<string | undefined>();
    let running = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    watchData(session, '/a', async (node) => {
      running += 1;
      expect(running).toBe(1);
      seen.add(node?.data?.toString());
      if (seen.all.length === 1) await held;
      running -= 1;
    });
    expect(await seen.next()).toBe('0');
    for (const text of ['1', '2', '3']) await other.set('/a', bytes(text), -1);
    release();
    expect(await seen.next()).toBe('3');
    expect(seen.all).toEqual(['0', '3']);
  });

  it('is silent after stop() and after the end of the session', async () => {
    await other.create('/a', null);
    const stopped = new Values<unknown>();
    const ended = new Values<unknown>();
    const watch = watchData(session, '/a', stopped.add);
    watchData(session, '/a', ended.add);
    await stopped.next();
    await ended.next();
    watch.stop();
    await other.set('/a', bytes('1'), -1);
    await ended.next();
    await store.expire(session.id);
    await other.set('/a', bytes('2'), -1);
    await other.sync('/a');
    expect(stopped.all).toHaveLength(1);
    expect(ended.all).toHaveLength(2);
  });

  it('ends with the failure of its callback and tells it', async () => {
    await other.create('/a', null);
    const failure = new Error('broken');
    const failed = await new Promise((resolve) => {
      watchData(session, '/a', () => Promise.reject(failure), resolve);
    });
    expect(failed).toBe(failure);
  });
});

describe('watchChildren', () => {
  it('tells the names now and after every change, also of a node that comes later', async () => {
    const seen = new Values<readonly string[] | null>();
    watchChildren(session, '/a', seen.add);
    expect(await seen.next()).toBeNull();
    await other.create('/a', null);
    expect(await seen.next()).toEqual([]);
    await other.create('/a/x', null);
    expect(await seen.next()).toEqual(['x']);
    await other.remove('/a/x', -1);
    expect(await seen.next()).toEqual([]);
    await other.remove('/a', -1);
    expect(await seen.next()).toBeNull();
  });

  it('reads again when the connection is back', async () => {
    await other.create('/a', null);
    const flaky = new FlakySession(session);
    const seen = new Values<readonly string[] | null>();
    watchChildren(flaky, '/a', seen.add);
    expect(await seen.next()).toEqual([]);
    const refused = flaky.loseAtNextRead();
    await other.create('/a/x', null);
    await refused;
    expect(seen.all).toHaveLength(1);
    flaky.come();
    expect(await seen.next()).toEqual(['x']);
  });
});

/** Loses its connection on demand: reads then fail as they do on a real one. */
class FlakySession implements ZooKeeperSession {
  readonly #inner: ZooKeeperSession;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  #onRead: (() => void) | null = null;
  connected = true;

  constructor(inner: ZooKeeperSession) {
    this.#inner = inner;
  }

  get id(): string {
    return this.#inner.id;
  }

  get timeoutMs(): number {
    return this.#inner.timeoutMs;
  }

  get ended(): ZooKeeperSession['ended'] {
    return this.#inner.ended;
  }

  /** Resolves when a read has been refused. */
  loseAtNextRead(): Promise<void> {
    return new Promise((resolve) => (this.#onRead = resolve));
  }

  come(): void {
    this.connected = true;
    for (const listener of this.#listeners) listener(true);
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  children(
    ...call: Parameters<ZooKeeperSession['children']>
  ): ReturnType<ZooKeeperSession['children']> {
    if (this.#onRead === null) return this.#inner.children(...call);
    this.connected = false;
    this.#onRead();
    this.#onRead = null;
    return Promise.reject(new ZooKeeperError('CONNECTION_LOSS', call[0]));
  }

  create: ZooKeeperSession['create'] = (...call) => this.#inner.create(...call);
  get: ZooKeeperSession['get'] = (...call) => this.#inner.get(...call);
  exists: ZooKeeperSession['exists'] = (...call) => this.#inner.exists(...call);
  set: ZooKeeperSession['set'] = (...call) => this.#inner.set(...call);
  remove: ZooKeeperSession['remove'] = (...call) => this.#inner.remove(...call);
  sync: ZooKeeperSession['sync'] = (...call) => this.#inner.sync(...call);
  close: ZooKeeperSession['close'] = () => this.#inner.close();
}
