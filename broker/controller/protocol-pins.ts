/**
 * What inter.broker.protocol.version pins: the versions of requests that are sent without asking the
 * other side first, and forms of znodes. Every broker of a cluster has to have the same.
 */

import type { ControllerVersions } from './broker-channels.ts';

/** The newest versions of what a follower sends to a leader. */
export interface ReplicationVersions {
  readonly fetch: number;
  readonly offsetForLeaderEpoch: number;
  readonly listOffsets: number;
}

export interface ProtocolPins {
  readonly controllerVersions: ControllerVersions;
  readonly replicationVersions: ReplicationVersions;
  /** Leaders ask the controller for another ISR: from 2.7 on; before, they write it themselves. */
  readonly alterPartition: boolean;
  /** Topics have ids: from 2.8 on. */
  readonly topicIds: boolean;
  /** A leader recovers after an unclean election: from 3.2 on. */
  readonly recoveryState: boolean;
  /** 5, with features, from 2.7 on. */
  readonly registrationVersion: 4 | 5;
}

/** `version` is such as `2.8`, `3.9-IV0`. */
export function protocolPins(version: string): ProtocolPins {
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  const since: Since = (wanted) => major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
  return {
    controllerVersions: controllerVersions(since),
    replicationVersions: replicationVersions(since),
    alterPartition: since([2, 7]),
    topicIds: since([2, 8]),
    recoveryState: since([3, 2]),
    registrationVersion: since([2, 7]) ? 5 : 4,
  };
}

type Since = (version: readonly [number, number]) => boolean;

function replicationVersions(since: Since): ReplicationVersions {
  return {
    // 3.5 added the follower's broker epoch, 3.1 topic ids, 2.7 the truncation by a fetch's answer.
    fetch: since([3, 5]) ? 15 : since([3, 1]) ? 13 : since([2, 7]) ? 12 : 11,
    offsetForLeaderEpoch: since([2, 8]) ? 4 : 3,
    listOffsets: since([3, 0]) ? 7 : since([2, 8]) ? 6 : 5,
  };
}

function controllerVersions(since: Since): ControllerVersions {
  // 3.4 added what a migration to KRaft needs, 3.2 the recovery state, 2.8 topic ids.
  if (since([3, 4])) return { leaderAndIsr: 7, updateMetadata: 8, stopReplica: 4 };
  if (since([3, 2])) return { leaderAndIsr: 6, updateMetadata: 7, stopReplica: 3 };
  if (since([2, 8])) return { leaderAndIsr: 5, updateMetadata: 7, stopReplica: 3 };
  return { leaderAndIsr: 4, updateMetadata: 6, stopReplica: 3 };
}
