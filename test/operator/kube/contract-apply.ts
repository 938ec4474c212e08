/* eslint-disable jest/no-export -- a part of the suite that kube-contract.ts puts together */
/** Server-side apply, status and schema. */

import { describe, expect, it } from '@jest/globals';

import type { KubeObject } from '../../../operator/kube/port.ts';
import type { ContractKit } from './contract-kit.ts';
import { alice, bob, configMaps, statefulSets, topics } from './contract-kit.ts';

export function describeApply(kit: ContractKit): void {
  describe('server-side apply', () => {
    it('creates what is missing and merges what two managers set', async () => {
      await kit.client.apply(configMaps, kit.configMap('apply-a', { a: '1' }), alice);
      const both = await kit.client.apply(configMaps, kit.configMap('apply-a', { b: '2' }), bob);
      expect(both.data).toEqual({ a: '1', b: '2' });
    });

    it('drops a field that its only manager no longer sets', async () => {
      await kit.client.apply(configMaps, kit.configMap('apply-b', { a: '1', b: '2' }), alice);
      const less = await kit.client.apply(configMaps, kit.configMap('apply-b', { b: '2' }), alice);
      expect(less.data).toEqual({ b: '2' });
    });

    it('keeps a field that one of two managers no longer sets', async () => {
      await kit.client.apply(configMaps, kit.configMap('apply-c', { a: '1' }), alice);
      await kit.client.apply(configMaps, kit.configMap('apply-c', { a: '1' }), bob);
      const still = await kit.client.apply(configMaps, kit.configMap('apply-c', { z: '0' }), alice);
      expect(still.data).toEqual({ a: '1', z: '0' });
    });

    it('fails with CONFLICT on a field that another manager set to another value', async () => {
      await kit.client.apply(configMaps, kit.configMap('apply-d', { a: '1' }), alice);
      const conflict = kit.client.apply(configMaps, kit.configMap('apply-d', { a: '2' }), bob);
      await expect(conflict).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(conflict).rejects.toThrow(/alice/);
      expect((await kit.current(configMaps, 'apply-d')).data).toEqual({ a: '1' });
    });

    it('takes a field over when forced, so that the former manager conflicts', async () => {
      await kit.client.apply(configMaps, kit.configMap('apply-e', { a: '1' }), alice);
      const taken = await kit.client.apply(configMaps, kit.configMap('apply-e', { a: '2' }), {
        ...bob,
        force: true,
      });
      expect(taken.data).toEqual({ a: '2' });
      await expect(
        kit.client.apply(configMaps, kit.configMap('apply-e', { a: '1' }), alice),
      ).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('leaves fields that nobody applies alone', async () => {
      await kit.client.create(configMaps, kit.configMap('apply-f', { theirs: 'x' }));
      const merged = await kit.client.apply(
        configMaps,
        kit.configMap('apply-f', { ours: 'y' }),
        alice,
      );
      expect(merged.data).toEqual({ theirs: 'x', ours: 'y' });
    });

    it('writes nothing when nothing changes', async () => {
      const one = await kit.client.apply(configMaps, kit.configMap('apply-g', { a: '1' }), alice);
      const two = await kit.client.apply(configMaps, kit.configMap('apply-g', { a: '1' }), alice);
      expect(two.metadata.resourceVersion).toBe(one.metadata.resourceVersion);
    });

    it('merges containers by name and their environment by name', async () => {
      const container = (env: readonly object[]): object => ({ name: 'main', image: 'i:1', env });
      await kit.client.apply(
        statefulSets,
        kit.statefulSet('apply-h', [container([{ name: 'A', value: '1' }])]),
        alice,
      );
      const both = await kit.client.apply(
        statefulSets,
        kit.statefulSet('apply-h', [container([{ name: 'B', value: '2' }])]),
        bob,
      );
      expect(both.spec).toMatchObject({
        template: {
          spec: {
            containers: [
              {
                name: 'main',
                env: [
                  { name: 'A', value: '1' },
                  { name: 'B', value: '2' },
                ],
              },
            ],
          },
        },
      });
      const less = await kit.client.apply(
        statefulSets,
        kit.statefulSet('apply-h', [container([])]),
        alice,
      );
      expect(less.spec).toMatchObject({
        template: { spec: { containers: [{ env: [{ name: 'B', value: '2' }] }] } },
      });
    });

    it('refuses a list that names an item twice', async () => {
      const twice = kit.statefulSet('apply-i', [
        { name: 'main', image: 'i:1' },
        { name: 'main', image: 'i:2' },
      ]);
      await expect(kit.client.apply(statefulSets, twice, alice)).rejects.toMatchObject({
        code: 'INVALID',
      });
    });

    it('fails with CONFLICT when it names another uid than the live object has', async () => {
      await kit.client.apply(configMaps, kit.configMap('apply-j', { a: '1' }), alice);
      const uid = '00000000-0000-4000-8000-000000000000';
      await expect(
        kit.client.apply(configMaps, kit.configMap('apply-j', { a: '1' }, { uid }), alice),
      ).rejects.toMatchObject({ code: 'CONFLICT' });
    });
  });

  describe('spec, status and schema', () => {
    it('counts changes of the spec in the generation, not those of metadata or status', async () => {
      const made = await kit.client.apply(topics, kit.topic('gen-a', { partitions: 1 }), alice);
      expect(made.metadata.generation).toBe(1);
      await kit.client.applyStatus(topics, kit.topic('gen-a', {}, { partitions: 1 }), alice);
      const labelled = await kit.client.apply(
        topics,
        {
          ...kit.topic('gen-a', { partitions: 1 }),
          metadata: { name: 'gen-a', namespace: kit.namespace, labels: { a: 'b' } },
        },
        alice,
      );
      expect(labelled.metadata.generation).toBe(1);
      const grown = await kit.client.apply(topics, kit.topic('gen-a', { partitions: 2 }), alice);
      expect(grown.metadata.generation).toBe(2);
    });

    it('ignores a status that comes with the object and a spec that comes with the status', async () => {
      const made = await kit.client.apply(
        topics,
        kit.topic('status-a', { partitions: 1 }, { partitions: 9 }),
        alice,
      );
      expect(made.status).toBeUndefined();
      const written = await kit.client.applyStatus(
        topics,
        kit.topic('status-a', { partitions: 5 }, { partitions: 1 }),
        alice,
      );
      expect(written.spec).toMatchObject({ partitions: 1 });
      expect(written.status).toMatchObject({ partitions: 1 });
    });

    it('merges conditions by type', async () => {
      await kit.client.apply(topics, kit.topic('status-b', { partitions: 1 }), alice);
      const condition = (type: string, status: string): object => ({
        type,
        status,
        reason: 'Because',
        message: '',
        observedGeneration: 1,
        lastTransitionTime: '2024-05-01T12:00:00Z',
      });
      const apply = (type: string, status: string, manager: typeof alice): Promise<KubeObject> =>
        kit.client.applyStatus(
          topics,
          kit.topic('status-b', {}, { conditions: [condition(type, status)] }),
          manager,
        );
      await apply('Ready', 'False', alice);
      await apply('Stalled', 'True', bob);
      const last = await apply('Ready', 'True', alice);
      expect(last.status).toMatchObject({
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'Stalled', status: 'True' },
        ],
      });
    });

    it('fails with NOT_FOUND for the status of an object that does not exist', async () => {
      await expect(
        kit.client.applyStatus(topics, kit.topic('status-none', {}, { partitions: 1 }), alice),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('refuses what the schema does not allow and names the field', async () => {
      const wrong = kit.client.apply(topics, kit.topic('schema-a', { partitions: 'many' }), alice);
      await expect(wrong).rejects.toMatchObject({ code: 'INVALID' });
      await expect(wrong).rejects.toThrow(/partitions/);
      expect(
        await kit.client.get(topics, { namespace: kit.namespace, name: 'schema-a' }),
      ).toBeNull();
    });
  });
}
