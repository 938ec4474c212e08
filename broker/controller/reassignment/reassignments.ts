/**
 * Moves replicas of partitions to other brokers (KIP-455). A reassignment stands in /brokers/topics/T
 * from its beginning to its end: the new replicas join those that are there, and once all of the
 * target is in sync, one of it leads, the others are taken away, and the assignment is written.
 *
 * Invariants: no replica of before is taken away while one of the target is not in sync; what is under
 * way is found in ZooKeeper by the next controller, which goes on with it; one that is given up ends
 * with the replicas that were there before it. Owned by the controller, in whose queue everything
 * here runs.
 */

import { ErrorCodes } from '../../model/error-codes.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import { partitionKey } from '../../model/topic-partition.ts';
import type { NodeData } from '../../zookeeper/port.ts';
import { encodeTopicAssignment } from '../../zookeeper/znodes/topic-assignment.ts';
import { NO_LEADER } from '../partition-machine.ts';
import type { Term } from '../term.ts';
import { ASSIGNMENT_SIZE_MAX } from '../topic-admin.ts';
import type { Move } from './moves.ts';
import { announceMoves, makeMoves } from './moves.ts';
import { narrowedState } from './narrowed-state.ts';
import type { Placement } from './placement.ts';
import {
  isMoving,
  isSamePlacement,
  settledOn,
  targetOf,
  without,
  withPlacements,
} from './placement.ts';
import { ReassignmentNode } from './reassignment-node.ts';
import type { Refusal, RequestedPlacement } from './refusals.ts';
import { isRefusal, planOf } from './refusals.ts';

export interface ReassignmentOutcome extends TopicPartition, Refusal {}

export interface OngoingReassignment extends TopicPartition, Placement {}

export interface ReassignmentOptions {
  /** The target may have more or fewer replicas than there were. */
  readonly mayResize: boolean;
}

interface Planned {
  readonly item: TopicPartition;
  readonly refusal: Refusal | null;
  /** Null: refused, or it is so already. */
  readonly move: Move | null;
}

const DONE: Refusal = { errorCode: ErrorCodes.NONE, message: null };

export class Reassignments {
  readonly #term: Term;
  readonly #node: ReassignmentNode;
  /** Those under way that brokers have been told of in this term. */
  readonly #announced = new Set<string>();

  constructor(term: Term) {
    this.#term = term;
    this.#node = new ReassignmentNode(term);
  }

  /** Begins them, or gives up what is under way. One outcome for each, in order. */
  async request(
    requests: readonly RequestedPlacement[],
    options: ReassignmentOptions,
  ): Promise<readonly ReassignmentOutcome[]> {
    const plans = this.#plan(requests, options);
    // Before anything else: what a node still names would be begun again by the next controller.
    await this.#node.trim(plans.flatMap(({ move }) => move?.item ?? []));
    return this.#carryOut(plans);
  }

  /** /admin/reassign_partitions was made, written or removed. */
  async takeNode(node: NodeData | null): Promise<void> {
    const { logger } = this.#term;
    const named = this.#node.read(node);
    const outcomes = await this.#carryOut(this.#plan(named, { mayResize: true }));
    for (const { topic, partition, errorCode, message } of outcomes) {
      if (errorCode === ErrorCodes.NONE) continue;
      logger.error({ topic, partition, errorCode, message }, 'a reassignment is not possible');
    }
  }

  /** Null: all that are under way. */
  list(partitions: readonly TopicPartition[] | null): readonly OngoingReassignment[] {
    const { context } = this.#term;
    const items = partitions?.filter((it) => context.isReassigned(it)) ?? context.reassigned;
    return items
      .filter(({ topic }) => !context.deleting.has(topic))
      .map(({ topic, partition }) => {
        return { topic, partition, ...context.placement({ topic, partition }) };
      });
  }

