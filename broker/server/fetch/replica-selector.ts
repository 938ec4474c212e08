/**
 * Which replica a consumer may better read from than from the leader (KIP-392): a live one in the
 * consumer's rack, in sync and with the offset that is asked for. Off unless `replica.selector.class`
 * names the selector by racks.
 */

import type { Partition } from '../../replication/partition.ts';
import type { MetadataCache } from '../metadata-cache.ts';

/** Kafka's name of it. */
const RACK_AWARE = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';

export interface ReplicaSelectorPorts {
  readonly brokerId: number;
  readonly metadata: Pick<MetadataCache, 'endpoint' | 'image'>;
}

export interface ReadingConsumer {
  /** Not empty. */
  readonly rack: string;
  readonly listenerName: string;
  readonly offset: number;
}

export interface ReplicaSelector {
  /** Null: the leader, which asks. */
  select(partition: Pick<Partition, 'followersWith'>, consumer: ReadingConsumer): number | null;
}

/** Consumers may read from followers. */
export function isRackAware(className: string | null): boolean {
  return className === RACK_AWARE;
}

/** Null: consumers read from leaders. */
export function replicaSelectorFor(
  className: string | null,
  ports: ReplicaSelectorPorts,
): ReplicaSelector | null {
  return isRackAware(className) ? new RackAwareSelector(ports) : null;
}

class RackAwareSelector implements ReplicaSelector {
  readonly #ports: ReplicaSelectorPorts;

  constructor(ports: ReplicaSelectorPorts) {
    this.#ports = ports;
  }

  select(
    partition: Pick<Partition, 'followersWith'>,
    { rack, listenerName, offset }: ReadingConsumer,
  ): number | null {
    const { brokerId, metadata } = this.#ports;
    const { brokers } = metadata.image;
    if (brokers.get(brokerId)?.rack === rack) return null;
    for (const id of partition.followersWith(offset)) {
      if (brokers.get(id)?.rack !== rack) continue;
      if (metadata.endpoint(id, listenerName) !== undefined) return id;
    }
    return null;
  }
}
