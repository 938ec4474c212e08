/** Reads what there is of a cluster in Kubernetes, once, in the terms of decide/. */

import { z } from 'zod';

import type {
  ObservedClaim,
  ObservedComponent,
  ObservedPod,
  ObservedSet,
} from '../decide/observed.ts';
import type { AdminBroker } from '../kafka-admin/port.ts';
import type { KubeReader } from '../kube/reader.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../kube/resources.ts';
import { persistentVolumeClaims, pods, statefulSets } from '../kube/resources.ts';
import { replicationListener } from '../model/broker-properties.ts';
import type { Component } from '../model/cluster-identity.ts';
import { podIndexLabel, selectorLabels, setName } from '../model/cluster-identity.ts';
import { configHashAnnotation, templateHashAnnotation } from '../model/pod-parts.ts';

export interface ClusterName {
  readonly name: string;
  readonly namespace: string;
}

/** A component's objects, and the addresses of its ready pods. */
export interface SeenComponent extends ObservedComponent {
  readonly addresses: readonly AdminBroker[];
}

export async function observeComponent(
  kube: KubeReader,
  cluster: ClusterName,
  component: Component,
): Promise<SeenComponent> {
  const { namespace } = cluster;
  const labels = selectorLabels(cluster, component);
  const [set, podList, claimList] = await Promise.all([
    kube.get(statefulSets, { namespace, name: setName(cluster, component) }),
    kube.list(pods, { namespace, labels }),
    kube.list(persistentVolumeClaims, { namespace, labels }),
  ]);
  return {
    set: set === null ? null : observedSet(set),
    pods: podList.items.flatMap(observedPod).sort((left, right) => left.ordinal - right.ordinal),
    claims: claimList.items.map(observedClaim),
    addresses: addressesOf(podList.items),
  };
}

/**
 * Where the operator reaches the brokers: ready pods by their own address and the listener that is
 * no user's, so that neither DNS nor a wrong advertised address keeps it out.
 */
export async function brokerAddresses(
  kube: KubeReader,
  cluster: ClusterName,
): Promise<readonly AdminBroker[]> {
  const labels = selectorLabels(cluster, 'broker');
  const list = await kube.list(pods, { namespace: cluster.namespace, labels });
  return addressesOf(list.items);
}

function addressesOf(items: readonly Pod[]): readonly AdminBroker[] {
  return items.flatMap((pod) => {
    const host = pod.status?.podIP;
    const [seen] = observedPod(pod);
    if (host === undefined || seen === undefined || !seen.ready) return [];
    return [{ id: seen.ordinal, host, port: replicationListener.port }];
  });
}

const claimTemplateSize = z.object({
  resources: z.object({
    requests: z.object({ storage: z.union([z.string(), z.number()]) }),
  }),
});

function observedSet({ metadata, spec, status }: StatefulSet): ObservedSet {
  const { annotations } = spec.template.metadata;
  const size = claimTemplateSize.safeParse(spec.volumeClaimTemplates[0]?.spec).data;
  return {
    replicas: spec.replicas,
    settled: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    templateHash: annotations[templateHashAnnotation] ?? '',
    configHash: annotations[configHashAnnotation] ?? '',
    claimSize: size?.resources.requests.storage ?? null,
  };
}

/** Nothing for a pod without an ordinal: it is none of the StatefulSet's. */
function observedPod({ metadata, status }: Pod): readonly ObservedPod[] {
  const index = metadata.labels?.[podIndexLabel] ?? /-(\d+)$/.exec(metadata.name)?.[1];
  if (index === undefined) return [];
  const terminating = metadata.deletionTimestamp !== undefined;
  const ready = status?.conditions.some((each) => each.type === 'Ready' && each.status === 'True');
  const waiting = status?.containerStatuses?.find((each) => each.state?.waiting !== undefined)
    ?.state?.waiting;
  const why = [waiting?.reason, waiting?.message].filter((part) => part !== undefined).join(': ');
  return [
    {
      name: metadata.name,
      uid: metadata.uid ?? '',
      ordinal: Number(index),
      ready: ready === true && !terminating,
      terminating,
      templateHash: metadata.annotations?.[templateHashAnnotation] ?? '',
      configHash: metadata.annotations?.[configHashAnnotation] ?? '',
      waiting: why === '' ? null : why,
    },
  ];
}

function observedClaim({ metadata, spec }: PersistentVolumeClaim): ObservedClaim {
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    size: spec.resources?.requests?.['storage'] ?? null,
  };
}
