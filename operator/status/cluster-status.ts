/** The status of a KafkaCluster, from what was seen and decided. */

import type { KafkaClusterSpec, KafkaClusterStatus } from '../api/kafka-cluster.ts';
import type { ObservedPod } from '../decide/observed.ts';
import type { ClusterDescription } from '../kafka-admin/port.ts';
import type { ClusterIdentity } from '../model/cluster-identity.ts';
import { bootstrapName, selectorLabels, serviceHost } from '../model/cluster-identity.ts';
import { advertisedListeners, brokerIds } from '../model/instances.ts';

interface ClusterStatusInput {
  readonly cluster: ClusterIdentity;
  readonly spec: KafkaClusterSpec;
  readonly pods: readonly ObservedPod[];
  /** Null: no broker answered. */
  readonly description: ClusterDescription | null;
  /** What an earlier status said. */
  readonly before: KafkaClusterStatus;
  /** All brokers that the spec asks for are ready and registered. */
  readonly isReady: boolean;
}

/** Everything but conditions and observedGeneration. */
export function clusterStatus(input: ClusterStatusInput): KafkaClusterStatus {
  const { cluster, spec, pods, description, before } = input;
  const clusterId = description?.clusterId ?? before.clusterId;
  const formed = input.isReady ? spec.broker.replicas : before.formedReplicas;
  const selector = Object.entries(selectorLabels(cluster, 'broker'));
  return {
    ...(clusterId === undefined ? {} : { clusterId }),
    replicas: pods.length,
    readyReplicas: pods.filter((pod) => pod.ready).length,
    ...(formed === undefined ? {} : { formedReplicas: formed }),
    selector: selector.map(([key, value]) => `${key}=${value}`).join(','),
    brokers: brokerIds(spec).flatMap((id) => {
      const pod = pods.find((each) => each.ordinal === id);
      if (pod === undefined) return [];
      return [
        {
          id,
          pod: pod.name,
          ready: pod.ready,
          controller: description?.controllerId === id,
          addresses: userAddresses(cluster, spec, id),
        },
      ];
    }),
    listeners: spec.listeners.map(({ name, port }) => ({
      name,
      bootstrapServers: `${serviceHost(cluster, bootstrapName(cluster))}:${String(port)}`,
    })),
  };
}

function userAddresses(
  cluster: ClusterIdentity,
  spec: KafkaClusterSpec,
  id: number,
): Readonly<Record<string, string>> {
  const advertised = advertisedListeners(cluster, spec, id);
  return Object.fromEntries(
    spec.listeners.map(({ name }) => {
      const listener = advertised.find((each) => each.name === name.toUpperCase());
      return [name, listener === undefined ? '' : `${listener.host}:${String(listener.port)}`];
    }),
  );
}
