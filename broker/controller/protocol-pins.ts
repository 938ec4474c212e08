/**
 * What inter.broker.protocol.version pins: the versions of requests that are sent without asking the
 * other side first, and forms of znodes. Every broker of a cluster has to have the same.
 */

import type { ControllerVersions } from './broker-channels.ts';

export interface ProtocolPins {
  readonly controllerVersions: ControllerVersions;
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
  const since = (wanted: readonly [number, number]): boolean =>
    major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
  return {
    controllerVersions: controllerVersions(since),
    topicIds: since([2, 8]),
    recoveryState: since([3, 2]),
    registrationVersion: since([2, 7]) ? 5 : 4,
  };
}

function controllerVersions(
  since: (version: readonly [number, number]) => boolean,
): ControllerVersions {
  // 3.4 added what a migration to KRaft needs, 3.2 the recovery state, 2.8 topic ids.
  if (since([3, 4])) return { leaderAndIsr: 7, updateMetadata: 8, stopReplica: 4 };
  if (since([3, 2])) return { leaderAndIsr: 6, updateMetadata: 7, stopReplica: 3 };
  if (since([2, 8])) return { leaderAndIsr: 5, updateMetadata: 7, stopReplica: 3 };
  return { leaderAndIsr: 4, updateMetadata: 6, stopReplica: 3 };
}
