import { describe, expect, it } from '@jest/globals';

import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import { Informer } from '../../../operator/kube/informer.ts';
import type { KubeClient, KubeObject, WatchOptions } from '../../../operator/kube/port.ts';
import { KubeError } from '../../../operator/kube/port.ts';
import { services } from '../../../operator/kube/resources.ts';
import { ManualTime } from '../../support/manual-time.ts';

function service(name: string, resourceVersion: number): KubeObject {
  const metadata = { name, namespace: 'default', resourceVersion: String(resourceVersion) };
  return { apiVersion: 'v1', kind: 'Service', metadata };
}

/** An API server that lists what it is told and whose watches the test holds in its hand. */
class FakeServer {
  items: KubeObject[] = [];
  version = 1;
  lists = 0;
  failure: Error | null = null;
  readonly watches: {
    readonly options: WatchOptions<KubeObject>;
    readonly end: () => void;
    readonly fail: (error: Error) => void;
  }[] = [];

  get client(): KubeClient {
    const never = (): Promise<never> => Promise.reject(new Error('not asked for here'));
    return {
      get: never,
      apply: never,
      applyStatus: never,
      create: never,
      replace: never,
      remove: never,
      list: (kind) => {
        this.lists += 1;
        if (this.failure !== null) return Promise.reject(this.failure);
        const items = this.items.map(kind.parse);
        return Promise.resolve({ items, resourceVersion: String(this.version) });
      },
      watch: (kind, options) =>
        new Promise<void>((resolve, reject) => {
          options.signal.addEventListener('abort', () => resolve());
          this.watches.push({
            options: {
              ...options,
              onEvent: (event) =>
                options.onEvent(
                  event.type === 'bookmark'
                    ? event
                    : { ...event, object: kind.parse(event.object) },
                ),
            },
            end: resolve,
            fail: reject,
          });
        }),
    };
  }

  get watch(): FakeServer['watches'][number] {
    const last = this.watches.at(-1);
    if (last === undefined) throw new Error('nobody watches');
    return last;
  }
}

function informerOf(server: FakeServer): {
  readonly informer: Informer<KubeObject>;
  readonly time: ManualTime;
  readonly changed: string[];
} {
  const time = new ManualTime();
  const changed: string[] = [];
  const informer = new Informer({
    kube: server.client,
    kind: services,
    timers: time,
    random: systemRandom,
    logger: silentLogger,
    onChange: ({ metadata }) => changed.push(`${metadata.name}@${metadata.resourceVersion ?? ''}`),
  });
  return { informer, time, changed };
}

describe('An informer', () => {
  it('lists, then follows, from where the list stood', async () => {
    const server = new FakeServer();
    server.items = [service('a', 1)];
    const { informer, changed } = informerOf(server);
    await informer.synced;
    await Promise.resolve();
    expect(server.watch.options.resourceVersion).toBe('1');
    server.watch.options.onEvent({ type: 'added', object: service('b', 2) });
    server.watch.options.onEvent({ type: 'deleted', object: service('a', 3) });
    expect(changed).toEqual(['a@1', 'b@2', 'a@3']);
    expect(informer.list().map((each) => each.metadata.name)).toEqual(['b']);
    await informer.stop();
  });

  it('goes on from the last version, bookmarks included, when a watch ends', async () => {
    const server = new FakeServer();
    const { informer, time } = informerOf(server);
    await time.advance(0);
    server.watch.options.onEvent({ type: 'bookmark', resourceVersion: '77' });
    server.watch.end();
    await time.advance(0);
    expect(server.watch.options.resourceVersion).toBe('77');
    expect(server.lists).toBe(1);
    await informer.stop();
  });

  it('lists again at once when the version is too old, and tells of what went meanwhile', async () => {
    const server = new FakeServer();
    server.items = [service('a', 1), service('b', 1)];
    const { informer, time, changed } = informerOf(server);
    await time.advance(0);
    server.items = [service('a', 1), service('c', 9)];
    server.version = 9;
    server.watch.fail(new KubeError('GONE', 'too old'));
    await time.advance(0);
    expect(changed).toEqual(['a@1', 'b@1', 'c@9', 'b@1']);
    expect(server.watch.options.resourceVersion).toBe('9');
    await informer.stop();
  });

  it('never stays dead: it tries again, ever later, until the server is back', async () => {
    const server = new FakeServer();
    server.failure = new KubeError('UNAVAILABLE', 'away');
    const { informer, time } = informerOf(server);
    await time.advance(120_000);
    const tries = server.lists;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(25);
    server.failure = null;
    await time.advance(30_000);
    await informer.synced;
    expect(server.watches).toHaveLength(1);
    await informer.stop();
  });
});
