/**
 * The partitions of a fetch session, in the order in which they are read. Those that gave records go
 * to the end, so that partitions with much data cannot keep the others from being read (KIP-227).
 *
 * A topic is named by its id in sessions of version 13 and later, by its name in older ones.
 */

import type { FetchPartition } from './session-partition.ts';
import { SessionPartition } from './session-partition.ts';

/** As a request names it: the name is empty where the id counts, the id is zero where the name does. */
export interface SessionTopic {
  readonly topic: string;
  readonly topicId: string;
}

export class SessionPartitions implements Iterable<SessionPartition> {
  readonly #usesTopicIds: boolean;
  readonly #byTopic = new Map<string, Map<number, SessionPartition>>();
  readonly #order = new Set<SessionPartition>();

  constructor({ usesTopicIds }: { readonly usesTopicIds: boolean }) {
    this.#usesTopicIds = usesTopicIds;
  }

  get size(): number {
    return this.#order.size;
  }

  [Symbol.iterator](): IterableIterator<SessionPartition> {
    return this.#order.values();
  }

  /** Adds the partition at the end, or changes what is asked of it, in its place. */
  put(names: SessionTopic, asked: FetchPartition): SessionPartition {
    const key = this.#keyOf(names);
    let topic = this.#byTopic.get(key);
    if (topic === undefined) {
      topic = new Map();
      this.#byTopic.set(key, topic);
    }
    const known = topic.get(asked.partition);
    if (known !== undefined) {
      known.ask(asked);
      return known;
    }
    const { topicId } = names;
    const topicName = this.#usesTopicIds ? null : names.topic;
    const added = new SessionPartition({ topic: topicName, topicId }, asked);
    topic.set(asked.partition, added);
    this.#order.add(added);
    return added;
  }

  /** Partitions that are not there are none the less gone. */
  remove(names: SessionTopic, index: number): void {
    const key = this.#keyOf(names);
    const topic = this.#byTopic.get(key);
    const known = topic?.get(index);
    if (topic === undefined || known === undefined) return;
    topic.delete(index);
    if (topic.size === 0) this.#byTopic.delete(key);
    this.#order.delete(known);
  }

  moveToEnd(partition: SessionPartition): void {
    if (this.#order.delete(partition)) this.#order.add(partition);
  }

  #keyOf(names: SessionTopic): string {
    return this.#usesTopicIds ? names.topicId : names.topic;
  }
}
