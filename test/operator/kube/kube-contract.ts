/**
 * What every implementation of the operator's kube port has to do. Run on local mode's store in
 * `npm test` and on an API server in test/e2e, where `namespace` is an empty one and the CRDs of
 * crds/ are installed. Nothing here depends on a controller, and nothing waits but for events.
 */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type {
  KubeClient,
  KubeObject,
  ResourceKind,
  WatchEvent,
} from '../../../operator/kube/port.ts';

export interface KubeContractSubject {
  readonly client: KubeClient;
  readonly namespace: string;
  close(): Promise<void>;
}

interface OpenObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const configMaps = openKind('v1', 'ConfigMap', 'configmaps');
const statefulSets = openKind('apps/v1', 'StatefulSet', 'statefulsets');
const topics = openKind('odradek.dev/v1beta1', 'KafkaTopic', 'kafkatopics');

const alice = { fieldManager: 'alice', force: false };
const bob = { fieldManager: 'bob', force: false };

export function describeKubeContract(
  implementation: string,
  open: () => Promise<KubeContractSubject>,
): void {
  describe(`The kube port on ${implementation}`, () => {
    let subject: KubeContractSubject;
    let client: KubeClient;
    let namespace: string;
    beforeAll(async () => {
      subject = await open();
      ({ client, namespace } = subject);
    });
    afterAll(() => subject.close());

    const configMap = (
      name: string,
      data: Readonly<Record<string, string>>,
      metadata: Partial<KubeObject['metadata']> = {},
    ): OpenObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name, namespace },
      data,
    });
    const topic = (name: string, spec: object, status?: object): KubeObject => ({
      apiVersion: 'odradek.dev/v1beta1',
      kind: 'KafkaTopic',
      metadata: { name, namespace },
      spec: { clusterRef: { name: 'demo' }, ...spec },
      ...(status === undefined ? {} : { status }),
    });
    const statefulSet = (name: string, containers: readonly object[]): KubeObject => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name, namespace },
      spec: {
        replicas: 0,
        serviceName: name,
        updateStrategy: { type: 'OnDelete' },
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers } },
      },
    });
    const current = async <T extends KubeObject>(
      kind: ResourceKind<T>,
      name: string,
    ): Promise<T> => {
      const object = await client.get(kind, { namespace, name });
      if (object === null) throw new Error(`${name} is gone`);
      return object;
    };

    describe('reading', () => {
      it('answers null for an object that does not exist', async () => {
        expect(await client.get(configMaps, { namespace, name: 'nobody' })).toBeNull();
      });

      it('lists the objects of one namespace that have all labels asked for', async () => {
        const labelled = (name: string, labels: Record<string, string>): Promise<unknown> =>
          client.create(configMaps, configMap(name, {}, { labels }));
        await labelled('list-a', { app: 'list', tier: 'one' });
        await labelled('list-b', { app: 'list', tier: 'two' });
        await labelled('list-c', { app: 'other', tier: 'one' });
        const names = async (labels: Record<string, string>): Promise<readonly string[]> => {
          const { items } = await client.list(configMaps, { namespace, labels });
          return items.map((item) => item.metadata.name).sort();
        };
        expect(await names({ app: 'list' })).toEqual(['list-a', 'list-b']);
        expect(await names({ app: 'list', tier: 'one' })).toEqual(['list-a']);
        const elsewhere = await client.list(configMaps, {
          namespace: `${namespace}-none`,
          labels: { app: 'list' },
        });
        expect(elsewhere.items).toEqual([]);
      });
    });

    describe('creating and replacing', () => {
      it('gives a new object uid, resourceVersion and creationTimestamp', async () => {
        const { metadata } = await client.create(configMaps, configMap('create-a', { k: 'v' }));
        expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(metadata.resourceVersion).toMatch(/^[0-9]+$/);
        expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      });

      it('refuses to create what exists', async () => {
        await client.create(configMaps, configMap('create-b', {}));
        await expect(client.create(configMaps, configMap('create-b', {}))).rejects.toMatchObject({
          code: 'ALREADY_EXISTS',
        });
      });

      it('refuses a name that Kubernetes does not allow', async () => {
        await expect(client.create(configMaps, configMap('Not_A_Name', {}))).rejects.toMatchObject({
          code: 'INVALID',
        });
      });

      it('replaces an object at its current resourceVersion only', async () => {
        const first = await client.create(
          configMaps,
          configMap('replace-a', { k: '1', gone: 'x' }),
        );
        const second = await client.replace(configMaps, {
          ...configMap('replace-a', { k: '2' }, first.metadata),
        });
        expect(second.data).toEqual({ k: '2' });
        expect(second.metadata.uid).toBe(first.metadata.uid);
        await expect(
          client.replace(configMaps, configMap('replace-a', { k: '3' }, first.metadata)),
        ).rejects.toMatchObject({ code: 'CONFLICT' });
      });

      it('refuses to replace what does not exist', async () => {
        await expect(
          client.replace(configMaps, configMap('replace-none', {}, { resourceVersion: '1' })),
        ).rejects.toMatchObject({ code: 'NOT_FOUND' });
      });
    });

    describe('server-side apply', () => {
      it('creates what is missing and merges what two managers set', async () => {
        await client.apply(configMaps, configMap('apply-a', { a: '1' }), alice);
        const both = await client.apply(configMaps, configMap('apply-a', { b: '2' }), bob);
        expect(both.data).toEqual({ a: '1', b: '2' });
      });

      it('drops a field that its only manager no longer sets', async () => {
        await client.apply(configMaps, configMap('apply-b', { a: '1', b: '2' }), alice);
        const less = await client.apply(configMaps, configMap('apply-b', { b: '2' }), alice);
        expect(less.data).toEqual({ b: '2' });
      });

      it('keeps a field that one of two managers no longer sets', async () => {
        await client.apply(configMaps, configMap('apply-c', { a: '1' }), alice);
        await client.apply(configMaps, configMap('apply-c', { a: '1' }), bob);
        const still = await client.apply(configMaps, configMap('apply-c', { z: '0' }), alice);
        expect(still.data).toEqual({ a: '1', z: '0' });
      });

      it('fails with CONFLICT on a field that another manager set to another value', async () => {
        await client.apply(configMaps, configMap('apply-d', { a: '1' }), alice);
        const conflict = client.apply(configMaps, configMap('apply-d', { a: '2' }), bob);
        await expect(conflict).rejects.toMatchObject({ code: 'CONFLICT' });
        await expect(conflict).rejects.toThrow(/alice/);
        expect((await current(configMaps, 'apply-d')).data).toEqual({ a: '1' });
      });

      it('takes a field over when forced, so that the former manager conflicts', async () => {
        await client.apply(configMaps, configMap('apply-e', { a: '1' }), alice);
        const taken = await client.apply(configMaps, configMap('apply-e', { a: '2' }), {
          ...bob,
          force: true,
        });
        expect(taken.data).toEqual({ a: '2' });
        await expect(
          client.apply(configMaps, configMap('apply-e', { a: '1' }), alice),
        ).rejects.toMatchObject({ code: 'CONFLICT' });
      });

      it('leaves fields that nobody applies alone', async () => {
        await client.create(configMaps, configMap('apply-f', { theirs: 'x' }));
        const merged = await client.apply(configMaps, configMap('apply-f', { ours: 'y' }), alice);
        expect(merged.data).toEqual({ theirs: 'x', ours: 'y' });
      });

      it('writes nothing when nothing changes', async () => {
        const one = await client.apply(configMaps, configMap('apply-g', { a: '1' }), alice);
        const two = await client.apply(configMaps, configMap('apply-g', { a: '1' }), alice);
        expect(two.metadata.resourceVersion).toBe(one.metadata.resourceVersion);
      });

      it('merges containers by name and their environment by name', async () => {
        const container = (env: readonly object[]): object => ({ name: 'main', image: 'i:1', env });
        await client.apply(
          statefulSets,
          statefulSet('apply-h', [container([{ name: 'A', value: '1' }])]),
          alice,
        );
        const both = await client.apply(
          statefulSets,
          statefulSet('apply-h', [container([{ name: 'B', value: '2' }])]),
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
        const less = await client.apply(
          statefulSets,
          statefulSet('apply-h', [container([])]),
          alice,
        );
        expect(less.spec).toMatchObject({
          template: { spec: { containers: [{ env: [{ name: 'B', value: '2' }] }] } },
        });
      });

      it('refuses a list that names an item twice', async () => {
        const twice = statefulSet('apply-i', [
          { name: 'main', image: 'i:1' },
          { name: 'main', image: 'i:2' },
        ]);
        await expect(client.apply(statefulSets, twice, alice)).rejects.toMatchObject({
          code: 'INVALID',
        });
      });

      it('fails with CONFLICT when it names another uid than the live object has', async () => {
        await client.apply(configMaps, configMap('apply-j', { a: '1' }), alice);
        const uid = '00000000-0000-4000-8000-000000000000';
        await expect(
          client.apply(configMaps, configMap('apply-j', { a: '1' }, { uid }), alice),
        ).rejects.toMatchObject({ code: 'CONFLICT' });
      });
    });

    describe('spec, status and schema', () => {
      it('counts changes of the spec in the generation, not those of metadata or status', async () => {
        const made = await client.apply(topics, topic('gen-a', { partitions: 1 }), alice);
        expect(made.metadata.generation).toBe(1);
        await client.applyStatus(topics, topic('gen-a', {}, { partitions: 1 }), alice);
        const labelled = await client.apply(
          topics,
          {
            ...topic('gen-a', { partitions: 1 }),
            metadata: { name: 'gen-a', namespace, labels: { a: 'b' } },
          },
          alice,
        );
        expect(labelled.metadata.generation).toBe(1);
        const grown = await client.apply(topics, topic('gen-a', { partitions: 2 }), alice);
        expect(grown.metadata.generation).toBe(2);
      });

      it('ignores a status that comes with the object and a spec that comes with the status', async () => {
        const made = await client.apply(
          topics,
          topic('status-a', { partitions: 1 }, { partitions: 9 }),
          alice,
        );
        expect(made.status).toBeUndefined();
        const written = await client.applyStatus(
          topics,
          topic('status-a', { partitions: 5 }, { partitions: 1 }),
          alice,
        );
        expect(written.spec).toMatchObject({ partitions: 1 });
        expect(written.status).toMatchObject({ partitions: 1 });
      });

      it('merges conditions by type', async () => {
        await client.apply(topics, topic('status-b', { partitions: 1 }), alice);
        const condition = (type: string, status: string): object => ({
          type,
          status,
          reason: 'Because',
          message: '',
          observedGeneration: 1,
          lastTransitionTime: '2024-05-01T12:00:00Z',
        });
        const apply = (type: string, status: string, manager: typeof alice): Promise<KubeObject> =>
          client.applyStatus(
            topics,
            topic('status-b', {}, { conditions: [condition(type, status)] }),
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
          client.applyStatus(topics, topic('status-none', {}, { partitions: 1 }), alice),
        ).rejects.toMatchObject({ code: 'NOT_FOUND' });
      });

      it('refuses what the schema does not allow and names the field', async () => {
        const wrong = client.apply(topics, topic('schema-a', { partitions: 'many' }), alice);
        await expect(wrong).rejects.toMatchObject({ code: 'INVALID' });
        await expect(wrong).rejects.toThrow(/partitions/);
        expect(await client.get(topics, { namespace, name: 'schema-a' })).toBeNull();
      });
    });

    describe('removing', () => {
      it('removes an object, and is content if it is gone already', async () => {
        const key = { namespace, name: 'remove-a' };
        await client.create(configMaps, configMap('remove-a', {}));
        await client.remove(configMaps, key);
        expect(await client.get(configMaps, key)).toBeNull();
        await expect(client.remove(configMaps, key)).resolves.toBeUndefined();
      });

      it('removes no other object than the one of the given uid', async () => {
        await client.create(configMaps, configMap('remove-b', {}));
        await expect(
          client.remove(
            configMaps,
            { namespace, name: 'remove-b' },
            { uid: '00000000-0000-4000-8000-000000000000' },
          ),
        ).rejects.toMatchObject({ code: 'CONFLICT' });
        expect(await client.get(configMaps, { namespace, name: 'remove-b' })).not.toBeNull();
      });

      it('keeps an object with finalizers, marked, until the last finalizer goes', async () => {
        const key = { namespace, name: 'remove-c' };
        const finalizers = ['odradek.dev/contract'];
        await client.apply(configMaps, configMap('remove-c', {}, { finalizers }), alice);
        await client.remove(configMaps, key);
        const marked = await current(configMaps, 'remove-c');
        expect(marked.metadata.deletionTimestamp).toBeDefined();
        await client.apply(configMaps, configMap('remove-c', {}), alice);
        expect(await client.get(configMaps, key)).toBeNull();
      });

      it('keeps the finalizers of others when one manager drops its own', async () => {
        const of = (finalizer: string): OpenObject =>
          configMap('remove-d', {}, { finalizers: [finalizer] });
        await client.apply(configMaps, of('odradek.dev/one'), alice);
        await client.apply(configMaps, of('odradek.dev/two'), bob);
        const left = await client.apply(configMaps, configMap('remove-d', {}), alice);
        expect(left.metadata.finalizers).toEqual(['odradek.dev/two']);
        await client.apply(configMaps, configMap('remove-d', {}), bob);
      });

      it('collects what an object owned once it is gone', async () => {
        const { metadata } = await client.create(configMaps, configMap('owner', {}));
        const { resourceVersion } = await client
          .create(
            configMaps,
            configMap(
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
        await client.remove(configMaps, { namespace, name: 'owner' });
        await seen(client, { namespace, resourceVersion: resourceVersion ?? '' }, (event) => {
          return event.type === 'deleted' && event.object.metadata.name === 'owned';
        });
        expect(await client.get(configMaps, { namespace, name: 'owned' })).toBeNull();
      });
    });

    describe('watching', () => {
      it('tells of what happens after a list, in order', async () => {
        const { resourceVersion } = await client.list(configMaps, { namespace });
        await client.apply(configMaps, configMap('watch-a', { k: '1' }), alice);
        await client.apply(configMaps, configMap('watch-a', { k: '2' }), alice);
        await client.remove(configMaps, { namespace, name: 'watch-a' });
        const events = await seen(client, { namespace, resourceVersion }, isDeletionOf('watch-a'));
        expect(events.map((event) => event.type)).toEqual(['added', 'modified', 'deleted']);
      });

      it('resumes after the resourceVersion of an event without telling it again', async () => {
        const { metadata } = await client.create(configMaps, configMap('watch-b', { k: '1' }));
        await client.remove(configMaps, { namespace, name: 'watch-b' });
        const resourceVersion = metadata.resourceVersion ?? '';
        const events = await seen(client, { namespace, resourceVersion }, isDeletionOf('watch-b'));
        expect(events.map((event) => event.type)).toEqual(['deleted']);
      });

      it('tells that an object is deleted when it leaves the selection', async () => {
        const labels = { watch: 'c' };
        const { metadata } = await client.apply(
          configMaps,
          configMap('watch-c', {}, { labels }),
          alice,
        );
        await client.apply(configMaps, configMap('watch-c', {}), alice);
        const resourceVersion = metadata.resourceVersion ?? '';
        const events = await seen(
          client,
          { namespace, labels, resourceVersion },
          isDeletionOf('watch-c'),
        );
        expect(events).toHaveLength(1);
      });

      it('resolves when its signal aborts', async () => {
        const { resourceVersion } = await client.list(configMaps, { namespace });
        const abort = new AbortController();
        const watch = client.watch(configMaps, {
          namespace,
          resourceVersion,
          onEvent: () => undefined,
          signal: abort.signal,
        });
        abort.abort();
        await expect(watch).resolves.toBeUndefined();
      });
    });
  });
}

