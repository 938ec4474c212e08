import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { silentLogger } from '../../../broker/platform/logger.ts';
import { systemTimers } from '../../../broker/platform/timers.ts';
import type { KubeObject } from '../../../operator/kube/port.ts';
import { runClaims } from '../../../operator/local/controllers/claim-controller.ts';
import { runStatefulSets } from '../../../operator/local/controllers/stateful-set-controller.ts';
import { newPod } from '../../../operator/local/controllers/stateful-set-objects.ts';
import { planStatefulSet } from '../../../operator/local/controllers/stateful-set-plan.ts';
import { claimKind } from '../../../operator/local/resources/others.ts';
import type { Pod } from '../../../operator/local/resources/pod.ts';
import { podKind } from '../../../operator/local/resources/pod.ts';
import type { StatefulSet } from '../../../operator/local/resources/stateful-set.ts';
import { statefulSetKind } from '../../../operator/local/resources/stateful-set.ts';
import type { ObjectStore } from '../../../operator/local/store/object-store.ts';
import type { Scratch } from './scratch.ts';
import { eventually, gone, newStore, scratchFolder } from './scratch.ts';

// Processes are started here: on a busy machine that takes its time.
jest.setTimeout(60_000);

interface SetOptions {
  readonly replicas?: number;
  readonly start?: number;
  readonly policy?: 'OrderedReady' | 'Parallel';
  readonly image?: string;
}

function setObject(options: SetOptions = {}): KubeObject {
  const { replicas = 3, start = 0, policy = 'Parallel', image = 'i:1' } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      serviceName: 'web',
      podManagementPolicy: policy,
      updateStrategy: { type: 'OnDelete' },
      ordinals: { start },
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' }, annotations: { hash: image } },
        spec: { containers: [{ name: 'main', image }] },
      },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['RWO'] } }],
    },
  };
}

function set(options: SetOptions = {}): StatefulSet {
  const object = setObject(options);
  return statefulSetKind.parse({ ...object, metadata: { ...object.metadata, uid: 'u1' } });
}

function pod(
  of: StatefulSet,
  ordinal: number,
  state: 'ready' | 'starting' | 'terminating' = 'ready',
): Pod {
  const object = newPod(of, ordinal);
  const ready = state === 'ready' ? 'True' : 'False';
  return podKind.parse({
    ...object,
    metadata: {
      ...object.metadata,
      ...(state === 'terminating' ? { deletionTimestamp: '2024-05-01T12:00:00Z' } : {}),
    },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  });
}

function decided(of: StatefulSet, pods: readonly Pod[], claims: readonly string[] = []) {
  return planStatefulSet({ set: of, pods, claims: new Set(claims) }).actions.map((action) => {
    switch (action.type) {
      case 'create-claim':
        return `claim ${action.claim.metadata.name}`;
      case 'create-pod':
        return `create ${action.pod.metadata.name}`;
      case 'remove-pod':
        return `remove ${action.pod.metadata.name}`;
    }
  });
}

const ordered = { policy: 'OrderedReady' } as const;

describe('The plan of a StatefulSet', () => {
  it.each([
    {
      name: 'makes all pods at once with the policy Parallel, each claim before its pod',
      set: set({ replicas: 2 }),
      pods: [],
      claims: ['data-web-1'],
      actions: ['claim data-web-0', 'create web-0', 'create web-1'],
    },
    {
      name: 'makes pods one by one with the policy OrderedReady',
      set: set({ ...ordered, replicas: 2 }),
      pods: [],
      claims: [],
      actions: ['claim data-web-0', 'create web-0'],
    },
    {
      name: 'waits for a pod that is not ready before it makes the next',
      set: set({ ...ordered, replicas: 2 }),
      pods: [pod(set(), 0, 'starting')],
      claims: [],
      actions: [],
    },
    {
      name: 'counts ordinals from the start that is given',
      set: set({ replicas: 2, start: 5 }),
      pods: [],
      claims: ['data-web-5', 'data-web-6'],
      actions: ['create web-5', 'create web-6'],
    },
    {
      name: 'makes only what is missing',
      set: set(),
      pods: [pod(set(), 0), pod(set(), 2)],
      claims: ['data-web-1'],
      actions: ['create web-1'],
    },
    {
      name: 'waits until a pod that is being deleted is gone',
      set: set({ replicas: 1 }),
      pods: [pod(set(), 0, 'terminating')],
      claims: [],
      actions: [],
    },
    {
      name: 'removes what is beyond the replicas, all at once with Parallel',
      set: set({ replicas: 1 }),
      pods: [pod(set(), 0), pod(set(), 1), pod(set(), 2)],
      claims: [],
      actions: ['remove web-2', 'remove web-1'],
    },
    {
      name: 'removes what is beyond the replicas from the highest ordinal on, one by one when ordered',
      set: set({ ...ordered, replicas: 1 }),
      pods: [pod(set(), 0), pod(set(), 1), pod(set(), 2)],
      claims: [],
      actions: ['remove web-2'],
    },
    {
      name: 'leaves running pods alone when the template changes',
      set: set({ replicas: 1, image: 'i:2' }),
      pods: [pod(set(), 0)],
      claims: [],
      actions: [],
    },
  ])('$name', ({ set: of, pods, claims, actions }) => {
    expect(decided(of, pods, claims)).toEqual(actions);
  });

  it('gives pods the labels, names and volumes that Kubernetes gives them', () => {
    const made = podKind.parse(newPod(set({ start: 5 }), 6));
    expect(made.metadata.labels).toMatchObject({
      app: 'web',
      'apps.kubernetes.io/pod-index': '6',
      'statefulset.kubernetes.io/pod-name': 'web-6',
    });
    expect(made.spec).toMatchObject({
      hostname: 'web-6',
      subdomain: 'web',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-6' } }],
    });
  });

  it('counts in its status what is ready and what has the newest template', () => {
    const before = set();
    const first = planStatefulSet({ set: before, pods: [], claims: new Set() }).status;
    const changed = { ...set({ image: 'i:2' }), status: { ...first } };
    const pods = [pod(before, 0), pod(changed, 1), pod(before, 2, 'starting')];
    const { status } = planStatefulSet({ set: changed, pods, claims: new Set() });
    expect(status).toMatchObject({
      replicas: 3,
      readyReplicas: 2,
      updatedReplicas: 1,
      currentReplicas: 2,
      currentRevision: first.updateRevision,
    });
    expect(status.updateRevision).not.toBe(first.updateRevision);
  });
});

