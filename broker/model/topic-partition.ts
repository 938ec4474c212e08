/** A partition of a topic, and the key that stands for it in maps. */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** `topic-partition`, which is also the name of its folder. Unique: the last dash splits it. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${String(partition)}`;
}
