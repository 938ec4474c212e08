/** A partition of a topic, and the key that stands for it in maps. */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Partitions that a topic may have. Its assignment is one znode, of which ZooKeeper takes 1 MB: this
 * many partitions fit into a fraction of it, and a broker that has all of them still starts.
 */
export const PARTITIONS_PER_TOPIC_MAX = 10_000;

/** `topic-partition`, which is also the name of its folder. Unique: the last dash splits it. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${String(partition)}`;
}
