/**
 * Where the replicas of one partition are, and where they go. While they move, `replicas` are those
 * of the target, in its order, and then those that are taken away in the end (KIP-455).
 */

import type { TopicAssignment } from '../../zookeeper/znodes/topic-assignment.ts';

export interface Placement {
  readonly replicas: readonly number[];
  /** Of `replicas`: those that were none before. */
  readonly adding: readonly number[];
  /** Of `replicas`: those that the target lacks. */
  readonly removing: readonly number[];
}

export function isMoving({ adding, removing }: Placement): boolean {
  return adding.length > 0 || removing.length > 0;
}

/** What a cancellation goes back to; not always in the order from before. */
export function originOf({ replicas, adding }: Placement): readonly number[] {
  return without(replicas, adding);
}

export function targetOf({ replicas, removing }: Placement): readonly number[] {
  return without(replicas, removing);
}

/** Where they are for good. */
export function settledOn(replicas: readonly number[]): Placement {
  return { replicas, adding: [], removing: [] };
}

/** On the way to `target`; one that is under way already is given up for it. */
export function towards(current: Placement, target: readonly number[]): Placement {
  const origin = originOf(current);
  return {
    replicas: [...target, ...without(origin, target)],
    adding: without(target, origin),
    removing: without(origin, target),
  };
}

/** A topic with some of its partitions placed elsewhere. */
export function withPlacements(
  topic: TopicAssignment,
  placements: ReadonlyMap<number, Placement>,
): TopicAssignment {
  const partitions = new Map(topic.partitions);
  const addingReplicas = new Map(topic.addingReplicas);
  const removingReplicas = new Map(topic.removingReplicas);
  for (const [partition, { replicas, adding, removing }] of placements) {
    partitions.set(partition, replicas);
    setUnlessEmpty(addingReplicas, partition, adding);
    setUnlessEmpty(removingReplicas, partition, removing);
  }
  return { topicId: topic.topicId, partitions, addingReplicas, removingReplicas };
}

export function isSamePlacement(left: Placement, right: Placement): boolean {
  return (
    isSameList(left.replicas, right.replicas) &&
    isSameList(left.adding, right.adding) &&
    isSameList(left.removing, right.removing)
  );
}

export function isSameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index]);
}

export function without(ids: readonly number[], others: readonly number[]): readonly number[] {
  return ids.filter((id) => !others.includes(id));
}

function setUnlessEmpty(
  lists: Map<number, readonly number[]>,
  partition: number,
  ids: readonly number[],
): void {
  if (ids.length > 0) lists.set(partition, ids);
  else lists.delete(partition);
}
