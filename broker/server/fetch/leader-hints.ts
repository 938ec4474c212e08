/**
 * Where a partition is led, for clients that asked the wrong broker or with an old epoch: they go
 * there at once, without asking for metadata first (KIP-951).
 */

import type { fetch } from '../../protocol/messages/fetch.ts';
import type { ResponseOf } from '../../protocol/schema/api.ts';
import type { ReplicaManager } from '../../replication/replica-manager.ts';
import type { MetadataCache } from '../metadata-cache.ts';

export interface LeaderHintPorts {
  readonly replicas: Pick<ReplicaManager, 'get'>;
  readonly metadata: Pick<MetadataCache, 'endpoint' | 'image'>;
}

type FetchResponse = ResponseOf<typeof fetch>;
export type CurrentLeader =
  FetchResponse['responses'][number]['partitions'][number]['currentLeader'];
type NodeEndpoint = FetchResponse['nodeEndpoints'][number];

export const NO_LEADER: CurrentLeader = { leaderId: -1, leaderEpoch: -1 };

export class LeaderHints {
  readonly #ports: LeaderHintPorts;
  readonly #listenerName: string;
  readonly #endpoints = new Map<number, NodeEndpoint>();

  constructor(ports: LeaderHintPorts, listenerName: string) {
    this.#ports = ports;
    this.#listenerName = listenerName;
  }

  /** Of the leaders that were named, as clients of the listener reach them. */
  get endpoints(): readonly NodeEndpoint[] {
    return [...this.#endpoints.values()];
  }

  /** The replica here and the metadata are told one after the other: what is newer counts. */
  leaderOf(topic: string, partition: number): CurrentLeader {
    const replica = this.#ports.replicas.get(topic, partition)?.state;
    const known = this.#ports.metadata.image.partition(topic, partition);
    const state = (replica?.leaderEpoch ?? -1) > (known?.leaderEpoch ?? -1) ? replica : known;
    if (state == null || state.leader < 0) return NO_LEADER;
    this.#noteEndpoint(state.leader);
    return { leaderId: state.leader, leaderEpoch: state.leaderEpoch };
  }

  #noteEndpoint(nodeId: number): void {
    const { metadata } = this.#ports;
    const endpoint = metadata.endpoint(nodeId, this.#listenerName);
    if (endpoint === undefined) return;
    const { host, port } = endpoint;
    const rack = metadata.image.brokers.get(nodeId)?.rack ?? null;
    this.#endpoints.set(nodeId, { nodeId, host, port, rack });
  }
}
