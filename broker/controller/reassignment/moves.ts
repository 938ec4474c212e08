/**
 * Writes other placements of replicas, and tells the brokers, in the order of Apache Kafka: where
 * replicas go for good, the partition's state comes first, then what brokers are told, and the
 * assignment last. So a crash in between leaves a reassignment that the next controller takes up.
 */

import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import { topicsOf } from '../leadership/leadership.ts';
import type { Term } from '../term.ts';
import { writePlacements } from './assignment-node.ts';
import { narrowedState } from './narrowed-state.ts';
import type { Placement } from './placement.ts';
import { isMoving, without } from './placement.ts';

export interface Move {
  readonly item: TopicPartition;
  readonly before: Placement;
  readonly next: Placement;
  /** Goes on only while all of these are in sync. */
  readonly inSync: readonly number[];
}

/** Returns the moves that were made; the others have become impossible meanwhile, and change nothing. */
export async function makeMoves(term: Term, moves: readonly Move[]): Promise<readonly Move[]> {
  const { context, session, settings } = term;
  await settings.ready(topicsOf(moves.map(({ item }) => item)));
  place(
    term,
    moves.map(({ item, next }) => ({ item, placement: next })),
  );
  const failed = await narrow(term, moves.filter(isNarrowing));
  place(
    term,
    failed.map(({ item, before }) => ({ item, placement: before })),
  );
  const made = moves.filter((move) => !failed.includes(move));
  removeReplicas(term, made);
  const topics = topicsOf(made.map(({ item }) => item));
  const placed = (topic: string): ReadonlyMap<number, Placement> =>
    new Map(
      made
        .filter(({ item }) => item.topic === topic)
        .map(({ item, next }) => [item.partition, next]),
    );
  await Promise.all([...topics].map((topic) => writePlacements(session, topic, placed(topic))));
  for (const { item, before, next } of made) {
    for (const id of without(before.replicas, next.replicas)) context.settleDoubt(id, item);
  }
  return made;
}

/** A new leader epoch, so that everybody takes notice of where the replicas are now. */
export async function announceMoves(
  { context, partitions, settings, announcer }: Term,
  items: readonly TopicPartition[],
  added: ReadonlyMap<number, readonly TopicPartition[]>,
): Promise<void> {
  await settings.ready(topicsOf(items));
  const known = items.filter((item) => context.state(item) !== undefined);
  const created = await partitions.create(items);
  await partitions.change(known, (_, { leader, isr }) => ({ leader, isr }));
  announcer.announce([...known, ...created], { created, added });
}

/** Whoever goes, or everybody knows after it where the replicas are for good. */
function isNarrowing({ before, next }: Move): boolean {
  return !isMoving(next) || without(before.replicas, next.replicas).length > 0;
}

/** Returns those that are not possible any more. */
async function narrow(
  { context, partitions, announcer }: Term,
  moves: readonly Move[],
): Promise<readonly Move[]> {
  const byKey = new Map(moves.map((move) => [keyOf(move.item), move]));
  const led = moves.map(({ item }) => item).filter((item) => context.state(item) !== undefined);
  const changed = await partitions.change(led, (item, state) => {
    const move = byKey.get(keyOf(item));
    if (move?.inSync.every((id) => state.isr.includes(id)) !== true) return null;
    return narrowedState(context, { item, state, kept: move.next.replicas });
  });
  if (changed.length > 0) announcer.announce(changed);
  const done = new Set(changed.map(keyOf));
  return led.flatMap((item) => {
    const move = byKey.get(keyOf(item));
    return move === undefined || done.has(keyOf(item)) ? [] : [move];
  });
}

function removeReplicas({ announcer }: Term, moves: readonly Move[]): void {
  const removed = new Map<number, TopicPartition[]>();
  for (const { item, before, next } of moves) {
    for (const id of without(before.replicas, next.replicas)) {
      const items = removed.get(id);
      if (items === undefined) removed.set(id, [item]);
      else items.push(item);
    }
  }
  for (const [id, items] of removed) announcer.removeReplicas(id, items);
}

function place(
  { context }: Term,
  placed: readonly { readonly item: TopicPartition; readonly placement: Placement }[],
): void {
  const topics = new Map<string, Map<number, Placement>>();
  for (const { item, placement } of placed) {
    const placements = topics.get(item.topic) ?? new Map<number, Placement>();
    topics.set(item.topic, placements.set(item.partition, placement));
  }
  for (const [topic, placements] of topics) context.place(topic, placements);
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition);
}
