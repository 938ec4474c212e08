/**
 * Volumes of claims: folders on this machine. A claim is bound at once. When a claim is deleted, its
 * folder goes with it, but not while a pod uses it, and never because local mode ends: what lies
 * there is found again by a claim of the same name.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { SerialQueue } from '../../../broker/platform/serial-queue.ts';
import type { KubeClient } from '../../kube/port.ts';
import { follow } from '../follow.ts';
import type { Claim } from '../resources/others.ts';
import { claimKind } from '../resources/others.ts';
import { podKind } from '../resources/pod.ts';
import type { ControllerOptions } from './stateful-set-controller.ts';

const protection = 'kubernetes.io/pvc-protection';

/** Runs until the signal aborts. `volumesFolder` holds a folder per namespace and claim. */
export async function runClaims(
  options: ControllerOptions & { readonly volumesFolder: string },
): Promise<void> {
  const { kube, signal, logger, volumesFolder } = options;
  const queue = new SerialQueue();
  const dying = new Map<string, Claim>();
  const attempt = (claim: Claim, work: () => Promise<void>): void => {
    queue.run(work).catch((error: unknown) => {
      logger.warn({ err: error, claim: claim.metadata.name }, 'a claim could not be brought on');
    });
  };
  const finish = (claim: Claim): void => {
    attempt(claim, async () => {
      if (!dying.has(claim.metadata.uid) || (await isInUse(kube, claim))) return;
      const { namespace, name, uid } = claim.metadata;
      await rm(join(volumesFolder, namespace, name), { recursive: true, force: true });
      dying.delete(uid);
      await release(kube, claim);
    });
  };
  await Promise.all([
    follow(kube, claimKind, {
      signal,
      onChange: ({ type, object }) => {
        if (type === 'gone') return;
        if (object.metadata.deletionTimestamp === undefined) {
          attempt(object, () => bind(kube, object));
        } else {
          dying.set(object.metadata.uid, object);
          finish(object);
        }
      },
    }),
    follow(kube, podKind, {
      signal,
      onChange: ({ type }) => {
        if (type === 'gone') for (const claim of dying.values()) finish(claim);
      },
    }),
  ]);
  await queue.idle();
}

async function bind(kube: KubeClient, claim: Claim): Promise<void> {
  const { name, namespace, uid } = claim.metadata;
  const { apiVersion, kind } = claimKind;
  if ((await kube.get(claimKind, { namespace, name }))?.metadata.uid !== uid) return;
  await kube.applyStatus(
    claimKind,
    { apiVersion, kind, metadata: { name, namespace }, status: { phase: 'Bound' } },
    { fieldManager: 'local-claims', force: true },
  );
}

async function isInUse(kube: KubeClient, claim: Claim): Promise<boolean> {
  const { namespace, name } = claim.metadata;
  const { items } = await kube.list(podKind, { namespace });
  return items
    .flatMap((pod) => pod.spec.volumes)
    .some((volume) => volume.persistentVolumeClaim?.claimName === name);
}

async function release(kube: KubeClient, { metadata }: Claim): Promise<void> {
  const claim = await kube.get(claimKind, metadata);
  if (claim?.metadata.uid !== metadata.uid) return;
  const finalizers = claim.metadata.finalizers.filter((each) => each !== protection);
  await kube.replace(claimKind, { ...claim, metadata: { ...claim.metadata, finalizers } });
}
