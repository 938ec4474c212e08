/**
 * The committed offsets of one group. Only replay changes them; beside them stands which ones have
 * a commit under way, so that expiry and deletion do not overlook what is already in the log.
 */

import type { OffsetCommitValue } from './offset-commit-record.ts';

export interface OffsetEntry {
  readonly topic: string;
  readonly partition: number;
  readonly value: OffsetCommitValue;
}

export interface OffsetPlace {
  readonly topic: string;
  readonly partition: number;
}

export class GroupOffsets {
  readonly #topics = new Map<string, Map<number, OffsetCommitValue>>();
  /** Topic -> partition -> writes under way. */
  readonly #writing = new Map<string, Map<number, number>>();

  #count = 0;

  get count(): number {
    return this.#count;
  }

  get isBeingWritten(): boolean {
    return this.#writing.size > 0;
  }

  get(topic: string, partition: number): OffsetCommitValue | undefined {
    return this.#topics.get(topic)?.get(partition);
  }

  set(topic: string, partition: number, value: OffsetCommitValue): void {
    let partitions = this.#topics.get(topic);
    if (partitions === undefined) {
      partitions = new Map<number, OffsetCommitValue>();
      this.#topics.set(topic, partitions);
    }
    const countBefore = partitions.size;
    partitions.set(partition, value);
    this.#count += partitions.size - countBefore;
  }

  delete(topic: string, partition: number): void {
    const partitions = this.#topics.get(topic);
    if (partitions?.delete(partition) !== true) return;
    this.#count -= 1;
    if (partitions.size === 0) this.#topics.delete(topic);
  }

  *all(): IterableIterator<OffsetEntry> {
    for (const [topic, partitions] of this.#topics) {
      for (const [partition, value] of partitions) yield { topic, partition, value };
    }
  }

  topics(): IterableIterator<[string, ReadonlyMap<number, OffsetCommitValue>]> {
    return this.#topics.entries();
  }

  /** What would be read back if everything under way were committed. */
  *places(): IterableIterator<OffsetPlace> {
    for (const { topic, partition } of this.all()) yield { topic, partition };
    for (const [topic, partitions] of this.#writing) {
      for (const partition of partitions.keys()) {
        if (this.get(topic, partition) === undefined) yield { topic, partition };
      }
    }
  }

  /** The partitions of one topic, those under way included. */
  partitionsOf(topic: string): ReadonlySet<number> {
    const partitions = new Set(this.#topics.get(topic)?.keys());
    for (const partition of this.#writing.get(topic)?.keys() ?? []) partitions.add(partition);
    return partitions;
  }

  isWriting(topic: string, partition: number): boolean {
    return this.#writing.get(topic)?.has(partition) ?? false;
  }

  /** A commit of the partition was appended (1), or has ended (-1). */
  track(topic: string, partition: number, change: 1 | -1): void {
    let partitions = this.#writing.get(topic);
    if (partitions === undefined) {
      partitions = new Map<number, number>();
      this.#writing.set(topic, partitions);
    }
    const count = (partitions.get(partition) ?? 0) + change;
    if (count > 0) partitions.set(partition, count);
    else partitions.delete(partition);
    if (partitions.size === 0) this.#writing.delete(topic);
  }
}
