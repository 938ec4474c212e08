/**
 * The phases of a partition in the controller, and which may follow which. `new` has replicas and no
 * state in ZooKeeper; `online` has a leader; `offline` has had one; `absent` is not, or not any more.
 */

import assert from 'node:assert/strict';

export type PartitionPhase = 'absent' | 'new' | 'online' | 'offline';

const predecessors: Readonly<Record<PartitionPhase, readonly PartitionPhase[]>> = {
  absent: ['offline'],
  new: ['absent'],
  online: ['new', 'online', 'offline'],
  offline: ['new', 'online', 'offline'],
};

export function canFollow(from: PartitionPhase, to: PartitionPhase): boolean {
  return predecessors[to].includes(from);
}

/** A phase that may not follow is a defect of the controller. */
export function assertCanFollow(from: PartitionPhase, to: PartitionPhase, partition: string): void {
  assert(canFollow(from, to), `partition ${partition} cannot go from ${from} to ${to}`);
}

export interface PhaseInput {
  readonly isLive: (brokerId: number) => boolean;
  /** Of the partition's state in ZooKeeper; null if it has none. */
  readonly leader: number | null;
}

/** The phase of a partition as a new controller finds it. */
export function phaseFound({ isLive, leader }: PhaseInput): PartitionPhase {
  if (leader === null) return 'new';
  return isLive(leader) ? 'online' : 'offline';
}
