/* eslint-disable jest/no-export -- a part of the suite that kube-contract.ts puts together */
/** Reading, creating, replacing and removing objects. */

import { describe, expect, it } from '@jest/globals';

import type { ContractKit, OpenObject } from './contract-kit.ts';
import { alice, bob, configMaps, seen } from './contract-kit.ts';

export function describeObjects(kit: ContractKit): void {
  describe('reading', () => {
    it('answers null for an object that does not exist', async () => {
      expect(
        await kit.client.get(configMaps, { namespace: kit.namespace, name: 'nobody' }),
      ).toBeNull();
    });

    it('lists the objects of one namespace that have all labels asked for', async () => {
      const labelled = (name: string, labels: Record<string, string>): Promise<unknown> =>
        kit.client.create(configMaps, kit.configMap(name, {}, { labels }));
      await labelled('list-a', { app: 'list', tier: 'one' });
      await labelled('list-b', { app: 'list', tier: 'two' });
      await labelled('list-c', { app: 'other', tier: 'one' });
      const names = async (labels: Record<string, string>): Promise<readonly string[]> => {
        const { items } = await kit.client.list(configMaps, { namespace: kit.namespace, labels });
        return items.map((item) => item.metadata.name).sort();
      };
      expect(await names({ app: 'list' })).toEqual(['list-a', 'list-b']);
      expect(await names({ app: 'list', tier: 'one' })).toEqual(['list-a']);
      const elsewhere = await kit.client.list(configMaps, {
        namespace: `${kit.namespace}-none`,
        labels: { app: 'list' },
      });
      expect(elsewhere.items).toEqual([]);
    });
  });

  describe('creating and replacing', () => {
    it('gives a new object uid, resourceVersion and creationTimestamp', async () => {
      const { metadata } = await kit.client.create(
        configMaps,
        kit.configMap('create-a', { k: 'v' }),
      );
      expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(metadata.resourceVersion).toMatch(/^[0-9]+$/);
      expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    });

    it('refuses to create what exists', async () => {
      await kit.client.create(configMaps, kit.configMap('create-b', {}));
      await expect(
        kit.client.create(configMaps, kit.configMap('create-b', {})),
      ).rejects.toMatchObject({
        code: 'ALREADY_EXISTS',
      });
    });

    it('refuses a name that Kubernetes does not allow', async () => {
      await expect(
        kit.client.create(configMaps, kit.configMap('Not_A_Name', {})),
      ).rejects.toMatchObject({
        code: 'INVALID',
      });
    });

    it('replaces an object at its current resourceVersion only', async () => {
      const first = await kit.client.create(
        configMaps,
        kit.configMap('replace-a', { k: '1', gone: 'x' }),
      );
      const second = await kit.client.replace(configMaps, {
        ...kit.configMap('replace-a', { k: '2' }, first.metadata),
      });
      expect(second.data).toEqual({ k: '2' });
      expect(second.metadata.uid).toBe(first.metadata.uid);
      await expect(
        kit.client.replace(configMaps, kit.configMap('replace-a', { k: '3' }, first.metadata)),
      ).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('refuses to replace what does not exist', async () => {
      await expect(
        kit.client.replace(configMaps, kit.configMap('replace-none', {}, { resourceVersion: '1' })),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  describe('removing', () => {
    it('removes an object, and is content if it is gone already', async () => {
      const key = { namespace: kit.namespace, name: 'remove-a' };
      await kit.client.create(configMaps, kit.configMap('remove-a', {}));
      await kit.client.remove(configMaps, key);
      expect(await kit.client.get(configMaps, key)).toBeNull();
      await expect(kit.client.remove(configMaps, key)).resolves.toBeUndefined();
    });

    it('removes no other object than the one of the given uid', async () => {
      await kit.client.create(configMaps, kit.configMap('remove-b', {}));
      await expect(
        kit.client.remove(
          configMaps,
          { namespace: kit.namespace, name: 'remove-b' },
          { uid: '00000000-0000-4000-8000-000000000000' },
        ),
      ).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(
        await kit.client.get(configMaps, { namespace: kit.namespace, name: 'remove-b' }),
      ).not.toBeNull();
    });

    it('keeps an object with finalizers, marked, until the last finalizer goes', async () => {
      const key = { namespace: kit.namespace, name: 'remove-c' };
      const finalizers = ['odradek.dev/contract'];
      await kit.client.apply(configMaps, kit.configMap('remove-c', {}, { finalizers }), alice);
      await kit.client.remove(configMaps, key);
      const marked = await kit.current(configMaps, 'remove-c');
      expect(marked.metadata.deletionTimestamp).toBeDefined();
      await kit.client.apply(configMaps, kit.configMap('remove-c', {}), alice);
      expect(await kit.client.get(configMaps, key)).toBeNull();
    });

    it('keeps the finalizers of others when one manager drops its own', async () => {
      // With data: an API server forgets an empty map, and each apply of one conflicts.
      const without = kit.configMap('remove-d', { k: 'v' });
      const of = (finalizer: string): OpenObject =>
        kit.configMap('remove-d', { k: 'v' }, { finalizers: [finalizer] });
      await kit.client.apply(configMaps, of('odradek.dev/one'), alice);
      await kit.client.apply(configMaps, of('odradek.dev/two'), bob);
      const left = await kit.client.apply(configMaps, without, alice);
      expect(left.metadata.finalizers).toEqual(['odradek.dev/two']);
      await kit.client.apply(configMaps, without, bob);
    });

    it('collects what an object owned once it is gone', async () => {
      const { metadata } = await kit.client.create(configMaps, kit.configMap('owner', {}));
      const { resourceVersion } = await kit.client
        .create(
          configMaps,
          kit.configMap(
            'owned',
            {},
            {
              ownerReferences: [
                { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid ?? '' },
              ],
            },
          ),
        )
        .then((owned) => owned.metadata);
      await kit.client.remove(configMaps, { namespace: kit.namespace, name: 'owner' });
      await seen(
        kit.client,
        { namespace: kit.namespace, resourceVersion: resourceVersion ?? '' },
        (event) => {
          return event.type === 'deleted' && event.object.metadata.name === 'owned';
        },
      );
      expect(
        await kit.client.get(configMaps, { namespace: kit.namespace, name: 'owned' }),
      ).toBeNull();
    });
  });
}
