/**
 * What a spec asks for that is not done, because it would lose data or cannot be changed any more.
 * The rest of the spec goes on, with the old value in place of the refused one.
 */

import type { KafkaClusterSpec, StorageSpec } from '../api/kafka-cluster.ts';
import type { Problem } from '../api/problem.ts';
import type { ObservedComponent } from './observed.ts';

export interface HeldBack {
  readonly spec: KafkaClusterSpec;
  readonly problems: readonly Problem[];
}

interface Observed {
  readonly brokers: ObservedComponent;
  readonly zookeeper: ObservedComponent;
}

export function heldBack(spec: KafkaClusterSpec, observed: Observed): HeldBack {
  const brokersNow = observed.brokers.set?.replicas ?? 0;
  const serversNow = observed.zookeeper.set?.replicas;
  const { broker, zookeeper } = spec;
  const problems: Problem[] = [];
  if (broker.replicas < brokersNow) {
    problems.push({
      field: 'spec.broker.replicas',
      value: broker.replicas,
      allowed: `at least ${String(brokersNow)}, brokers that hold data cannot be removed yet`,
    });
  }
  const serversKept =
    serversNow !== undefined && zookeeper.replicas !== undefined ? serversNow : zookeeper.replicas;
  if (serversKept !== zookeeper.replicas) {
    problems.push({
      field: 'spec.zookeeper.replicas',
      value: zookeeper.replicas,
      allowed: `${String(serversKept)}, the ensemble cannot be changed yet`,
    });
  }
  return {
    problems,
    spec: {
      ...spec,
      broker: { ...broker, replicas: Math.max(broker.replicas, brokersNow) },
      zookeeper: { ...zookeeper, ...(serversKept === undefined ? {} : { replicas: serversKept }) },
    },
  };
}

/**
 * A claim template never changes, the claims themselves do: the template keeps the size that it was
 * made with, and each claim is grown for itself.
 */
export function withTemplateSizes(spec: KafkaClusterSpec, observed: Observed): KafkaClusterSpec {
  const { broker, zookeeper } = spec;
  const servers = zookeeper.storage;
  return {
    ...spec,
    broker: { ...broker, storage: sized(broker.storage, observed.brokers) },
    zookeeper: {
      ...zookeeper,
      ...(servers === undefined ? {} : { storage: sized(servers, observed.zookeeper) }),
    },
  };
}

function sized(storage: StorageSpec, { set }: ObservedComponent): StorageSpec {
  return { ...storage, size: set?.claimSize ?? storage.size };
}
