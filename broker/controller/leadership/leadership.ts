/**
 * Brings partitions into the state that live brokers allow: a leader that is gone is replaced, and
 * who is gone, or in doubt, leaves the ISR. One write for both, with a new leader epoch.
 */

import type { Election, OfflineElectionInput } from '../../cluster/leader-election.ts';
import { electOffline } from '../../cluster/leader-election.ts';
import type { TopicPartition } from '../../model/topic-partition.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ControllerContext, VersionedState } from '../context.ts';
import type { NextState, PartitionMachine } from '../partition-machine.ts';
import { NO_LEADER } from '../partition-machine.ts';
import type { TopicSettings } from './topic-settings.ts';

const RECOVERING = 1;

export interface LeadershipOptions {
  readonly context: ControllerContext;
  readonly partitions: PartitionMachine;
  readonly settings: TopicSettings;
  /** inter.broker.protocol.version is 3.2 or later: leaders recover after an unclean election. */
  readonly recoveryState: boolean;
  readonly logger: Logger;
}

export class Leadership {
  readonly #options: LeadershipOptions;

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  /**
   * Returns the partitions whose state changed. With `uncleanAllowed` any live replica will do, of
   * any topic.
   */
  async settle(
    partitions: readonly TopicPartition[],
    { uncleanAllowed = false } = {},
  ): Promise<TopicPartition[]> {
    const { context, partitions: machine, settings, logger } = this.#options;
    const isDue = this.#decide(() => uncleanAllowed);
    const due = partitions.filter((item) => {
      const state = context.state(item);
      if (state === undefined || context.deleting.has(item.topic)) return false;
      return isDue(item, state) !== null || this.#isStuck(item, state);
    });
    if (due.length === 0) return [];
    await settings.ready(topicsOf(due));
    const unclean = uncleanAllowed ? null : await settings.uncleanTopics(this.#stuckTopics(due));
    const decide = this.#decide((topic) => unclean?.has(topic) ?? true);
    const changed = await machine.change(due, (item, state) => {
      const next = decide(item, state);
      if (next?.isUnclean === true) {
        logger.warn({ ...item, leader: next.leader }, 'unclean election: records may be lost');
      }
      return next;
    });
    for (const item of changed) this.#afterwards(item);
    return changed;
  }

  /**
   * min.insync.replicas may be lower than it was: then the ISR may go on alone, and nobody outside of
   * it has all that was acknowledged. Returns the partitions whose state changed.
   */
  async dropEligible(partitions: readonly TopicPartition[]): Promise<TopicPartition[]> {
    const { context, partitions: machine, settings } = this.#options;
    const due = partitions.filter((item) => {
      const { eligible = [], isr = [] } = context.state(item) ?? {};
      return eligible.length > 0 && isr.length >= settings.minInSync(item.topic);
    });
    return machine.change(due, (_, { leader, isr }) => ({ leader, isr }));
  }

  #decide(
    uncleanAllowed: (topic: string) => boolean,
  ): (item: TopicPartition, state: VersionedState) => NextState | null {
    const { context } = this.#options;
    return (item, state) => {
      const { leader, isr, eligible } = state;
      const isInDoubt = (id: number): boolean => context.isInDoubt(id, item);
      if (!context.isOnline(leader, item) || isInDoubt(leader)) {
        return this.#elected(item, state, uncleanAllowed(item.topic));
      }
      const staying = isr.filter((id) => context.isOnline(id, item) && !isInDoubt(id));
      // A leader epoch is of one life: what was told of it, as its high watermark, never goes back.
      const isOver = context.isReborn(leader, item);
      if (isOver || staying.length < isr.length) return { leader, isr: staying };
      return eligible.some(isInDoubt) ? { leader, isr } : null;
    };
  }

  #elected(item: TopicPartition, state: VersionedState, unclean: boolean): NextState | null {
    const elected = electOffline(this.#input(item, state), unclean);
    if (elected !== null) return { ...elected, ...this.#recovery(elected) };
    // Every member may have what was acknowledged, so all of them stay.
    return state.leader === NO_LEADER ? null : { leader: NO_LEADER, isr: state.isr };
  }

  #input(item: TopicPartition, { isr, eligible }: VersionedState): OfflineElectionInput {
    const { context } = this.#options;
    return {
      replicas: context.replicas(item),
      isr,
      eligible,
      isLive: (id) => context.isElectable(id, item),
      isInDoubt: (id) => context.isInDoubt(id, item),
    };
  }

  #recovery({ isUnclean }: Election): Pick<NextState, 'leaderRecoveryState'> {
    return isUnclean && this.#options.recoveryState ? { leaderRecoveryState: RECOVERING } : {};
  }

  /** Nobody can lead, although replicas live. */
  #isStuck(item: TopicPartition, state: VersionedState): boolean {
    const { context } = this.#options;
    if (context.isOnline(state.leader, item) && !context.isInDoubt(state.leader, item))
      return false;
    const input = this.#input(item, state);
    return electOffline(input, false) === null && input.replicas.some(input.isLive);
  }

  #stuckTopics(partitions: readonly TopicPartition[]): ReadonlySet<string> {
    const { context } = this.#options;
    const stuck = partitions.filter((item) => {
      const state = context.state(item);
      return state !== undefined && this.#isStuck(item, state);
    });
    return topicsOf(stuck);
  }

  /** Who was in doubt has left the ISR, or leads because nobody knows better. */
  #afterwards(item: TopicPartition): void {
    const { context, logger } = this.#options;
    const state = context.state(item);
    const replicas = context.replicas(item);
    if (state === undefined) return;
    if (state.leader !== NO_LEADER) {
      for (const id of replicas) context.settleDoubt(id, item);
      return;
    }
    const { isr, eligible } = state;
    const inDoubt = replicas.filter((id) => context.isInDoubt(id, item));
    if (inDoubt.length === 0) return;
    logger.warn(
      { ...item, isr, eligible, inDoubt },
      'a partition waits for a replica that is complete: those that live were not stopped cleanly',
    );
  }
}

export function topicsOf(partitions: readonly TopicPartition[]): ReadonlySet<string> {
  return new Set(partitions.map(({ topic }) => topic));
}