describe('The controllers of StatefulSets and claims', () => {
  const ending = { abort: new AbortController() };
  let store: ObjectStore;
  let scratch: Scratch;
  let running: Promise<unknown>;
  beforeEach(() => {
    ending.abort = new AbortController();
    store = newStore();
    scratch = scratchFolder();
    const { signal } = ending.abort;
    const options = { kube: store, timers: systemTimers, logger: silentLogger, signal };
    running = Promise.all([
      runStatefulSets(options),
      runClaims({ ...options, volumesFolder: scratch.folder }),
    ]);
  });
  afterEach(async () => {
    ending.abort.abort();
    await running;
    store.close();
    scratch.remove();
  });

  const apply = (options: SetOptions): Promise<StatefulSet> =>
    store.apply(statefulSetKind, setObject(options), { fieldManager: 'test', force: true });
  const withReplicas = (count: number): Promise<StatefulSet> =>
    eventually(store, statefulSetKind, ({ status }) => status?.['replicas'] === count);
  /** Plays the kubelet: the processes of a deleted pod are gone. */
  const finish = async (name: string): Promise<void> => {
    const found = await eventually(
      store,
      podKind,
      ({ metadata }) => metadata.name === name && metadata.deletionTimestamp !== undefined,
    );
    store.removeNow(podKind, found.metadata, found.metadata.uid);
  };

  it('makes a deleted pod again, from the newest template', async () => {
    await apply({ replicas: 1 });
    await withReplicas(1);
    await apply({ replicas: 1, image: 'i:2' });
    const set2 = await eventually(
      store,
      statefulSetKind,
      ({ status }) => status?.['updatedReplicas'] === 0,
    );
    expect(set2.status?.['observedGeneration']).toBe(2);
    const [before] = (await store.list(podKind, {})).items;
    expect(before?.spec.containers[0]?.image).toBe('i:1');
    await store.remove(podKind, { namespace: 'default', name: 'web-0' });
    await finish('web-0');
    const again = await eventually(
      store,
      podKind,
      (each) => each.metadata.uid !== before?.metadata.uid,
    );
    expect(again.spec.containers[0]?.image).toBe('i:2');
  });

  it('scales down and up, and keeps the claims', async () => {
    await apply({ replicas: 2 });
    await withReplicas(2);
    await apply({ replicas: 1 });
    await finish('web-1');
    await withReplicas(1);
    const claims = (await store.list(claimKind, {})).items.map((claim) => claim.metadata.name);
    expect(claims.sort()).toEqual(['data-web-0', 'data-web-1']);
    await apply({ replicas: 2 });
    await withReplicas(2);
  });

  it('removes the pods of a StatefulSet that is deleted, and not its claims', async () => {
    await apply({ replicas: 1 });
    await withReplicas(1);
    await store.remove(statefulSetKind, { namespace: 'default', name: 'web' });
    await finish('web-0');
    await gone(store, podKind, 'web-0');
    expect((await store.list(claimKind, {})).items).toHaveLength(1);
  });

  it('keeps a deleted claim until no pod uses it', async () => {
    await apply({ replicas: 1 });
    await withReplicas(1);
    const key = { namespace: 'default', name: 'data-web-0' };
    await store.remove(claimKind, key);
    expect((await store.get(claimKind, key))?.metadata.deletionTimestamp).toBeDefined();
    await apply({ replicas: 0 });
    await finish('web-0');
    await gone(store, claimKind, 'data-web-0');
    expect(await store.get(claimKind, key)).toBeNull();
  });

  it('refuses what local mode cannot run, with the field', async () => {
    const object = setObject();
    const spec = {
      ...statefulSetKind.parse(object).spec,
      updateStrategy: { type: 'RollingUpdate' },
    };
    await expect(
      store.apply(statefulSetKind, { ...object, spec }, { fieldManager: 'test', force: true }),
    ).rejects.toThrow(/spec.updateStrategy.*OnDelete/);
  });
});
