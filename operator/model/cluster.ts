/** Everything that a KafkaCluster is made of, as objects to apply. */

import type { KafkaClusterSpec } from '../api/kafka-cluster.ts';
import { brokerObjects } from './brokers.ts';
import type { ClusterIdentity } from './cluster-identity.ts';
import type { DesiredComponent } from './pod-parts.ts';
import type { Images } from './images.ts';
import { zookeeperConnect, zookeeperObjects } from './zookeeper.ts';

export interface DesiredCluster {
  /** Null where ZooKeeper is somebody else's. */
  readonly zookeeper: DesiredComponent | null;
  readonly brokers: DesiredComponent;
}

/** `spec` has passed schema and rules. */
export function desiredCluster(
  cluster: ClusterIdentity,
  spec: KafkaClusterSpec,
  images: Images,
): DesiredCluster {
  const { replicas, storage, external } = spec.zookeeper;
  const own = replicas === undefined || storage === undefined ? null : { replicas, storage };
  const image = spec.broker.image ?? '';
  return {
    zookeeper: own === null ? null : zookeeperObjects(cluster, { ...own, image: images.zookeeper }),
    brokers: brokerObjects(cluster, {
      spec,
      image: image === '' ? images.broker : image,
      zookeeperConnect:
        own === null ? (external?.connect ?? '') : zookeeperConnect(cluster, own.replicas),
    }),
  };
}
