/** What the controller says of a partition (LeaderAndIsr). */

export interface PartitionState {
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly replicas: readonly number[];
  /** The version of the partition's state znode. */
  readonly partitionEpoch: number;
}
