/**
 * The instance files: what one broker is told about itself while it runs. All entries of a cluster
 * are in one ConfigMap, a file per id; a pod mounts the folder (a file mounted alone would never be
 * updated) and reads the entry of its own id.
 */

import type { KafkaClusterSpec } from '../api/kafka-cluster.ts';
import type { KubeObject } from '../api/object.ts';
import { kafkaListenerName, replicationListener } from './broker-properties.ts';
import type { ClusterIdentity } from './cluster-identity.ts';
import { podHost, setName } from './cluster-identity.ts';
import { ownedMetadata } from './metadata.ts';

export const instancesFolder = '/etc/odradek/instances';

export interface AdvertisedListener {
  /** As Kafka knows it, in capitals. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export function brokerIds({ broker }: KafkaClusterSpec): readonly number[] {
  return Array.from({ length: broker.replicas }, (_, index) => broker.firstId + index);
}

/** Where others reach broker `id`, by listener; the operator's own listener first. */
export function advertisedListeners(
  cluster: ClusterIdentity,
  spec: KafkaClusterSpec,
  id: number,
): readonly AdvertisedListener[] {
  const host = podHost(cluster, 'broker', id);
  return [replicationListener, ...spec.listeners].map(({ name, port }) => ({
    name: kafkaListenerName(name),
    host,
    port,
  }));
}

export function instancesName(cluster: ClusterIdentity): string {
  return `${setName(cluster, 'broker')}-instances`;
}

export function instancesConfigMap(
  cluster: ClusterIdentity,
  spec: KafkaClusterSpec,
): KubeObject & {
  readonly data: Readonly<Record<string, string>>;
} {
  const { generation } = cluster;
  const entries = brokerIds(spec).map((id): [string, string] => [
    `${String(id)}.json`,
    `${JSON.stringify({ generation, listeners: advertisedListeners(cluster, spec, id) }, null, 2)}\n`,
  ]);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(cluster, 'broker', instancesName(cluster)),
    data: Object.fromEntries(entries),
  };
}
