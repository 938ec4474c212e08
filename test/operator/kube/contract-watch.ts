/* eslint-disable jest/no-export -- a part of the suite that kube-contract.ts puts together */
/** Watching. */

import { describe, expect, it } from '@jest/globals';

import type { ContractKit } from './contract-kit.ts';
import { alice, configMaps, isDeletionOf, seen } from './contract-kit.ts';

export function describeWatch(kit: ContractKit): void {
  describe('watching', () => {
    it('tells of what happens after a list, in order', async () => {
      const { resourceVersion } = await kit.client.list(configMaps, { namespace: kit.namespace });
      await kit.client.apply(configMaps, kit.configMap('watch-a', { k: '1' }), alice);
      await kit.client.apply(configMaps, kit.configMap('watch-a', { k: '2' }), alice);
      await kit.client.remove(configMaps, { namespace: kit.namespace, name: 'watch-a' });
      const events = await seen(
        kit.client,
        { namespace: kit.namespace, resourceVersion },
        isDeletionOf('watch-a'),
      );
      expect(events.map((event) => event.type)).toEqual(['added', 'modified', 'deleted']);
    });

    it('resumes after the resourceVersion of an event without telling it again', async () => {
      const { metadata } = await kit.client.create(
        configMaps,
        kit.configMap('watch-b', { k: '1' }),
      );
      await kit.client.remove(configMaps, { namespace: kit.namespace, name: 'watch-b' });
      const resourceVersion = metadata.resourceVersion ?? '';
      const events = await seen(
        kit.client,
        { namespace: kit.namespace, resourceVersion },
        isDeletionOf('watch-b'),
      );
      expect(events.map((event) => event.type)).toEqual(['deleted']);
    });

    it('tells that an object is deleted when it leaves the selection', async () => {
      const labels = { watch: 'c' };
      const { metadata } = await kit.client.apply(
        configMaps,
        kit.configMap('watch-c', {}, { labels }),
        alice,
      );
      await kit.client.apply(configMaps, kit.configMap('watch-c', {}), alice);
      const resourceVersion = metadata.resourceVersion ?? '';
      const events = await seen(
        kit.client,
        { namespace: kit.namespace, labels, resourceVersion },
        isDeletionOf('watch-c'),
      );
      expect(events).toHaveLength(1);
    });

    it('resolves when its signal aborts', async () => {
      const { resourceVersion } = await kit.client.list(configMaps, { namespace: kit.namespace });
      const abort = new AbortController();
      const watch = kit.client.watch(configMaps, {
        namespace: kit.namespace,
        resourceVersion,
        onEvent: () => undefined,
        signal: abort.signal,
      });
      abort.abort();
      await expect(watch).resolves.toBeUndefined();
    });
  });
}
