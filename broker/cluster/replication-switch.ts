/**
 * Whether partitions may have more than one replica. Off, no replica is ever reported that does not
 * hold the data: a replication factor above 1 is refused, and internal topics are made with 1.
 */
export const isReplicationOn: boolean = false;
