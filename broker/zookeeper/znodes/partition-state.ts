/**
 * /brokers/topics/T/partitions/P/state, written by the controller: leader, ISR and their epochs. The
 * znode's data version is the partition epoch, and every write expects the version it replaces.
 */

import { encodeZnode, parseZnode } from './json.ts';

export interface PartitionState {
  /** -1: no replica leads. */
  readonly leader: number;
  readonly leaderEpoch: number;
  /** Never empty: without a live replica the last member stays. */
  readonly isr: readonly number[];
  readonly controllerEpoch: number;
  /** 1 while the leader recovers from an unclean election (Kafka 3.2 and later), else 0. */
  readonly leaderRecoveryState: number;
  /**
   * Replicas that left the ISR when it fell below min.insync.replicas: see leader-election.ts. A key
   * of our own; Apache Kafka does not read it, and leaves it out when it writes the state.
   */
  readonly eligible: readonly number[];
}

export function encodePartitionState(state: PartitionState): Buffer {
  return encodeZnode({
    controller_epoch: state.controllerEpoch,
    leader: state.leader,
    version: 1,
    leader_epoch: state.leaderEpoch,
    isr: state.isr,
    ...(state.leaderRecoveryState === 0
      ? {}
      : { leader_recovery_state: state.leaderRecoveryState }),
    ...(state.eligible.length === 0 ? {} : { odradek_eligible: state.eligible }),
  });
}

export function decodePartitionState(data: Buffer | null, path: string): PartitionState {
  const root = parseZnode(data, path);
  return {
    leader: root.integer('leader'),
    leaderEpoch: root.integer('leader_epoch'),
    isr: root.integers('isr'),
    controllerEpoch: root.integer('controller_epoch'),
    leaderRecoveryState: root.integer('leader_recovery_state', 0),
    eligible: root.lacks('odradek_eligible') ? [] : root.integers('odradek_eligible'),
  };
}