function isDeletionOf(name: string): (event: ObjectEvent) => boolean {
  return (event) => event.type === 'deleted' && event.object.metadata.name === name;
}

type ObjectEvent = Exclude<WatchEvent<OpenObject>, { type: 'bookmark' }>;

/** The events until one is the last; the watch is over then. */
async function seen(
  client: KubeClient,
  options: {
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion: string;
  },
  isLast: (event: ObjectEvent) => boolean,
): Promise<readonly ObjectEvent[]> {
  const abort = new AbortController();
  const events: ObjectEvent[] = [];
  await client.watch(configMaps, {
    ...options,
    onEvent: (event) => {
      if (event.type === 'bookmark' || abort.signal.aborted) return;
      events.push(event);
      if (isLast(event)) abort.abort();
    },
    signal: abort.signal,
  });
  return events;
}

/** A kind that is read as it comes. */
function openKind(apiVersion: string, kind: string, plural: string): ResourceKind<OpenObject> {
  return {
    apiVersion,
    kind,
    plural,
    parse(object) {
      if (!isOpenObject(object)) throw new TypeError(`not a ${kind}`);
      return object;
    },
  };
}

function isOpenObject(object: unknown): object is OpenObject {
  return typeof object === 'object' && object !== null && 'metadata' in object;
}
