import { describe, expect, it } from '@jest/globals';

import type { Clock } from '../../../broker/platform/clock.ts';
import { systemRandom } from '../../../broker/platform/random.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import { configMaps } from '../../../operator/kube/resources.ts';
import { localAdmission } from '../../../operator/local/store/local-admission.ts';
import { ObjectStore } from '../../../operator/local/store/object-store.ts';
import { podKind } from '../../../operator/local/resources/pod.ts';
import { describeKubeContract } from '../kube/kube-contract.ts';

const clock: Clock = { nowMs: () => Date.UTC(2024, 4, 1, 12), monotonicMs: () => 0 };

function newStore(historyMax?: number): ObjectStore {
  return new ObjectStore({
    clock,
    timers: systemTimers,
    random: systemRandom,
    admission: localAdmission,
    ...(historyMax === undefined ? {} : { historyMax }),
  });
}

describeKubeContract("local mode's store", () => {
  const store = newStore();
  return Promise.resolve({
    client: store,
    namespace: 'contract',
    close: () => {
      store.close();
      return Promise.resolve();
    },
  });
});

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

describe('The object store', () => {
  it('ends a watch with GONE when its history no longer reaches back far enough', async () => {
    const store = newStore(4);
    for (let index = 0; index < 20; index += 1) {
      await store.create(configMaps, configMap(`m-${String(index)}`, {}));
    }
    const watch = store.watch(configMaps, {
      resourceVersion: '1',
      onEvent: () => undefined,
      signal: new AbortController().signal,
    });
    await expect(watch).rejects.toMatchObject({ code: 'GONE' });
    store.close();
  });

  it('sends bookmarks, so that a quiet watch does not grow too old', async () => {
    const ticks: (() => void)[] = [];
    const timers = {
      ...systemTimers,
      every: (_: number, tick: () => void) => {
        ticks.push(tick);
        return { cancel: () => undefined };
      },
    };
    const store = new ObjectStore({
      clock,
      timers,
      random: systemRandom,
      admission: localAdmission,
    });
    const abort = new AbortController();
    await store.create(configMaps, configMap('a', {}));
    const seen: string[] = [];
    const watch = store.watch(configMaps, {
      resourceVersion: '1',
      onEvent: (event) => {
        seen.push(event.type === 'bookmark' ? event.resourceVersion : event.type);
        abort.abort();
      },
      signal: abort.signal,
    });
    for (const tick of ticks) tick();
    await watch;
    expect(seen).toEqual(['1']);
    store.close();
  });

  it('fails a watch whose handler throws, and no other', async () => {
    const store = newStore();
    const abort = new AbortController();
    const broken = store.watch(configMaps, {
      resourceVersion: '0',
      onEvent: () => {
        throw new Error('handler');
      },
      signal: abort.signal,
    });
    const names: string[] = [];
    const sound = store.watch(configMaps, {
      resourceVersion: '0',
      onEvent: (event) => {
        if (event.type !== 'bookmark') names.push(event.object.metadata.name);
        abort.abort();
      },
      signal: abort.signal,
    });
    await store.create(configMaps, configMap('a', {}));
    await expect(broken).rejects.toThrow('handler');
    await sound;
    expect(names).toEqual(['a']);
    store.close();
  });

  it('keeps a pod that is removed until its processes are gone', async () => {
    const store = newStore();
    const { metadata } = await store.create(podKind, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'i' }], terminationGracePeriodSeconds: 7 },
    });
    const key = { namespace: 'default', name: 'p' };
    await store.remove(podKind, key);
    expect((await store.get(podKind, key))?.metadata).toMatchObject({
      deletionTimestamp: '2024-05-01T12:00:00Z',
      deletionGracePeriodSeconds: 7,
    });
    store.removeNow(podKind, key, 'another uid');
    expect(await store.get(podKind, key)).not.toBeNull();
    store.removeNow(podKind, key, metadata.uid);
    expect(await store.get(podKind, key)).toBeNull();
    store.close();
  });
});