  /** Whether advance() would do something. */
  get isDue(): boolean {
    const items = this.#underWay();
    if (items.some((item) => this.#isComplete(item) || !this.#isAnnounced(item))) return true;
    return this.#node.isOutdated;
  }

  /** Ends what can be ended, and takes up what an earlier controller left. */
  async advance(): Promise<void> {
    const { context, logger } = this.#term;
    const complete = this.#underWay().filter((item) => this.#isComplete(item));
    const ended = await this.#make(
      complete.map((item) => {
        const before = context.placement(item);
        const target = targetOf(before);
        return { item, before, next: settledOn(target), inSync: target };
      }),
    );
    for (const { item, next } of ended) {
      logger.info({ ...item, replicas: next.replicas }, 'a reassignment is complete');
    }
    const taken = this.#underWay().filter((item) => !this.#isAnnounced(item));
    await this.#announce(taken, new Map());
    if (this.#node.isOutdated) await this.#node.trim();
  }

  #plan(requests: readonly RequestedPlacement[], options: ReassignmentOptions): readonly Planned[] {
    const { context } = this.#term;
    const plans = requests.map((request) => planOf(this.#term, request, options));
    const tooLarge = this.#tooLarge(requests, plans);
    return plans.flatMap((next, index): Planned[] => {
      const request = requests[index];
      if (request === undefined) return [];
      const { topic, partition } = request;
      const item: TopicPartition = { topic, partition };
      if (isRefusal(next)) return [{ item, refusal: next, move: null }];
      if (tooLarge.has(topic)) return [{ item, refusal: TOO_LARGE, move: null }];
      const before = context.placement(item);
      if (isSamePlacement(before, next)) return [{ item, refusal: null, move: null }];
      return [{ item, refusal: null, move: { item, before, next, inSync: [] } }];
    });
  }

  async #carryOut(plans: readonly Planned[]): Promise<readonly ReassignmentOutcome[]> {
    const made = new Set(await this.#make(plans.flatMap(({ move }) => move ?? [])));
    await this.advance();
    return plans.map(({ item, refusal, move }) => {
      const isMade = move === null || made.has(move);
      return { ...item, ...(refusal ?? (isMade ? DONE : OVERTAKEN)) };
    });
  }

  async #make(moves: readonly Move[]): Promise<readonly Move[]> {
    if (moves.length === 0) return [];
    const made = await makeMoves(this.#term, moves);
    for (const { item } of made) this.#announced.delete(partitionKey(item.topic, item.partition));
    const begun = made.filter(({ next }) => isMoving(next));
    const added = new Map<number, TopicPartition[]>();
    for (const { item, before, next } of begun) {
      for (const id of without(next.adding, before.replicas)) {
        added.set(id, [...(added.get(id) ?? []), item]);
      }
      this.#term.logger.info({ ...item, ...next }, 'a reassignment begins');
    }
    await this.#announce(
      begun.map(({ item }) => item),
      added,
    );
    return made;
  }

  async #announce(
    items: readonly TopicPartition[],
    added: ReadonlyMap<number, readonly TopicPartition[]>,
  ): Promise<void> {
    if (items.length === 0) return;
    for (const { topic, partition } of items) this.#announced.add(partitionKey(topic, partition));
    await announceMoves(this.#term, items, added);
  }

  #isAnnounced({ topic, partition }: TopicPartition): boolean {
    return this.#announced.has(partitionKey(topic, partition));
  }

  #underWay(): readonly TopicPartition[] {
    const { context } = this.#term;
    return context.reassigned.filter(({ topic }) => !context.deleting.has(topic));
  }

  #isComplete(item: TopicPartition): boolean {
    const { context } = this.#term;
    const state = context.state(item);
    if (state === undefined || state.leader === NO_LEADER) return false;
    const kept = targetOf(context.placement(item));
    if (!kept.every((id) => state.isr.includes(id))) return false;
    return narrowedState(context, { item, state, kept }) !== null;
  }

  /** Topics whose znode would be larger than ZooKeeper takes: it would end the session. */
  #tooLarge(
    requests: readonly TopicPartition[],
    plans: readonly (Placement | Refusal)[],
  ): ReadonlySet<string> {
    const topics = new Map<string, Map<number, Placement>>();
    requests.forEach(({ topic, partition }, index) => {
      const plan = plans[index];
      if (plan === undefined || isRefusal(plan)) return;
      topics.set(topic, (topics.get(topic) ?? new Map<number, Placement>()).set(partition, plan));
    });
    const tooLarge = [...topics].filter(([topic, placements]) => {
      const known = this.#term.context.topics.get(topic);
      if (known === undefined) return false;
      const data = encodeTopicAssignment(withPlacements(known, placements));
      return data.length > ASSIGNMENT_SIZE_MAX;
    });
    return new Set(tooLarge.map(([topic]) => topic));
  }
}

const TOO_LARGE: Refusal = {
  errorCode: ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
  message: `The assignment of the topic would take more than ${String(ASSIGNMENT_SIZE_MAX)} bytes.`,
};

/** A leader has written another ISR at the same time. */
const OVERTAKEN: Refusal = {
  errorCode: ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
  message: 'Replicas that are in sync have changed meanwhile; ask again.',
};
