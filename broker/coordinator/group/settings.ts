/** The configuration of group coordination, with the names of its keys in camel case. */

export interface GroupSettings {
  /** group.min.session.timeout.ms */
  readonly sessionTimeoutMsMin: number;
  /** group.max.session.timeout.ms */
  readonly sessionTimeoutMsMax: number;
  /** group.initial.rebalance.delay.ms */
  readonly initialRebalanceDelayMs: number;
  /** group.max.size */
  readonly groupSizeMax: number;
  /** offset.metadata.max.bytes */
  readonly offsetMetadataSizeMax: number;
  /** offsets.retention.minutes, in milliseconds */
  readonly offsetsRetentionMs: number;
}
