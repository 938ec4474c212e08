/**
 * Runs StatefulSets on the object store. One set is looked at once at a time and again after every
 * change of it, of its pods or of claims; what fails is tried again a second later.
 */

import type { Logger } from '../../../broker/platform/logger.ts';
import { SerialQueue } from '../../../broker/platform/serial-queue.ts';
import type { Timers } from '../../../broker/platform/timers.ts';
import type { KubeClient, ObjectKey } from '../../kube/port.ts';
import { KubeError } from '../../kube/port.ts';
import { follow } from '../follow.ts';
import { claimKind } from '../resources/others.ts';
import type { Pod } from '../resources/pod.ts';
import { podKind } from '../resources/pod.ts';
import type { StatefulSet } from '../resources/stateful-set.ts';
import { statefulSetKind } from '../resources/stateful-set.ts';
import type { StatefulSetAction } from './stateful-set-plan.ts';
import { planStatefulSet } from './stateful-set-plan.ts';

const fieldManager = 'local-stateful-set';
const retryMs = 1000;

export interface ControllerOptions {
  readonly kube: KubeClient;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Runs until the signal aborts. */
export async function runStatefulSets(options: ControllerOptions): Promise<void> {
  const queue = new SerialQueue();
  const waiting = new Set<string>();
  const enqueue = ({ namespace, name }: ObjectKey): void => {
    const id = `${namespace}/${name}`;
    if (waiting.has(id) || options.signal.aborted) return;
    waiting.add(id);
    void queue.run(async () => {
      waiting.delete(id);
      if (!options.signal.aborted) await attempt({ namespace, name });
    });
  };
  const attempt = async (key: ObjectKey): Promise<void> => {
    try {
      await reconcile(options.kube, key);
    } catch (error) {
      options.logger.warn({ err: error, ...key }, 'a StatefulSet could not be brought on');
      options.timers.after(retryMs, () => enqueue(key));
    }
  };
  const { signal } = options;
  await Promise.all([
    follow(options.kube, statefulSetKind, {
      signal,
      onChange: ({ type, object }) => {
        if (type === 'present') enqueue(object.metadata);
      },
    }),
    follow(options.kube, podKind, {
      signal,
      onChange: ({ object }) => {
        const owner = controllerOf(object);
        if (owner?.kind !== 'StatefulSet') return;
        enqueue({ namespace: object.metadata.namespace, name: owner.name });
      },
    }),
  ]);
  await queue.idle();
}

async function reconcile(kube: KubeClient, key: ObjectKey): Promise<void> {
  const set = await kube.get(statefulSetKind, key);
  if (set === null) return;
  const { namespace } = set.metadata;
  const pods = (await kube.list(podKind, { namespace })).items;
  const claims = (await kube.list(claimKind, { namespace })).items;
  const plan = planStatefulSet({
    set,
    pods: pods.filter((pod) => controllerOf(pod)?.uid === set.metadata.uid),
    claims: new Set(claims.map((claim) => claim.metadata.name)),
  });
  for (const action of plan.actions) await carryOut(kube, action);
  await writeStatus(kube, set, plan.status);
}

async function carryOut(kube: KubeClient, action: StatefulSetAction): Promise<void> {
  switch (action.type) {
    case 'create-claim':
      await kube.create(claimKind, action.claim);
      return;
    case 'create-pod':
      await kube.create(podKind, action.pod);
      return;
    case 'remove-pod': {
      const { uid } = action.pod.metadata;
      await kube.remove(podKind, action.pod.metadata, { uid });
    }
  }
}

async function writeStatus(kube: KubeClient, set: StatefulSet, status: object): Promise<void> {
  const { name, namespace, uid } = set.metadata;
  const { apiVersion, kind } = statefulSetKind;
  try {
    await kube.applyStatus(
      statefulSetKind,
      { apiVersion, kind, metadata: { name, namespace, uid }, status },
      { fieldManager, force: true },
    );
  } catch (error) {
    // It went in the meantime, perhaps to come back as another.
    const isGone = error instanceof KubeError && ['NOT_FOUND', 'CONFLICT'].includes(error.code);
    if (!isGone) throw error;
  }
}

function controllerOf(pod: Pod): Pod['metadata']['ownerReferences'][number] | undefined {
  return pod.metadata.ownerReferences.find((reference) => reference.controller === true);
}
